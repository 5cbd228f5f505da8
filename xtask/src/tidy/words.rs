//! Words that must stand in a file, must not, or in few places only.
//!
//! `todo!`, `unimplemented!` and `dbg!` are clippy's: lints of the workspace.

use super::Finding;
use super::repo::Repo;
use crate::source;

/// The crates of this workspace.
const CRATES: &[&str] = &[
    "cconn",
    "cconn-macros",
    "checks/endurance",
    "checks/instructions",
    "checks/testkit",
    "examples",
    "tests",
    "xtask",
];

/// Marks in comments of what is still to be done.
const UNFINISHED: &[&str] = &["FIXME", "XXX"];

/// Cases of compilers' errors, which may be no Rust; their brackets and quotes match all the same.
const CASES: &str = "tests/ui/";

/// Each file can be read at all: what cannot be parsed, no other check sees.
pub(super) fn check_syntax(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust_files(CRATES) {
        let fault = match file.path.strip_prefix(CASES) {
            Some(_) => source::lex(file.text).err().map(|line| (line, "brackets or quotes")),
            None => file.fault().map(|(line, fault)| (*line, &**fault)),
        };
        if let Some((line, fault)) = fault {
            found
                .push(Finding::error(format!("{}:{line}", file.path), format!("no Rust: {fault}")));
        }
    }
    found
}

/// Each file opens with what it owns.
pub(super) fn check_headers(repo: &Repo) -> Vec<Finding> {
    let files = repo
        .rust_files(&[
            "cconn/src",
            "cconn-macros/src",
            "checks/endurance/src",
            "checks/instructions/src",
            "checks/testkit/src",
            "xtask/src",
        ])
        .into_iter();
    files
        .filter(|file| !file.text.starts_with("//!"))
        .map(|file| Finding::error(file.path, "the file does not open with `//!`"))
        .collect()
}

/// Nothing is left for later, and no test is switched off.
pub(super) fn check_unfinished(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust_files(CRATES) {
        let mut report = |line: usize, text: String| {
            found.push(Finding::error(format!("{}:{line}", file.path), text));
        };
        for (line, mark) in marks(file.text) {
            report(line, format!("a comment says {mark}"));
        }
        let attributes = file.text.contains("ignore").then(|| source::attributes(file.text));
        for (names, line) in attributes.unwrap_or_default() {
            if ignores_test(&names) {
                report(line, "a test is ignored".to_owned());
            }
        }
    }
    found
}

/// The marks in the comments of a file: those that no name and no string of the line holds.
fn marks(text: &str) -> Vec<(usize, &'static str)> {
    let mut found = Vec::new();
    for mark in UNFINISHED.iter().copied().filter(|mark| text.contains(*mark)) {
        let words = source::words(text);
        let words: Vec<_> = words.iter().filter(|(word, _)| word.contains(mark)).collect();
        for (line, content) in (1..).zip(text.lines()) {
            let has = |text: &str| {
                text.split(|c: char| !c.is_alphanumeric()).filter(|word| *word == mark).count()
            };
            let in_code = words.iter().filter(|(_, lines)| lines.contains(&line));
            if has(content) > in_code.map(|(word, _)| has(word)).sum() {
                found.push((line, mark));
            }
        }
    }
    found
}

/// Whether an attribute of these names ignores a test, on a condition or without.
fn ignores_test(names: &[String]) -> bool {
    match names.split_first() {
        Some((first, rest)) if first == "cfg_attr" => rest.iter().any(|name| name == "ignore"),
        Some((first, _)) => first == "ignore",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Check = fn(&Repo) -> Vec<Finding>;

    fn places(check: Check, path: &str, text: &str) -> Vec<String> {
        let repo = Repo::made_up(&[(path, text)]);
        check(&repo).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_file_that_is_not_rust_is_found() {
        assert_eq!(places(check_syntax, "cconn/src/a.rs", "fn f() {}\nfn 1"), ["cconn/src/a.rs:2"]);
        assert_eq!(places(check_syntax, "tests/ui/a.rs", "fn"), [""; 0]);
        assert_eq!(places(check_syntax, "tests/ui/a.rs", "fn f() {\n( }"), ["tests/ui/a.rs:2"]);
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(places(check_headers, "cconn/src/a.rs", "// a\n"), ["cconn/src/a.rs"]);
        assert_eq!(places(check_headers, "cconn/src/a.rs", "//! A.\n"), [""; 0]);
    }

    #[test]
    fn unfinished_code_is_found() {
        for text in [
            "#[ignore] fn f() {}",
            "#[ignore = \"slow\"] fn f() {}",
            "#[cfg_attr(unix, ignore)] fn f() {}",
            "m! { #[ignore] fn f() {} }",
            "// FIXME: later",
            "/// FIXME: later\nfn f() {}",
            "fn f() { \"FIXME\" } // FIXME",
            "/* XXX */",
            "/* a\nXXX */",
        ] {
            assert_eq!(places(check_unfinished, "tests/src/a.rs", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn words_in_strings_and_names_are_left_alone() {
        let text = "fn ignore() { \"#[ignore] FIXME\"; \"a\nXXX\"; FIXME } // XXXL: ignore";
        assert_eq!(places(check_unfinished, "cconn/src/a.rs", text), [""; 0]);
    }
}
