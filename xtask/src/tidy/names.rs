//! The page of French and English names, which says what the sources say.
//!
//! `cargo xtask names` writes its tables out of the `#[doc(alias)]` of the public items; the check
//! compares them. It also finds public items that no English word leads to.

mod items;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::Finding;
use super::repo::Repo;
use items::{Item, items};

const PAGE: &str = "docs/NAMES.md";

/// What `cargo xtask names` writes stands between these.
const MARKS: (&str, &str) = ("<!-- names begin -->", "<!-- names end -->");

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

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(String, Vec<String>)> {
        let root = "pub use a::{Serveur, Raison}; use a::Other;";
        let repo = Repo::made_up(&[("cconn/src/a.rs", text), ("cconn/src/lib.rs", root)]);
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
            ("Raison::Autre".to_owned(), words(&[])),
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
        let root = ("cconn/src/lib.rs", "pub use a::envoyer;");
        let good = tables(&items(&Repo::made_up(&[("cconn/src/a.rs", code), root])));
        let faults = |code: &str, page: &str| {
            check(&Repo::made_up(&[("cconn/src/a.rs", code), (PAGE, page), root])).len()
        };
        assert_eq!(faults(code, &page(&good)), 0);
        assert_eq!(faults(code, &page("| other |")), 1);
        assert_eq!(faults("pub fn envoyer() {}", &page("")), 2);
    }
}
