//! The paths that a file writes down, resolved to names from the root of its crate.
//!
//! It follows no re-export and knows no layer. `$crate::` is left out: it is what a macro's user
//! will import, not what the file imports.

use proc_macro2::{Span, TokenStream};
use syn::UseTree;
use syn::visit::{self, Visit};

use super::tokens::{self, Found};

/// One path: `segments` is empty for the root itself, and may end with `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) segments: Vec<String>,
    /// What the path is called here: its last name, or what follows `as`.
    pub(crate) name: String,
    pub(crate) line: usize,
    /// False for `x::y`, where `x` is a child, a crate, in the root a module, or imported.
    pub(crate) is_rooted: bool,
    /// Whether a `use` brings the name into the module.
    pub(crate) is_use: bool,
    /// The module in which it stands.
    pub(crate) module: Vec<String>,
}

/// The module that a file holds, as names from the root of its crate.
pub(crate) fn module_of(path: &str) -> Vec<String> {
    let inside = path.split_once("src/").map_or(path, |(_, inside)| inside);
    let names = inside.strip_suffix(".rs").unwrap_or(inside);
    let mut module: Vec<String> = names.split('/').map(str::to_owned).collect();
    if matches!(module.last().map(String::as_str), Some("lib" | "main" | "mod")) {
        module.pop();
    }
    module
}

/// Every path of a file, with the module in which it stands: `super` counts inline modules too.
pub(crate) fn paths(file: &syn::File, module: &[String]) -> Vec<Path> {
    let mut finder = Finder { module: module.to_vec(), found: Vec::new() };
    finder.visit_file(file);
    finder.found
}

struct Finder {
    module: Vec<String>,
    found: Vec<Path>,
}

impl Finder {
    fn note(&mut self, written: Vec<String>, alias: Option<String>, line: usize, is_use: bool) {
        let mut base = self.module.clone();
        let mut is_rooted = false;
        let mut rest = Vec::new();
        let mut name = alias.or(written.last().cloned()).unwrap_or_default();
        for segment in written {
            match segment.as_str() {
                "crate" => {
                    base.clear();
                    is_rooted = true;
                }
                "super" => {
                    base.pop();
                    is_rooted = true;
                }
                // At the head it means this module, at the end of a group what stands before it.
                "self" => is_rooted |= rest.is_empty(),
                _ => rest.push(segment),
            }
        }
        if name == "self" {
            name = rest.last().or(base.last()).cloned().unwrap_or_default();
        }
        let segments = if is_rooted { base.into_iter().chain(rest).collect() } else { rest };
        let module = self.module.clone();
        self.found.push(Path { segments, name, line, is_rooted, is_use, module });
    }

    fn tree(&mut self, tree: &UseTree, prefix: &[String]) {
        let with = |name: String| [prefix, &[name]].concat();
        match tree {
            UseTree::Path(path) => self.tree(&path.tree, &with(path.ident.to_string())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.tree(tree, prefix)),
            UseTree::Name(name) => {
                self.note(with(name.ident.to_string()), None, super::line(name.ident.span()), true);
            }
            UseTree::Rename(rename) => {
                let (ident, alias) = (&rename.ident, rename.rename.to_string());
                self.note(with(ident.to_string()), Some(alias), super::line(ident.span()), true);
            }
            UseTree::Glob(glob) => {
                let span = glob.star_token.spans[0];
                self.note(with("*".to_owned()), None, super::line(span), true);
            }
        }
    }

    fn tokens(&mut self, tokens: &TokenStream) {
        let mut found = Vec::new();
        tokens::scan(tokens.clone(), &mut found);
        for one in found {
            if let Found::Path(segments, line) = one {
                self.note(segments, None, line, false);
            }
        }
    }

    fn path(&mut self, path: &syn::Path, span: Span) {
        let goes_on = path.segments.len() > 1 && path.leading_colon.is_none();
        if goes_on {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.note(segments.collect(), None, super::line(span), false);
        }
    }
}

impl<'ast> Visit<'ast> for Finder {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.module.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A leading `::` names another crate.
        if item.leading_colon.is_none() {
            self.tree(&item.tree, &[]);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let Some(first) = path.segments.first() {
            self.path(path, first.ident.span());
        }
        visit::visit_path(self, path);
    }

    /// `pub(in path)` names a module that holds this one.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(&call.tokens);
    }

    fn visit_meta_list(&mut self, list: &'ast syn::MetaList) {
        self.tokens(&list.tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(source: &str, file: &str) -> Vec<Path> {
        paths(&super::super::parse(source).expect("it is Rust"), &module_of(file))
    }

    fn rooted(source: &str, file: &str) -> Vec<String> {
        let found = all(source, file).into_iter();
        found.filter(|path| path.is_rooted).map(|path| path.segments.join("/")).collect()
    }

    #[test]
    fn files_name_their_modules() {
        let of = |path| module_of(path).join("/");
        assert_eq!(of("cconn/src/lib.rs"), "");
        assert_eq!(of("cconn/src/link.rs"), "link");
        assert_eq!(of("cconn/src/link/dispatch.rs"), "link/dispatch");
        assert_eq!(of("cconn/src/link/mod.rs"), "link");
    }

    #[test]
    fn trees_are_unfolded() {
        let source = "use crate::{a::B, c::{self, D as E, *}}; pub(crate) use crate::f as g;";
        assert_eq!(rooted(source, "src/x.rs"), ["a/B", "c", "c/D", "c/*", "f"]);
    }

    #[test]
    fn names_follow_as_and_self() {
        let found = all("use a::{self, B as C}; use d::E; use self::f as g; use ::h::I;", "x.rs");
        let names: Vec<_> = found.iter().map(|p| (p.segments.join("/"), &*p.name)).collect();
        let names: Vec<_> = names.iter().map(|(path, name)| (&**path, *name)).collect();
        assert_eq!(names, [("a", "a"), ("a/B", "C"), ("d/E", "E"), ("x/f", "g")]);
        assert!(found.iter().all(|path| path.is_use));
    }

    #[test]
    fn super_counts_folders_and_inline_modules() {
        let source = "use super::A; mod i { use super::B; mod j { use super::super::C; } }
            fn f() { super::d::E::new(); self::g(); } use super::super::super::*;";
        let found = rooted(source, "src/x/y/z.rs");
        assert_eq!(found, ["x/y/A", "x/y/z/B", "x/y/z/C", "x/y/d/E/new", "x/y/z/g", "*"]);
    }

    #[test]
    fn paths_in_code_are_seen_with_turbofish_macros_and_attributes() {
        let source = "fn f() -> crate::a::B<crate::c::D> { crate::e::<F>(crate::g!(1)) }
            #[derive(crate::h::I)] #[j(with = super::k::l)] struct S { x: [crate::m::N; crate::o::P] }
            macro_rules! q { ($r:ident) => { crate::s::t!($r) } }";
        let wanted = ["a/B", "c/D", "e", "g", "h/I", "k/l", "m/N", "o/P", "s/t"];
        assert_eq!(rooted(source, "src/x.rs"), wanted);
    }

    #[test]
    fn strings_comments_and_macro_users_do_not_count() {
        let source = "/* crate::a */ fn f<'a>() -> impl T + use<'a> { m!(\"crate::b\", $crate::c) }
            pub(in crate::x) fn g() { other::crate_name(); ::std::x() } // super::d";
        assert_eq!(rooted(source, "src/x.rs"), Vec::<String>::new());
    }
}
