//! Parts that few programs use are compiled by the programs that use them.
//!
//! The library compiles each function once, whether a program uses it or not, unless the function is
//! `#[inline]` or generic. So in these parts each one is. A function there that is not costs every
//! build of every program.
//!
//! It looks at these files alone: a function elsewhere that only they call is compiled all the same.

use syn::visit::{self, Visit};

use super::Finding;
use super::repo::Repo;

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
    let files = repo.rust_files(PARTS).into_iter().filter(|file| !file.is_test);
    files
        .flat_map(|file| {
            let mut eager = Eager::default();
            eager.visit_file(file.untested());
            eager.found.into_iter().map(move |(line, name)| {
                let text = format!(
                    "every build of every program compiles `{name}`, which few use: make it `#[inline]`"
                );
                Finding::error(format!("{}:{line}", file.path), text)
            })
        })
        .collect()
}

/// Functions that are compiled with the library.
#[derive(Default)]
struct Eager {
    found: Vec<(usize, String)>,
    /// Inside a block that is itself generic over a type.
    is_generic: bool,
}

impl Eager {
    fn look(&mut self, attributes: &[syn::Attribute], signature: &syn::Signature) {
        let is_inline = attributes.iter().any(|attribute| attribute.path().is_ident("inline"));
        let takes_any = signature.inputs.iter().any(
            |input| matches!(input, syn::FnArg::Typed(of) if matches!(*of.ty, syn::Type::ImplTrait(_))),
        );
        if !is_inline && !self.is_generic && !takes_any && !is_generic(&signature.generics) {
            let line = signature.ident.span().start().line;
            self.found.push((line, signature.ident.to_string()));
        }
    }
}

fn is_generic(generics: &syn::Generics) -> bool {
    generics.type_params().next().is_some()
}

impl<'ast> Visit<'ast> for Eager {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.look(&function.attrs, &function.sig);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.look(&function.attrs, &function.sig);
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

    fn found(path: &str, text: &str) -> Vec<String> {
        let found = check(&Repo::made_up(&[(path, text)]));
        found.into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn functions_that_every_build_would_compile_are_found() {
        let text = "fn a() {}\n\n#[inline]\nfn b() {}\n\nimpl A {\n    fn c(&self) {}\n\n    \
                    fn d<T>(&self, with: T) {}\n\n    fn e<'a>(&self, with: &'a str) {}\n}\n\n\
                    impl<T> B<T> {\n    fn f(&self) {}\n}\n\nfn g(all: impl Copy) {}\n";
        let path = "cconn/src/essais/some.rs";
        assert_eq!(found(path, text), [1, 7, 11].map(|line| format!("{path}:{line}")));
        assert_eq!(found("cconn/src/some.rs", text), Vec::<String>::new());
    }
}
