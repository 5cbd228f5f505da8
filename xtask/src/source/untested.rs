//! Leaves out of a file what is for tests alone.

use std::collections::BTreeSet;

use syn::punctuated::Punctuated;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, File, Item, ItemMod, Meta, Stmt};

use super::module_of;

/// The file without its test code: items under `#[cfg(test)]`, functions under `#[test]`.
pub(crate) fn untested(mut file: File) -> File {
    if is_test(&file.attrs) {
        file.items.clear();
    }
    Remover { lines: 0 }.visit_file_mut(&mut file);
    file
}

/// How many lines of the file are inside test code.
pub(crate) fn test_lines(file: &File) -> usize {
    if is_test(&file.attrs) {
        return super::lines(file);
    }
    let mut remover = Remover { lines: 0 };
    remover.visit_file_mut(&mut file.clone());
    remover.lines
}

/// Whether an attribute keeps its item out of every build but the tests'.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let names = super::names(&list.tokens);
            let has = |name: &str| names.iter().any(|found| found == name);
            has("test") && !has("not") && !has("any")
        }
        _ => false,
    })
}

/// The attributes of an item.
pub(crate) fn of_item(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::ExternCrate(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn of_statement(statement: &Stmt) -> &[Attribute] {
    match statement {
        Stmt::Local(it) => &it.attrs,
        Stmt::Item(it) => of_item(it),
        Stmt::Macro(it) => &it.attrs,
        Stmt::Expr(..) => &[],
    }
}

struct Remover {
    /// Lines of what was removed.
    lines: usize,
}

impl Remover {
    fn keeps(&mut self, attributes: &[Attribute], of: &impl syn::spanned::Spanned) -> bool {
        let is_test = is_test(attributes);
        if is_test {
            self.lines += super::lines(of);
        }
        !is_test
    }

    fn remove<T: syn::spanned::Spanned + Clone, P: Default>(
        &mut self,
        list: &mut Punctuated<T, P>,
        attributes: fn(&T) -> &[Attribute],
    ) {
        let all = std::mem::take(list);
        list.extend(all.into_iter().filter(|one| self.keeps(attributes(one), one)));
    }
}

impl VisitMut for Remover {
    fn visit_file_mut(&mut self, file: &mut File) {
        file.items.retain(|item| self.keeps(of_item(item), item));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|item| self.keeps(of_item(item), item));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut syn::ItemImpl) {
        block.items.retain(|item| match item {
            syn::ImplItem::Const(it) => self.keeps(&it.attrs, item),
            syn::ImplItem::Fn(it) => self.keeps(&it.attrs, item),
            syn::ImplItem::Type(it) => self.keeps(&it.attrs, item),
            _ => true,
        });
        visit_mut::visit_item_impl_mut(self, block);
    }

    fn visit_item_trait_mut(&mut self, block: &mut syn::ItemTrait) {
        block.items.retain(|item| match item {
            syn::TraitItem::Fn(it) => self.keeps(&it.attrs, item),
            _ => true,
        });
        visit_mut::visit_item_trait_mut(self, block);
    }

    fn visit_block_mut(&mut self, block: &mut syn::Block) {
        block.stmts.retain(|statement| self.keeps(of_statement(statement), statement));
        visit_mut::visit_block_mut(self, block);
    }

    fn visit_fields_named_mut(&mut self, fields: &mut syn::FieldsNamed) {
        self.remove(&mut fields.named, |field| &field.attrs);
        visit_mut::visit_fields_named_mut(self, fields);
    }

    fn visit_item_enum_mut(&mut self, item: &mut syn::ItemEnum) {
        self.remove(&mut item.variants, |variant| &variant.attrs);
        visit_mut::visit_item_enum_mut(self, item);
    }

    fn visit_expr_struct_mut(&mut self, value: &mut syn::ExprStruct) {
        self.remove(&mut value.fields, |field| &field.attrs);
        visit_mut::visit_expr_struct_mut(self, value);
    }

    fn visit_expr_match_mut(&mut self, value: &mut syn::ExprMatch) {
        value.arms.retain(|arm| self.keeps(&arm.attrs, arm));
        visit_mut::visit_expr_match_mut(self, value);
    }
}

/// Of the given files, those that hold nothing but tests: `#[cfg(test)] mod tests;` says so.
pub(crate) fn test_files<'a>(files: &[(&'a str, &File)]) -> BTreeSet<&'a str> {
    let mut roots = Vec::new();
    for (path, file) in files {
        let modules = file.items.iter().filter_map(|item| match item {
            Item::Mod(module) if is_test(&module.attrs) => Some(module.ident.to_string()),
            _ => None,
        });
        roots.extend(modules.map(|name| (crate_of(path), [module_of(path), vec![name]].concat())));
    }
    let is_test = |path: &str, file: &File| {
        let module = module_of(path);
        is_test(&file.attrs)
            || roots.iter().any(|(at, root)| *at == crate_of(path) && module.starts_with(root))
    };
    files.iter().filter(|(path, file)| is_test(path, file)).map(|(path, _)| *path).collect()
}

/// The folder of a file's crate.
fn crate_of(path: &str) -> &str {
    path.split_once("/src/").map_or(path, |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(source: &str) -> String {
        let file = super::super::parse(source).expect("it is Rust");
        super::super::names(&untested(file)).join(" ")
    }

    #[test]
    fn test_code_is_left_out() {
        for source in [
            "type A = u8; #[cfg(test)] mod tests { fn f() { {} } } type B = u8;",
            "type A = u8; #[cfg(test)] use x::{y, z}; type B = u8;",
            "type A = u8; #[cfg(test)] const C: [u8; 2] = [1, 2]; type B = u8;",
            "type A = u8; #[test] #[should_panic] fn f<A, B>() {} type B = u8;",
            "type A = u8; #[cfg(all(test, unix))] impl A { fn f() {} } type B = u8;",
            "type A = u8; #[cfg(test)] m! { x } type B = u8;",
        ] {
            assert_eq!(left(source), "type A u8 type B u8", "{source}");
        }
        assert_eq!(left("struct S { #[cfg(test)] pub a: u8, b: u8 }"), "struct S b u8");
        assert_eq!(left("enum S { #[cfg(test)] A(u8), B }"), "enum S B");
        assert_eq!(left("impl S { #[cfg(test)] fn a() {} fn b() {} }"), "impl S fn b");
        assert_eq!(left("trait S { #[cfg(test)] fn a() {} fn b(); }"), "trait S fn b");
        let body = "fn f() { #[cfg(test)] use x; #[cfg(test)] let y = 1; #[cfg(test)] m!(); b }";
        assert_eq!(left(body), "fn f b");
        let body = "fn f() { S { #[cfg(test)] a: 1, b }; match c { #[cfg(test)] d => 1, e => 2 } }";
        assert_eq!(left(body), "fn f S b match c e");
        assert_eq!(left("#![cfg(test)] fn f() {}"), "cfg test");
    }

    #[test]
    fn other_conditions_stay() {
        for source in ["#[cfg(not(test))] fn f() {}", "#[cfg(any(test, unix))] fn f() {}"] {
            assert!(left(source).ends_with("fn f"), "{source}");
        }
    }

    #[test]
    fn lines_of_tests_are_counted() {
        let of = |source| test_lines(&super::super::parse(source).expect("it is Rust"));
        assert_eq!(of("fn a() {}\n#[cfg(test)]\nmod tests {\n#[test]\nfn f() {}\n}\nfn b() {}"), 5);
        assert_eq!(of("#![cfg(test)]\nfn b() {}"), 2);
    }

    #[test]
    fn a_file_declared_for_tests_is_a_test_with_all_below_it() {
        let files = [
            ("x/src/a.rs", "#[cfg(test)]\nmod tests;"),
            ("x/src/a/tests.rs", ""),
            ("x/src/a/tests/deep.rs", ""),
            ("x/src/tests.rs", ""),
            ("x/src/whole.rs", "#![cfg(test)]"),
            ("y/src/a/tests.rs", ""),
        ];
        let parsed = files.map(|(path, text)| (path, super::super::parse(text).expect("Rust")));
        let files: Vec<_> = parsed.iter().map(|(path, file)| (*path, file)).collect();
        let found: Vec<_> = test_files(&files).into_iter().collect();
        assert_eq!(found, ["x/src/a/tests.rs", "x/src/a/tests/deep.rs", "x/src/whole.rs"]);
    }
}
