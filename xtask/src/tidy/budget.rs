//! What a user of cconn compiles: few crates, each in one version.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::repo::Repo;

/// Crates in a user's build, cconn and its macros included, with default features.
///
/// The smallest program is to build in half the time of the async libraries of the field, which
/// bring 59 crates and more.
const MAX_CRATES: usize = 16;

const PLACE: &str = "Cargo.lock";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    match tree(repo) {
        Ok(tree) => judge(&tree),
        Err(reason) => vec![Finding::error(PLACE, format!("cargo tree failed: {reason}"))],
    }
}

/// The crates behind cconn as `cargo tree` prints them, one a line, with repetitions.
fn tree(repo: &Repo) -> Result<String, String> {
    let output = crate::cargo()
        .args(["tree", "--locked", "--quiet", "-e", "normal", "-p", "cconn", "--prefix", "none"])
        .current_dir(&repo.root)
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}

fn judge(tree: &str) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in tree.lines() {
        if let Some((name, rest)) = line.split_once(' ') {
            crates.entry(name).or_default().extend(rest.split(' ').next());
        }
    }
    let mut found = Vec::new();
    if crates.is_empty() {
        found.push(Finding::error(PLACE, "cargo tree shows no crate"));
    }
    if crates.len() > MAX_CRATES {
        let names: Vec<&str> = crates.keys().copied().collect();
        let text = format!("{} crates, at most {MAX_CRATES}: {}", names.len(), names.join(", "));
        found.push(Finding::error(PLACE, text));
    }
    for (name, versions) in crates.iter().filter(|(_, versions)| versions.len() > 1) {
        let versions: Vec<&str> = versions.iter().copied().collect();
        let text = format!("`{name}` is there in versions {}", versions.join(", "));
        found.push(Finding::error(PLACE, text));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crates(count: usize) -> String {
        let lines: Vec<String> =
            (0..count).map(|n| format!("crate-{n} v1.0.{n} (proc-macro)")).collect();
        lines.join("\n")
    }

    #[test]
    fn the_budget_is_judged_at_its_limit() {
        assert_eq!(judge(&crates(16)), []);
        assert_eq!(judge(&crates(17)).len(), 1);
    }

    #[test]
    fn repetitions_count_once_and_versions_are_told_apart() {
        let tree = "a v0.1.0 (/x)\nb v1.0.0\nb v1.0.0 (*)\n\nb v2.0.0\n";
        let found = judge(tree);
        assert_eq!(found, [Finding::error(PLACE, "`b` is there in versions v1.0.0, v2.0.0")]);
    }

    #[test]
    fn an_empty_tree_is_no_pass() {
        assert_eq!(judge("").len(), 1);
    }
}
