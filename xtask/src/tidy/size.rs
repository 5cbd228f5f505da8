//! Files stay small enough to be read at one go; tests are not counted.
//!
//! The size of functions is clippy's: `too-many-lines-threshold` in `clippy.toml`.

use super::Finding;
use super::repo::{Repo, RustFile};
use crate::source;

/// Above the first, a talk; above the second, a split. In lines.
const LIMITS: (usize, usize) = (300, 400);

/// The crates of this workspace that hold no tests of others.
const FOLDERS: &[&str] = &[
    "cconn",
    "cconn-macros",
    "checks/endurance",
    "checks/instructions",
    "checks/testkit",
    "examples",
    "xtask",
];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let files = repo.rust_files(FOLDERS).into_iter();
    let files = files.filter(|file| !file.is_test && !file.path.contains("/tests/"));
    files.filter_map(|file| judge(file.path, untested_lines(file))).collect()
}

fn judge(place: &str, lines: usize) -> Option<Finding> {
    let (warning, error) = LIMITS;
    if lines > error {
        Some(Finding::error(place, format!("the file has {lines} lines, more than {error}")))
    } else if lines > warning {
        Some(Finding::warning(place, format!("the file has {lines} lines, more than {warning}")))
    } else {
        None
    }
}

/// The lines of a file that are not inside test code.
fn untested_lines(file: RustFile<'_>) -> usize {
    file.text.lines().count().saturating_sub(source::test_lines(file.whole()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Finding> {
        check(&Repo::made_up(&[(path, text)]))
    }

    #[test]
    fn files_are_judged_at_each_limit() {
        let of = |lines: usize| found("cconn/src/a.rs", &"use a;\n".repeat(lines));
        assert_eq!(of(300), []);
        assert!(of(301)[0].is_warning);
        assert!(of(400)[0].is_warning);
        assert!(!of(401)[0].is_warning);
    }

    #[test]
    fn tests_are_not_counted() {
        let long = "use a;\n".repeat(500);
        let inline = format!("use a;\n#[cfg(test)]\nmod tests {{ {long} }}\nuse b;");
        assert_eq!(found("cconn/src/a.rs", &inline), []);
        assert_eq!(found("tests/src/a.rs", &long), []);
        assert_eq!(found("cconn/tests/a.rs", &long), []);
        assert_eq!(found("cconn/src/b.rs", &long).len(), 1);
    }
}
