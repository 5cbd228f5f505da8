//! What a user of cconn compiles: few crates. That each has one version is cargo-deny's.

use std::collections::BTreeSet;

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
    let crates = tree.lines().filter_map(|line| line.split_once(' '));
    let crates: BTreeSet<&str> = crates.map(|(name, _)| name).collect();
    let names: Vec<&str> = crates.into_iter().collect();
    match names.len() {
        0 => vec![Finding::error(PLACE, "cargo tree shows no crate")],
        1..=MAX_CRATES => Vec::new(),
        count => {
            let text = format!("{count} crates, at most {MAX_CRATES}: {}", names.join(", "));
            vec![Finding::error(PLACE, text)]
        }
    }
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
    fn repetitions_count_once() {
        let tree = format!("{}\ncrate-1 v1.0.1 (*)\n\ncrate-2 v1.0.2 (*)", crates(16));
        assert_eq!(judge(&tree), []);
    }

    #[test]
    fn an_empty_tree_is_no_pass() {
        assert_eq!(judge("").len(), 1);
    }
}
