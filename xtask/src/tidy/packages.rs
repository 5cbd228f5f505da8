//! What each crate that is published carries with it: a package is a folder, and what lies above it
//! is not in it.

use std::fs;

use super::Finding;
use super::repo::Repo;

/// The folders of the crates that are published.
const PUBLISHED: &[&str] = &["cconn", "cconn-macros", "cconn-cli"];

/// The licences, whose texts stand at the root and once more in each package. They are copies, for
/// some systems check links out as texts.
const LICENCES: &[&str] = &["LICENSE-MIT", "LICENSE-APACHE"];

/// What a manifest says of a package, for whoever finds it in a registry.
const FIELDS: &[&str] = &["description", "readme", "keywords", "categories", "license"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let read = |path: &str| fs::read_to_string(repo.root.join(path)).ok();
    judge(read)
}

/// Judges by what `read` gives for a path, which is nothing where there is no such file.
fn judge(read: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for folder in PUBLISHED {
        for licence in LICENCES {
            let place = format!("{folder}/{licence}");
            if read(&place).is_none_or(|text| Some(text) != read(licence)) {
                let text =
                    format!("a package carries the text of {licence}: copy it from the root");
                findings.push(Finding::error(place, text));
            }
        }
        let place = format!("{folder}/Cargo.toml");
        let manifest = read(&place).unwrap_or_default();
        let has = |field: &str| manifest.lines().any(|line| is_of(line, field));
        for field in FIELDS.iter().filter(|field| !has(field)) {
            findings.push(Finding::error(place.clone(), format!("the package has no `{field}`")));
        }
    }
    findings
}

/// Whether a line of a manifest sets that field, itself or as the workspace does.
fn is_of(line: &str, field: &str) -> bool {
    let rest = line.strip_prefix(field);
    rest.is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "description = \"\"\nreadme = \"\"\nkeywords = []\ncategories = []\n\
                         license.workspace = true\n";

    fn places(spoil: impl Fn(&str) -> Option<&'static str>) -> Vec<String> {
        let read = |path: &str| {
            let text = if path.ends_with("Cargo.toml") { WHOLE } else { "the text" };
            match spoil(path) {
                Some("") => None,
                other => Some(other.unwrap_or(text).to_owned()),
            }
        };
        judge(read).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn a_package_without_its_licences_is_found() {
        assert_eq!(places(|_| None), [""; 0]);
        let missing = |path: &str| (path == "cconn-macros/LICENSE-MIT").then_some("");
        assert_eq!(places(missing), ["cconn-macros/LICENSE-MIT"]);
        let stale = |path: &str| (path == "cconn/LICENSE-APACHE").then_some("an older text");
        assert_eq!(places(stale), ["cconn/LICENSE-APACHE"]);
        let everywhere = |path: &str| path.ends_with("LICENSE-MIT").then_some("");
        assert_eq!(places(everywhere).len(), PUBLISHED.len(), "nothing is not the same as nothing");
    }

    #[test]
    fn a_package_that_does_not_say_what_it_is_is_found() {
        let bare = |path: &str| (path == "cconn-cli/Cargo.toml").then_some("readme_of = \"\"\n");
        assert_eq!(places(bare), ["cconn-cli/Cargo.toml"; 5]);
        let none = |path: &str| (path == "cconn/Cargo.toml").then_some("");
        assert_eq!(places(none).len(), FIELDS.len());
    }
}
