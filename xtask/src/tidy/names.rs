//! The page of French and English names, which says what the sources say.
//!
//! `cargo xtask names` writes its tables out of the `#[doc(alias)]` of the public items; the check
//! compares them. It also finds public items that no English word leads to.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use super::Finding;
use super::repo::Repo;
use crate::source::{self, Kind, Token};

const PAGE: &str = "docs/NAMES.md";
/// The files whose `pub use` says what a program can name.
const PUBLIC: [&str; 3] = ["cconn/src/lib.rs", "cconn/src/erreur.rs", "cconn/src/traits.rs"];

/// What `cargo xtask names` writes stands between these.
const MARKS: (&str, &str) = ("<!-- names begin -->", "<!-- names end -->");

/// Names that are English already, or the same in both languages.
const ENGLISH: &[&str] = &[
    "new",
    "options",
    "close",
    "id",
    "clients",
    "hash",
    "signature",
    "DESCRIPTION",
    "Arguments",
    "Client",
    "Description",
    "descriptions",
    "Message",
    "Phase",
];

/// Settings that both sides have; they stand in one macro.
const SETTINGS: (&str, &str) = ("shared_settings", "OptionsClient, OptionsServeur");

/// A public item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    /// With the type that it belongs to, if any.
    name: String,
    aliases: Vec<String>,
    place: String,
}

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let items = items(repo);
    let mut found: Vec<Finding> = items
        .iter()
        .filter(|item| item.aliases.is_empty())
        .map(|item| {
            let text = format!("no English word leads to `{}`: give it a #[doc(alias)]", item.name);
            Finding::error(&*item.place, text)
        })
        .collect();
    let page = repo.text(PAGE).unwrap_or_default();
    if between(page).map(str::trim) != Some(tables(&items).trim()) {
        found.push(Finding::error(PAGE, "it does not say what the sources do: cargo xtask names"));
    }
    found
}

/// Writes the tables into the page.
pub(crate) fn chore(root: &Path) -> Result<(), String> {
    let repo = Repo::load(root).map_err(|error| format!("cannot read the tree: {error}"))?;
    let page = repo.text(PAGE).ok_or_else(|| format!("there is no {PAGE}"))?;
    between(page).ok_or_else(|| format!("{PAGE} has no place for the tables"))?;
    let (before, rest) = page.split_once(MARKS.0).unwrap_or_default();
    let (_, after) = rest.split_once(MARKS.1).unwrap_or_default();
    let tables = tables(&items(&repo));
    let new = format!("{before}{}\n\n{tables}\n{}{after}", MARKS.0, MARKS.1);
    std::fs::write(root.join(PAGE), new).map_err(|error| format!("cannot write {PAGE}: {error}"))
}

fn between(page: &str) -> Option<&str> {
    let (_, rest) = page.split_once(MARKS.0)?;
    rest.split_once(MARKS.1).map(|(between, _)| between)
}

/// The names by their own order, and by that of the English words.
fn tables(items: &[Item]) -> String {
    let mut text = String::from("## By the French name\n\n| here | in English |\n|---|---|\n");
    let mut english: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for Item { name, aliases, .. } in items.iter().filter(|item| !item.aliases.is_empty()) {
        let words: Vec<String> = aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let _ = writeln!(text, "| `{name}` | {} |", words.join(", "));
        for alias in aliases {
            english.entry(alias).or_default().push(name);
        }
    }
    text.push_str("\n## By the English word\n\n| in English | here |\n|---|---|\n");
    for (alias, names) in english {
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(text, "| `{alias}` | {} |", names.join(", "));
    }
    text
}

/// The public items of cconn that have an alias or should have one, each once.
fn items(repo: &Repo) -> Vec<Item> {
    let mut found = BTreeMap::<String, Item>::new();
    let exports: BTreeSet<String> =
        PUBLIC.iter().flat_map(|file| exports(repo.text(file).unwrap_or_default())).collect();
    for file in repo.rust_files(&["cconn/src"]) {
        if file.is_test || file.path.ends_with("__prive.rs") {
            continue;
        }
        let code = source::tested_code(file.text);
        let mut scan = Scan { code: &code, path: file.path, exports: &exports, found: Vec::new() };
        scan.items(0, code.len(), "");
        for item in scan.found {
            found.entry(item.name.clone()).or_insert(item);
        }
    }
    found.into_values().collect()
}

/// The words of a public module's `pub use`: what nobody finds there only generated code sees.
fn exports(root: &str) -> BTreeSet<String> {
    let code = source::tested_code(root);
    let uses = code.windows(2).enumerate().filter(|(_, two)| two[0].is("pub") && two[1].is("use"));
    let words = uses.flat_map(|(at, _)| code[at..].iter().take_while(|token| !token.is(";")));
    words.filter(|word| word.kind == Kind::Word).map(|word| word.text.to_owned()).collect()
}

struct Scan<'a, 'b> {
    code: &'b [Token<'a>],
    path: &'b str,
    exports: &'b BTreeSet<String>,
    found: Vec<Item>,
}

impl Scan<'_, '_> {
    fn is(&self, at: usize, text: &str) -> bool {
        self.code.get(at).is_some_and(|token| token.is(text))
    }

    fn word(&self, at: usize) -> Option<&str> {
        self.code.get(at).filter(|token| token.kind == Kind::Word).map(|token| token.text)
    }

    /// The items between two places, which belong to `owner`.
    fn items(&mut self, mut at: usize, end: usize, owner: &str) {
        while at < end {
            let (mut aliases, mut hidden) = (BTreeSet::new(), false);
            while let Some(behind) = source::attribute_end(self.code, at) {
                let attribute = &self.code[at..behind];
                hidden |= attribute.iter().any(|token| token.is("hidden"));
                if attribute.iter().any(|token| token.is("alias")) {
                    let words = attribute.iter().filter(|token| token.kind == Kind::Literal);
                    aliases.extend(words.map(|word| word.text.trim_matches('"').to_owned()));
                }
                at = behind;
            }
            let aliases: Vec<String> = aliases.into_iter().collect();
            at = self.item(at, owner, &aliases, hidden);
        }
    }

    /// One item; returns where the next begins.
    fn item(&mut self, start: usize, owner: &str, aliases: &[String], hidden: bool) -> usize {
        let is_public = self.is(start, "pub") && !self.is(start + 1, "(");
        let mut at = source::visibility_end(self.code, start);
        while ["const", "unsafe", "async", "extern"].iter().any(|word| self.is(at, word)) {
            at += 1;
        }
        let Some(kind) = self.word(at).map(str::to_owned) else { return start + 1 };
        let name = self.word(at + 1).unwrap_or_default().to_owned();
        match &*kind {
            "fn" | "struct" | "enum" | "trait" | "type" => {
                self.note(&name, owner, aliases, is_public && !hidden, at);
                let body = self.body(at);
                if !hidden && (kind == "enum" || kind == "trait") {
                    self.items(body.0, body.1, &name);
                }
                body.1 + 1
            }
            "impl" => {
                let owner = self.owner(at);
                let body = self.body(at);
                if !hidden {
                    self.items(body.0, body.1, &owner);
                }
                body.1 + 1
            }
            "macro_rules" => {
                let name = self.word(at + 2).unwrap_or_default().to_owned();
                let body = self.body(at);
                if name == SETTINGS.0 {
                    self.items(body.0, body.1, SETTINGS.1);
                }
                self.note(&format!("{name}!"), "", aliases, false, at);
                body.1 + 1
            }
            "mod" => at + 2,
            "use" => {
                // What another crate of ours exports: its last word is the name.
                let end = (at..self.code.len()).find(|at| self.is(*at, ";")).unwrap_or(at);
                let last = self.word(end - 1).unwrap_or_default().to_owned();
                self.note(&last, "", aliases, false, at);
                end + 1
            }
            // A variant.
            _ if !aliases.is_empty() => {
                self.note(&kind, owner, aliases, false, at);
                at + 1
            }
            _ => start + 1,
        }
    }

    fn note(&mut self, name: &str, owner: &str, aliases: &[String], wanted: bool, at: usize) {
        let is_french = wanted && !ENGLISH.contains(&name);
        if aliases.is_empty() && !is_french {
            return;
        }
        let root = owner.split(", ").next().filter(|owner| !owner.is_empty()).unwrap_or(name);
        if !self.exports.contains(root) && !root.ends_with('!') {
            return;
        }
        let owners = if owner.is_empty() { vec![""] } else { owner.split(", ").collect() };
        for owner in owners {
            let separator = if owner.is_empty() { "" } else { "::" };
            let name = format!("{owner}{separator}{name}");
            let place = format!("{}:{}", self.path, self.code[at].line);
            self.found.push(Item { name, aliases: aliases.to_vec(), place });
        }
    }

    /// The type that an `impl` is for.
    fn owner(&self, at: usize) -> String {
        let open = (at..self.code.len()).find(|at| self.is(*at, "{")).unwrap_or(at);
        let from = (at..open).rfind(|at| self.is(*at, "for") && !self.is(*at + 1, "<"));
        let mut name = from.map_or(at + 1, |at| at + 1);
        if self.is(name, "<") {
            let mut depth = 0_usize;
            while name < open {
                depth += usize::from(self.is(name, "<"));
                depth -= usize::from(self.is(name, ">"));
                name += 1;
                if depth == 0 {
                    break;
                }
            }
        }
        self.word(name).unwrap_or_default().to_owned()
    }

    /// Where the body of an item begins and ends, its brackets left out.
    fn body(&self, at: usize) -> (usize, usize) {
        let mut open = at;
        while open < self.code.len() {
            if self.is(open, ";") {
                return (open, open);
            }
            if self.is(open, "{") {
                return (open + 1, source::group_end(self.code, open) - 1);
            }
            if self.is(open, "(") || self.is(open, "[") {
                open = source::group_end(self.code, open);
            } else {
                open += 1;
            }
        }
        (open, open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Vec<String>)> {
        let root = "pub use a::{Serveur, Raison}; use a::Other;";
        let repo = Repo::made_up(&[("cconn/src/a.rs", text), (PUBLIC[0], root)]);
        items(&repo).into_iter().map(|item| (item.name, item.aliases)).collect()
    }

    #[test]
    fn items_are_found_with_their_owners_and_words() {
        let text = "#[doc(alias = \"server\")] pub struct Serveur { a: u8 }
            impl<T> fmt::Display for Other<T> { fn fmt(&self) { #[doc(alias = \"no\")] let x = 1; } }
            impl Serveur { #[doc(alias(\"run\", \"go\"))] #[must_use] pub fn lancer(&self) {} fn own() {} }
            pub enum Raison { #[doc(alias = \"kicked\")] #[error(\"x\")] Expulsee, Autre { a: u8 } }
            pub(crate) fn inner() {} pub fn generated() {} impl Other { pub fn cache() {} }";
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let wanted = [
            ("Raison".to_owned(), words(&[])),
            ("Raison::Expulsee".to_owned(), words(&["kicked"])),
            ("Serveur".to_owned(), words(&["server"])),
            ("Serveur::lancer".to_owned(), words(&["go", "run"])),
        ];
        assert_eq!(found(text), wanted);
    }

    #[test]
    fn an_item_without_a_word_and_a_page_that_is_not_true_are_faults() {
        let page = |text: &str| format!("# Names\n{}\n{text}\n{}\n", MARKS.0, MARKS.1);
        let code = "#[doc(alias = \"send\")] pub fn envoyer() {}";
        let root = (PUBLIC[0], "pub use a::envoyer;");
        let good = tables(&items(&Repo::made_up(&[("cconn/src/a.rs", code), root])));
        let faults = |code: &str, page: &str| {
            check(&Repo::made_up(&[("cconn/src/a.rs", code), (PAGE, page), root])).len()
        };
        assert_eq!(faults(code, &page(&good)), 0);
        assert_eq!(faults(code, &page("| other |")), 1);
        assert_eq!(faults("pub fn envoyer() {}", &page("")), 2);
    }
}
