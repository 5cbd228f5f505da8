//! Words that must stand in a file, must not, or in few places only.

use super::Finding;
use super::repo::Repo;
use crate::source::{self, Kind, Token};

/// The crates of this workspace.
const CRATES: &[&str] = &[
    "cconn",
    "cconn-macros",
    "checks/endurance",
    "checks/instructions",
    "examples",
    "tests",
    "xtask",
];

/// Macros that stand for code still to be written or output to be removed.
const UNFINISHED_MACROS: &[&str] = &["todo", "unimplemented", "dbg"];
/// Marks of the same in comments.
const UNFINISHED_MARKS: &[&str] = &["FIXME", "XXX"];

/// The codec's crate is named in the codec only, so that another can take its place.
///
/// Comments may speak of it. This crate is left out: it names what it forbids.
pub(super) fn check_codec(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust_files(&["cconn", "cconn-macros", "checks/endurance", "examples", "tests"])
    {
        if file.path == "cconn/src/codec.rs" || file.path.starts_with("cconn/src/codec/") {
            continue;
        }
        let tokens = source::code(file.text);
        let named = tokens.iter().filter(|token| token.text.contains("bincode"));
        found.extend(named.map(|token| {
            let text = "`bincode` may be named in cconn/src/codec only";
            Finding::error(format!("{}:{}", file.path, token.line), text)
        }));
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
        let mut report = |token: &Token<'_>, text: String| {
            found.push(Finding::error(format!("{}:{}", file.path, token.line), text));
        };
        for token in source::tokens(file.text) {
            if let Some(mark) = mark_in(&token) {
                report(&token, format!("a comment says {mark}"));
            }
        }
        let code = source::code(file.text);
        for (at, token) in code.iter().enumerate() {
            let name = token.text;
            if UNFINISHED_MACROS.contains(&name) && code.get(at + 1).is_some_and(|t| t.is("!")) {
                report(token, format!("`{name}!` is left in the code"));
            }
            if ignores_test(&code, at) {
                report(token, "a test is ignored".to_owned());
            }
        }
    }
    found
}

fn mark_in(token: &Token<'_>) -> Option<&'static str> {
    if token.kind != Kind::Comment {
        return None;
    }
    let mut words = token.text.split(|c: char| !c.is_alphanumeric());
    words.find_map(|word| UNFINISHED_MARKS.iter().copied().find(|mark| *mark == word))
}

/// Whether an attribute that ignores a test starts at `at`, on a condition or without.
fn ignores_test(code: &[Token<'_>], at: usize) -> bool {
    let Some(end) = source::attribute_end(code, at) else { return false };
    let mut words = code[at..end].iter().filter(|token| token.kind == Kind::Word);
    match words.next() {
        Some(first) if first.is("ignore") => true,
        Some(first) if first.is("cfg_attr") => words.any(|word| word.is("ignore")),
        _ => false,
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
    fn the_codec_crate_is_found_outside_the_codec() {
        let text = "//! bincode\nuse bincode::Options;\nconst A: &str = \"bincode\";";
        let found = places(check_codec, "cconn/src/client.rs", text);
        assert_eq!(found, ["cconn/src/client.rs:2", "cconn/src/client.rs:3"]);
        assert_eq!(places(check_codec, "tests/src/a.rs", "use bincode;").len(), 1);
        for path in ["cconn/src/codec.rs", "cconn/src/codec/guard.rs"] {
            assert_eq!(places(check_codec, path, text), [""; 0]);
        }
    }

    #[test]
    fn a_file_without_a_header_is_found() {
        assert_eq!(places(check_headers, "cconn/src/a.rs", "// a\n"), ["cconn/src/a.rs"]);
        assert_eq!(places(check_headers, "cconn/src/a.rs", "//! A.\n"), [""; 0]);
    }

    #[test]
    fn unfinished_code_is_found() {
        for text in [
            "fn f() { todo!() }",
            "fn f() { unimplemented!(\"x\") }",
            "fn f() { dbg!(1); }",
            "#[ignore] fn f() {}",
            "#[ignore = \"slow\"] fn f() {}",
            "#[cfg_attr(unix, ignore)] fn f() {}",
            "// FIXME: later",
            "/* XXX */",
        ] {
            assert_eq!(places(check_unfinished, "tests/src/a.rs", text).len(), 1, "{text}");
        }
    }

    #[test]
    fn words_in_strings_and_names_are_left_alone() {
        let text = "fn todo() { todo(); \"dbg!(1) #[ignore] FIXME\"; } // XXXL: ignore";
        assert_eq!(places(check_unfinished, "cconn/src/a.rs", text), [""; 0]);
    }
}
