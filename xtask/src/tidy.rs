//! The rules of the tree that no compiler checks, one module for each group of them.
//!
//! A check looks at the files and their syntax and returns what it found; it prints and changes nothing.

mod budget;
mod core;
mod face;
mod layers;
mod lazy;
mod markdown;
mod names;
mod packages;
mod repo;
mod rules;
mod size;
mod words;

use std::fmt;
use std::path::Path;

pub(crate) use layers::chore as layers;
pub(crate) use names::chore as names;
use repo::Repo;
pub(crate) use rules::chore as rules;

type Check = fn(&Repo) -> Vec<Finding>;

/// Every check, in the order in which they are run.
const CHECKS: &[(&str, Check)] = &[
    ("layers", layers::check),
    ("the page of layers", layers::check_page),
    ("the core keeps its state and reads no clock", core::check),
    ("files are Rust", words::check_syntax),
    ("file size", size::check),
    ("the front page is one screen", face::check),
    ("files say what they own", words::check_headers),
    ("parts that few use are compiled by those", lazy::check),
    ("nothing is left undone", words::check_unfinished),
    ("the page of names says what the sources do", names::check),
    ("links between files", markdown::check_links),
    ("both READMEs show the commands", markdown::check_commands),
    ("dependency budget", budget::check),
    ("what packages carry", packages::check),
    ("rules of the protocol", rules::check),
];

/// One thing that is not as it should be.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    is_warning: bool,
    /// The file, with `:line` where there is one.
    place: String,
    text: String,
}

impl Finding {
    fn error(place: impl Into<String>, text: impl Into<String>) -> Self {
        Finding { is_warning: false, place: place.into(), text: text.into() }
    }

    fn warning(place: impl Into<String>, text: impl Into<String>) -> Self {
        Finding { is_warning: true, ..Finding::error(place, text) }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_warning { "warning" } else { "error" };
        write!(f, "{kind}: {}: {}", self.place, self.text)
    }
}

/// Runs every check and prints what it found; fails if any of that is an error.
pub(crate) fn chore(root: &Path) -> Result<(), String> {
    let repo = Repo::load(root).map_err(|error| format!("cannot read the tree: {error}"))?;
    let mut errors = 0;
    for (name, check) in CHECKS {
        let findings = check(&repo);
        let failed = findings.iter().filter(|finding| !finding.is_warning).count();
        println!("tidy: {} {name}", if failed == 0 { "ok    " } else { "FAILED" });
        for finding in &findings {
            println!("  {finding}");
        }
        errors += failed;
    }
    if errors == 0 { Ok(()) } else { Err(format!("tidy found {errors} error(s)")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        assert_eq!(chore(&crate::root()), Ok(()));
    }

    #[test]
    fn findings_read_as_lines() {
        let finding = Finding::warning("a.rs:3", "long");
        assert_eq!(finding.to_string(), "warning: a.rs:3: long");
        assert_eq!(Finding::error("b", "bad").to_string(), "error: b: bad");
    }
}
