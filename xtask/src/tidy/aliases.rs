//! French names of the public API can be found in the docs by their English words.

use super::Finding;
use super::repo::Repo;
use crate::source::{self, Kind, Token};

/// The public names and the English words for them. `Client` is the same word in both.
const WORDS: &[(&str, &str)] = &[
    ("Serveur", "server"),
    ("enregistrer", "register"),
    ("enregistrer_commande", "register_command"),
    ("lancer", "run"),
    ("eteindre", "stop"),
    ("envoyer", "send"),
    ("appeler", "call"),
    ("differer", "deferred_call"),
    ("diffuser", "broadcast"),
    ("Attente", "deferred call"),
    ("Commandes", "commands"),
    ("Etat", "state"),
    ("Flux", "stream"),
    ("Erreur", "error"),
    ("Resultat", "result"),
];

const ITEM_KINDS: [&str; 5] = ["fn", "struct", "enum", "type", "trait"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust_files(&["cconn/src"]) {
        let code = source::tested_code(file.text);
        for item in public_items(&code) {
            if let Some((name, word)) = WORDS.iter().find(|(name, _)| *name == item.name)
                && !item.has_alias
            {
                let place = format!("{}:{}", file.path, item.line);
                let text = format!("`{name}` is public and has no #[doc(alias = \"{word}\")]");
                found.push(Finding::error(place, text));
            }
        }
    }
    found
}

struct Item<'a> {
    name: &'a str,
    line: usize,
    has_alias: bool,
}

/// The items that are `pub` without restriction.
fn public_items<'a>(code: &[Token<'a>]) -> Vec<Item<'a>> {
    let mut found = Vec::new();
    let mut has_alias = false;
    let mut at = 0;
    while at < code.len() {
        if let Some(end) = source::attribute_end(code, at) {
            has_alias |= code[at..end].iter().any(|token| token.is("alias"));
            at = end;
            continue;
        }
        if let Some(name) = public_name(code, at) {
            found.push(Item { name: name.text, line: name.line, has_alias });
        }
        has_alias = false;
        at += 1;
    }
    found
}

/// The name of the public item that starts at `at`.
fn public_name<'a>(code: &[Token<'a>], at: usize) -> Option<Token<'a>> {
    let after = code.get(at).filter(|token| token.is("pub")).and(code.get(at + 1))?;
    if after.is("(") {
        return None;
    }
    // `const`, `async`, `unsafe` and `extern "C"` may stand before the kind.
    let is_qualifier = |token: &Token<'_>| {
        token.kind == Kind::Literal
            || ["const", "async", "unsafe", "extern"].iter().any(|word| token.is(word))
    };
    let kind = (at + 1..code.len()).find(|at| !is_qualifier(&code[*at]))?;
    let is_item = ITEM_KINDS.iter().any(|word| code[kind].is(word));
    code.get(kind + 1).filter(|_| is_item).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let repo = Repo::made_up(&[("cconn/src/a.rs", text)]);
        check(&repo).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn names_without_an_alias_are_found() {
        for text in [
            "pub struct Serveur;",
            "pub const fn envoyer() {}",
            "#[doc = \"x\"] pub enum Erreur {}",
            "#[doc(alias = \"a\")] fn f() {} pub type Resultat = ();",
            "/// #[doc(alias = \"call\")]\npub fn appeler() {}",
        ] {
            assert_eq!(lines(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn names_with_an_alias_and_private_ones_pass() {
        for text in [
            "#[doc(alias = \"server\")] #[derive(Clone)] pub struct Serveur;",
            "#[must_use] #[doc(alias(\"call\", \"rpc\"))] pub fn appeler() {}",
            "pub(crate) fn envoyer() {} fn lancer() {}",
            "pub struct Client;",
            "pub use serveur::Serveur; pub mod lancer {}",
        ] {
            assert_eq!(lines(text), [""; 0], "{text}");
        }
    }
}
