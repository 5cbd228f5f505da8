//! Parts that few programs use are compiled by the programs that use them.
//!
//! The library compiles each function once, whether a program uses it or not, unless the function is
//! `#[inline]` or generic. So in these parts each one is. A function there that is not costs every
//! build of every program.
//!
//! It looks at these files alone: a function elsewhere that only they call is compiled all the same.
//! It does not see functions that macros write. The default methods of traits are generic, over the
//! type that has the trait.

use syn::visit::{self, Visit};

use super::Finding;
use super::repo::{Repo, RustFile, is_at_or_under};

/// The parts, each a file or a folder.
const PARTS: &[&str] = &[
    "cconn/src/contexte/trace.rs",
    "cconn/src/description",
    "cconn/src/description.rs",
    "cconn/src/essais",
    "cconn/src/essais.rs",
    "cconn/src/forme/ecarts.rs",
    "cconn/src/forme/text.rs",
    "cconn/src/link/threads/apart.rs",
    "cconn/src/link/threads/feed",
    "cconn/src/link/threads/feed.rs",
    "cconn/src/link/threads/patience.rs",
    "cconn/src/link/threads/promise.rs",
    "cconn/src/link/verbs/channels.rs",
    "cconn/src/link/verbs/fed.rs",
    "cconn/src/link/verbs/follow.rs",
    "cconn/src/link/verbs/reports.rs",
    "cconn/src/link/verbs/several.rs",
    "cconn/src/link/verbs/streams.rs",
    "cconn/src/local",
    "cconn/src/local.rs",
    "cconn/src/persistant",
    "cconn/src/persistant.rs",
    "cconn/src/serveur/broadcast.rs",
    "cconn/src/serveur/salon",
    "cconn/src/serveur/salon.rs",
    "cconn/src/transport/child.rs",
    "cconn/src/transport/memory.rs",
];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    check_parts(repo, PARTS)
}

fn check_parts(repo: &Repo, parts: &[&str]) -> Vec<Finding> {
    let mut files = repo.rust_files(parts);
    files.retain(|file| !file.is_test);
    let is_dead = |part: &&&str| !files.iter().any(|file| is_at_or_under(file.path, part));
    let dead = parts.iter().filter(is_dead).map(|part| {
        Finding::error("xtask/src/tidy/lazy.rs", format!("`{part}` in PARTS is no file or folder"))
    });
    dead.chain(files.iter().flat_map(eager_in)).collect()
}

fn eager_in(file: &RustFile<'_>) -> Vec<Finding> {
    let mut eager = Eager::default();
    eager.visit_file(file.untested());
    let found = eager.found.into_iter().map(|(line, name)| {
        let text = format!(
            "every build of every program compiles `{name}`, which few use: make it `#[inline]`"
        );
        Finding::error(format!("{}:{line}", file.path), text)
    });
    found.collect()
}

/// Functions that are compiled with the library.
#[derive(Default)]
struct Eager {
    found: Vec<(usize, String)>,
    /// Inside a block that is itself generic.
    is_generic: bool,
}

impl Eager {
    fn look(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature) {
        if !attributes.iter().any(is_inline) && !takes_any(signature) {
            let line = signature.ident.span().start().line;
            self.found.push((line, signature.ident.to_string()));
        }
    }
}

/// `#[inline]` or `#[inline(always)]`.
fn is_inline(attribute: &syn::Attribute) -> bool {
    attribute.path().is_ident("inline")
        && !attribute.parse_args::<syn::Ident>().is_ok_and(|how| how == "never")
}

/// Whether a function is generic, be it by `impl Trait` somewhere in an argument.
fn takes_any(signature: &syn::Signature) -> bool {
    let mut impls = Impls::default();
    signature.inputs.iter().for_each(|input| impls.visit_fn_arg(input));
    impls.is_there || is_generic(&signature.generics)
}

/// Lifetimes alone make nothing generic: the compiler has erased them by then.
fn is_generic(generics: &syn::Generics) -> bool {
    generics.type_params().next().is_some() || generics.const_params().next().is_some()
}

#[derive(Default)]
struct Impls {
    is_there: bool,
}

impl<'ast> Visit<'ast> for Impls {
    fn visit_type_impl_trait(&mut self, _: &'ast syn::TypeImplTrait) {
        self.is_there = true;
    }
}

impl<'ast> Visit<'ast> for Eager {
    /// One inside another function, or inside a generic block, has nothing of what these are
    /// generic over.
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.look(&function.attrs, &function.sig);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !self.is_generic {
            self.look(&function.attrs, &function.sig);
        }
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let outside = std::mem::replace(&mut self.is_generic, is_generic(&block.generics));
        visit::visit_item_impl(self, block);
        self.is_generic = outside;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in(parts: &[&str], path: &str, text: &str) -> Vec<String> {
        let found = check_parts(&Repo::made_up(&[(path, text)]), parts);
        found.into_iter().map(|finding| finding.place).collect()
    }

    fn lines(text: &str) -> Vec<String> {
        let places = found_in(&["a/b.rs"], "a/b.rs", text);
        places.iter().map(|place| place.replace("a/b.rs:", "")).collect()
    }

    #[test]
    fn functions_that_every_build_would_compile_are_found() {
        let text = "fn a() {}\n\n#[inline]\nfn b() {}\n\nimpl A {\n    fn c(&self) {}\n\n    \
                    fn d<T>(&self, with: T) {}\n\n    fn e<'a>(&self, with: &'a str) {}\n}\n\n\
                    impl<T> B<T> {\n    fn f(&self) {}\n}\n\nfn g(all: impl Copy) {}\n";
        assert_eq!(lines(text), ["1", "7", "11"]);
    }

    #[test]
    fn what_is_never_inlined_is_found() {
        let text = "#[inline(never)]\nfn a() {}\n#[inline(always)]\nfn b() {}\n";
        assert_eq!(lines(text), ["2"]);
    }

    #[test]
    fn constants_and_hidden_types_make_generic() {
        let text = "fn a<const N: usize>() {}\nimpl<const N: usize> A<N> { fn b(&self) {} }\n\
                    fn c(to: &mut impl Write) {}\nfn d(all: Option<impl Copy>) {}\n\
                    fn e() -> impl Copy {}\n";
        assert_eq!(lines(text), ["5"]);
    }

    #[test]
    fn functions_inside_functions_are_looked_at() {
        let text = "fn a<T>() {\n    fn b() {}\n}\nimpl<T> A<T> {\n    fn c() {\n        \
                    fn d() {}\n        impl B {\n            fn e() {}\n        }\n    }\n    \
                    fn f() {}\n}\ntrait C {\n    fn g(&self) {\n        fn h() {}\n    }\n}\n";
        assert_eq!(lines(text), ["2", "6", "8", "15"]);
    }

    #[test]
    fn a_part_is_a_file_or_a_folder() {
        let text = "fn a() {}\n";
        assert_eq!(found_in(&["a/b.rs"], "a/b.rs", text), ["a/b.rs:1"]);
        assert_eq!(found_in(&["a"], "a/b.rs", text), ["a/b.rs:1"]);
    }

    #[test]
    fn a_part_that_is_not_there_is_found() {
        let found = found_in(&["a/b", "a/b.rs", "a/c.rs"], "a/b.rs", "");
        assert_eq!(found, ["xtask/src/tidy/lazy.rs"; 2]);
    }
}
