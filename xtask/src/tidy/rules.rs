//! The rules of the protocol page: each has an id, code that obeys it and a test that proves it.
//!
//! On the page a rule is a line with its id in brackets, `[grant.excess]`. Code and tests cite the
//! id in a comment of its own line. Whether a cited test fails where the rule is broken is for a
//! reader to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Finding;
use super::repo::{Repo, RustFile};

const PAGE: &str = "docs/PROTOCOL.md";

/// Where rules are obeyed and proved. The fuzz targets prove none: nothing runs them by itself.
const FOLDERS: &[&str] = &["cconn/src", "tests/src", "tests/tests", "checks/model"];

/// How a line of the page says why nothing cites its rule.
const EXCUSES: [(&str, Kind); 2] = [("<!-- no code: ", Kind::Code), ("<!-- no test: ", Kind::Test)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Code,
    Test,
}

/// A rule of the page.
#[derive(Debug, PartialEq, Eq)]
struct Rule<'a> {
    id: &'a str,
    line: usize,
    /// Why no code or no test cites it.
    excuses: Vec<(Kind, &'a str)>,
}

/// What cites a rule, as places in files.
type Citations<'a> = BTreeMap<&'a str, Vec<(Kind, String)>>;

/// Every rule is cited by code and by a test or says why not; every citation is of a rule.
pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let Some(page) = repo.text(PAGE) else { return Vec::new() };
    let rules = rules(page);
    let files = repo.rust_files(FOLDERS);
    let cited = citations(&files);
    let mut found: Vec<Finding> = rules.iter().flat_map(|rule| judge(rule, &cited)).collect();
    let mut known = BTreeSet::new();
    for rule in &rules {
        if !known.insert(rule.id) {
            let text = format!("rule [{}] is defined twice", rule.id);
            found.push(Finding::error(place(PAGE, rule.line), text));
        }
    }
    for (id, places) in cited.iter().filter(|(id, _)| !known.contains(*id)) {
        for (_, place) in places {
            found.push(Finding::error(place, format!("{PAGE} has no rule [{id}]")));
        }
    }
    found
}

/// What is wrong with one rule.
fn judge(rule: &Rule<'_>, cited: &Citations<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (kind, name) in [(Kind::Code, "code"), (Kind::Test, "test")] {
        let is_cited = is_cited(cited, rule.id, kind);
        let excuse = rule.excuses.iter().find(|(of, _)| *of == kind).map(|(_, reason)| *reason);
        let text = match (is_cited, excuse) {
            (false, None) => format!("no {name} cites [{}], and no reason is given", rule.id),
            (false, Some("")) => format!("why no {name} cites [{}] is not said", rule.id),
            (true, Some(_)) => format!("[{}] is cited by a {name}, and excused", rule.id),
            _ => continue,
        };
        found.push(Finding::error(place(PAGE, rule.line), text));
    }
    found
}

fn is_cited(cited: &Citations<'_>, id: &str, kind: Kind) -> bool {
    cited.get(id).is_some_and(|places| places.iter().any(|(of, _)| *of == kind))
}

fn place(path: &str, line: usize) -> String {
    format!("{path}:{line}")
}

/// The rules of a page, examples left out.
fn rules(page: &str) -> Vec<Rule<'_>> {
    let mut found = Vec::new();
    let mut is_example = false;
    for (at, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            is_example = !is_example;
        }
        if !is_example {
            let rule = |id| Rule { id, line: at + 1, excuses: excuses(line) };
            found.extend(ids(line).into_iter().map(rule));
        }
    }
    found
}

fn excuses(line: &str) -> Vec<(Kind, &str)> {
    let mut found = Vec::new();
    for (mark, kind) in EXCUSES {
        let reason = line.split_once(mark).and_then(|(_, rest)| rest.split_once("-->"));
        found.extend(reason.map(|(reason, _)| (kind, reason.trim())));
    }
    found
}

/// The ids in brackets of a text: `[name.name]`, of small letters, digits and dashes.
fn ids(text: &str) -> Vec<&str> {
    let parts = text.split('[').skip(1);
    let bracketed = parts.filter_map(|part| part.split_once(']'));
    // A link has its target behind it.
    let ids = bracketed.filter(|(id, rest)| is_id(id) && !rest.starts_with('('));
    ids.map(|(id, _)| id).collect()
}

fn is_id(text: &str) -> bool {
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    text.contains('.') && text.split('.').all(is_name)
}

/// What the comments of these files cite.
fn citations<'a>(files: &[RustFile<'a>]) -> Citations<'a> {
    let mut found = Citations::new();
    for file in files {
        let in_tests = !file.path.starts_with("cconn/src/") || file.is_test;
        let mut kind = if in_tests { Kind::Test } else { Kind::Code };
        let mut before = "";
        for (at, line) in file.text.lines().enumerate() {
            let line = line.trim_start();
            // Tests end a file.
            if before == "#[cfg(test)]" && line.starts_with("mod ") && line.ends_with('{') {
                kind = Kind::Test;
            }
            before = line;
            for id in line.strip_prefix("//").map(ids).unwrap_or_default() {
                found.entry(id).or_default().push((kind, place(file.path, at + 1)));
            }
        }
    }
    found
}

/// Prints each rule with what cites it, and fails where `check` finds a fault.
pub(crate) fn chore(root: &Path) -> Result<(), String> {
    let repo = Repo::load(root).map_err(|error| format!("cannot read the tree: {error}"))?;
    let (files, page) = (repo.rust_files(FOLDERS), repo.text(PAGE).unwrap_or_default());
    let cited = citations(&files);
    let rules = rules(page);
    for rule in &rules {
        println!("[{}] {PAGE}:{}", rule.id, rule.line);
        for (kind, place) in cited.get(rule.id).into_iter().flatten() {
            println!("    {} {place}", if *kind == Kind::Code { "code" } else { "test" });
        }
        for (kind, reason) in &rule.excuses {
            println!("    no {}: {reason}", if *kind == Kind::Code { "code" } else { "test" });
        }
    }
    for (kind, name) in [(Kind::Code, "code"), (Kind::Test, "a test")] {
        let without = rules.iter().filter(|rule| !is_cited(&cited, rule.id, kind)).count();
        println!("{} rules, {without} without {name}", rules.len());
    }
    let findings = check(&repo);
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() { Ok(()) } else { Err(format!("{} fault(s)", findings.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is found of a page and of code, each one line that is fit into a whole.
    fn found(page: &str, code: &str, test: &str) -> Vec<String> {
        let code = format!("fn a() {{}}\n{code}\n#[cfg(test)]\nmod tests {{\n    {test}\n}}\n");
        let files = [(PAGE, page), ("cconn/src/a.rs", &*code)];
        check(&Repo::made_up(&files)).into_iter().map(|finding| finding.text).collect()
    }

    #[test]
    fn a_rule_that_code_and_a_test_cite_passes() {
        assert_eq!(found("[a.b] It must.", "// [a.b]", "// [a.b]"), [""; 0]);
        assert_eq!(found("- x\n| [a.b-c] | y |", "// why [a.b-c]", "/// [a.b-c] so"), [""; 0]);
        assert_eq!(found("[a.b](c) [1.2] [A.b] [ab]\n```\n[x.y]\n```", "", ""), [""; 0]);
    }

    #[test]
    fn a_rule_that_nothing_cites_needs_a_reason() {
        let both = ["no code cites [a.b], and no reason is given"];
        assert_eq!(found("[a.b] It must.", "", "// [a.b]"), both);
        assert_eq!(found("[a.b] It must.", "// [a.b]", "").len(), 1);
        assert_eq!(found("[a.b] It must.", "let a = 1; // [a.b]", "").len(), 2);
        let excused = "[a.b] It must. <!-- no code: a person does --> <!-- no test: nor -->";
        assert_eq!(found(excused, "", ""), [""; 0]);
        assert_eq!(found(excused, "// [a.b]", "").len(), 1, "the excuse is out of date");
        assert_eq!(found("[a.b] It must. <!-- no code: -->", "", "// [a.b]").len(), 1);
    }

    #[test]
    fn unknown_and_double_ids_are_found() {
        assert_eq!(found("", "// [a.b]", ""), ["docs/PROTOCOL.md has no rule [a.b]"]);
        let double = found("[a.b] one\n[a.b] two", "// [a.b]", "// [a.b]");
        assert_eq!(double, ["rule [a.b] is defined twice"]);
    }

    #[test]
    fn files_outside_the_library_hold_tests() {
        let files = [
            (PAGE, "[a.b] It must."),
            ("cconn/src/a.rs", "// [a.b]\n"),
            ("tests/tests/x.rs", "fn t() {\n    // [a.b]\n}\n"),
        ];
        assert_eq!(check(&Repo::made_up(&files)), []);
    }
}
