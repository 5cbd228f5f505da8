//! The public items of cconn, with the English words that lead to each.

use std::collections::{BTreeMap, BTreeSet};

use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Expr, Ident, ImplItem, Lit, Meta, TraitItem, UseTree, Visibility};

use super::Repo;
use crate::source;

const FOLDER: &str = "cconn/src";

/// What only generated code uses; its names are nobody's.
const GENERATED: &str = "cconn/src/__prive.rs";

/// Names that are English already, or the same in both languages.
const ENGLISH: &[&str] = &[
    "Alias",
    "F32",
    "F64",
    "I128",
    "I16",
    "I32",
    "I64",
    "I8",
    "Info",
    "Opaque",
    "Ping",
    "Tuple",
    "U128",
    "U16",
    "U32",
    "U64",
    "U8",
    "new",
    "options",
    "port",
    "close",
    "id",
    "clients",
    "hash",
    "signature",
    "DESCRIPTION",
    "Arguments",
    "Collision",
    "Incompatible",
    "Client",
    "Description",
    "descriptions",
    "Message",
    "Phase",
];

/// What an exported macro belongs to: the root, whatever module it stands in.
const MACRO: &str = "!";

/// A public item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Item {
    /// With the type that it belongs to, if any.
    pub(super) name: String,
    pub(super) aliases: Vec<String>,
    pub(super) place: String,
}

/// The public items of cconn that have an alias or should have one, each once.
pub(super) fn items(repo: &Repo) -> Vec<Item> {
    let files = repo.rust_files(&[FOLDER]);
    let mut scan = Scan { exports: exports(repo), ..Scan::default() };
    for file in &files {
        scan.macros(&file.untested().items);
    }
    for file in files.iter().filter(|file| !file.is_test && file.path != GENERATED) {
        scan.path = file.path;
        scan.items(&file.untested().items);
    }
    scan.found.into_values().collect()
}

/// The names that a program can reach from the root: those of `pub use`, and what `pub mod` holds.
fn exports(repo: &Repo) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let files = repo.rust_files(&[FOLDER]);
    let mut modules = vec![Vec::new()];
    while let Some(module) = modules.pop() {
        if let Some(file) = files.iter().find(|file| source::module_of(file.path) == module) {
            exported(&file.untested().items, &module, &mut found, &mut modules);
        }
    }
    found
}

/// The exported names among the items of a module, and the modules that go on with them.
fn exported(
    items: &[syn::Item],
    module: &[String],
    names: &mut BTreeSet<String>,
    modules: &mut Vec<Vec<String>>,
) {
    for item in items {
        match item {
            syn::Item::Use(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                let mut found = BTreeSet::new();
                used(&item.tree, &mut found);
                names.extend(found.iter().map(ToString::to_string));
            }
            syn::Item::Mod(item) if is_public(&item.vis) && !is_hidden(&item.attrs) => {
                let inner = [module, &[item.ident.to_string()]].concat();
                match &item.content {
                    Some((_, items)) => exported(items, &inner, names, modules),
                    None => modules.push(inner),
                }
            }
            _ => {
                if let Some((visibility, name)) = declared(item)
                    && is_public(visibility)
                {
                    names.insert(name.to_string());
                }
            }
        }
    }
}

/// The names that a `use` brings.
fn used(tree: &UseTree, names: &mut BTreeSet<Ident>) {
    match tree {
        UseTree::Path(path) => used(&path.tree, names),
        UseTree::Group(group) => group.items.iter().for_each(|tree| used(tree, names)),
        UseTree::Name(name) => drop(names.insert(name.ident.clone())),
        UseTree::Rename(rename) => drop(names.insert(rename.rename.clone())),
        UseTree::Glob(_) => {}
    }
}

/// The visibility and the name of an item that has both.
fn declared(item: &syn::Item) -> Option<(&Visibility, &Ident)> {
    Some(match item {
        syn::Item::Const(it) => (&it.vis, &it.ident),
        syn::Item::Enum(it) => (&it.vis, &it.ident),
        syn::Item::Fn(it) => (&it.vis, &it.sig.ident),
        syn::Item::Static(it) => (&it.vis, &it.ident),
        syn::Item::Struct(it) => (&it.vis, &it.ident),
        syn::Item::Trait(it) => (&it.vis, &it.ident),
        syn::Item::Type(it) => (&it.vis, &it.ident),
        _ => return None,
    })
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_hidden(attributes: &[Attribute]) -> bool {
    documented(attributes).any(|meta| meta.path().is_ident("hidden"))
}

/// What the `#[doc(...)]` say.
fn documented(attributes: &[Attribute]) -> impl Iterator<Item = Meta> {
    let lists = attributes.iter().filter(|attribute| attribute.path().is_ident("doc"));
    let lists = lists.filter_map(|attribute| attribute.meta.require_list().ok());
    let parser = syn::punctuated::Punctuated::<Meta, syn::Token![,]>::parse_terminated;
    lists.flat_map(move |list| list.parse_args_with(parser).unwrap_or_default())
}

/// The words of `#[doc(alias = "word")]` and `#[doc(alias("word", "word"))]`, in order.
fn aliases(attributes: &[Attribute]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for meta in documented(attributes).filter(|meta| meta.path().is_ident("alias")) {
        match meta {
            Meta::NameValue(pair) => {
                if let Expr::Lit(syn::ExprLit { lit: Lit::Str(word), .. }) = pair.value {
                    found.insert(word.value());
                }
            }
            Meta::List(list) => {
                let parser =
                    syn::punctuated::Punctuated::<syn::LitStr, syn::Token![,]>::parse_terminated;
                let words = list.parse_args_with(parser).unwrap_or_default();
                found.extend(words.iter().map(syn::LitStr::value));
            }
            Meta::Path(_) => {}
        }
    }
    found.into_iter().collect()
}

/// The items of an impl block, as a macro writes them.
struct ImplItems(Vec<ImplItem>);

impl Parse for ImplItems {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut items = Vec::new();
        while !input.is_empty() {
            items.push(input.parse()?);
        }
        Ok(ImplItems(items))
    }
}

#[derive(Default)]
struct Scan<'a> {
    exports: BTreeSet<String>,
    /// What the macros without arguments write, where that is part of an impl block.
    macros: BTreeMap<String, Vec<ImplItem>>,
    path: &'a str,
    found: BTreeMap<String, Item>,
}

impl Scan<'_> {
    /// Learns the macros that hold methods for several types.
    fn macros(&mut self, items: &[syn::Item]) {
        for item in items {
            let syn::Item::Macro(syn::ItemMacro { ident: Some(name), mac, .. }) = item else {
                continue;
            };
            // `() => { ... }` and nothing else.
            let trees: Vec<_> = mac.tokens.clone().into_iter().collect();
            let Some(proc_macro2::TokenTree::Group(body)) = trees.get(3) else { continue };
            if let Ok(ImplItems(items)) = syn::parse2(source::without_dollars(body.stream())) {
                self.macros.insert(name.to_string(), items);
            }
        }
    }

    fn items(&mut self, items: &[syn::Item]) {
        for item in items {
            if let Some((visibility, name)) = declared(item) {
                self.note(name, "", source::attributes_of(item), is_public(visibility));
            }
            match item {
                syn::Item::Enum(item) if !is_hidden(&item.attrs) => {
                    let owner = item.ident.to_string();
                    for variant in &item.variants {
                        self.note(&variant.ident, &owner, &variant.attrs, is_public(&item.vis));
                    }
                }
                syn::Item::Trait(item) if !is_hidden(&item.attrs) => self.of_trait(item),
                syn::Item::Impl(item) if !is_hidden(&item.attrs) => {
                    let owner = source::head(&item.self_ty);
                    self.of_impl(&item.items, &owner);
                }
                syn::Item::Mod(item) => {
                    if let Some((_, items)) = &item.content {
                        self.items(items);
                    }
                }
                syn::Item::Macro(syn::ItemMacro { ident: Some(name), attrs, .. }) => {
                    let is_exported = attrs.iter().any(|a| a.path().is_ident("macro_export"));
                    self.note(name, MACRO, attrs, is_exported);
                }
                syn::Item::Use(item) if !aliases(&item.attrs).is_empty() => {
                    // What another crate of ours exports.
                    let mut names = BTreeSet::new();
                    used(&item.tree, &mut names);
                    for name in &names {
                        self.note(name, "", &item.attrs, false);
                    }
                }
                _ => {}
            }
        }
    }

    fn of_trait(&mut self, item: &syn::ItemTrait) {
        let (owner, is_public) = (item.ident.to_string(), is_public(&item.vis));
        for item in &item.items {
            let (name, attributes) = match item {
                TraitItem::Const(it) => (&it.ident, &it.attrs),
                TraitItem::Fn(it) => (&it.sig.ident, &it.attrs),
                TraitItem::Type(it) => (&it.ident, &it.attrs),
                _ => continue,
            };
            self.note(name, &owner, attributes, is_public);
        }
    }

    fn of_impl(&mut self, items: &[ImplItem], owner: &str) {
        for item in items {
            let (name, attributes, visibility) = match item {
                ImplItem::Const(it) => (&it.ident, &it.attrs, &it.vis),
                ImplItem::Fn(it) => (&it.sig.ident, &it.attrs, &it.vis),
                ImplItem::Type(it) => (&it.ident, &it.attrs, &it.vis),
                ImplItem::Macro(it) if it.mac.tokens.is_empty() => {
                    let name = it.mac.path.segments.last().map(|last| last.ident.to_string());
                    let items = name.and_then(|name| self.macros.get(&name)).cloned();
                    self.of_impl(&items.unwrap_or_default(), owner);
                    continue;
                }
                _ => continue,
            };
            self.note(name, owner, attributes, is_public(visibility));
        }
    }

    /// Keeps the item if a program reaches it, and it has a word or wants one.
    fn note(&mut self, ident: &Ident, owner: &str, attributes: &[Attribute], is_public: bool) {
        let aliases = aliases(attributes);
        let name = ident.to_string();
        let wants = is_public && !is_hidden(attributes) && !ENGLISH.contains(&&*name);
        let is_reached = match owner {
            MACRO => true,
            "" => self.exports.contains(&name),
            _ => self.exports.contains(owner),
        };
        if !is_reached || (aliases.is_empty() && !wants) {
            return;
        }
        let name = match owner {
            MACRO => format!("{name}!"),
            "" => name,
            _ => format!("{owner}::{name}"),
        };
        let place = format!("{}:{}", self.path, source::line(ident.span()));
        self.found.entry(name.clone()).or_insert(Item { name, aliases, place });
    }
}
