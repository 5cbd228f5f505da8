//! Files and functions stay small enough to be read at one go; tests are not counted.

use super::Finding;
use super::repo::Repo;
use crate::source;

/// Above the first, a talk; above the second, a split. In lines.
const FILE_LIMITS: (usize, usize) = (300, 400);
const FUNCTION_LIMITS: (usize, usize) = (40, 60);

/// The crates of this workspace that hold no tests of others.
const FOLDERS: &[&str] =
    &["cconn", "cconn-macros", "checks/endurance", "checks/instructions", "examples", "xtask"];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust_files(FOLDERS) {
        if file.is_test || file.path.contains("/tests/") {
            continue;
        }
        found.extend(judge("file", file.path, untested_lines(file.text), FILE_LIMITS));
        for function in source::functions(&source::tested_code(file.text)) {
            let place = format!("{}:{}", file.path, function.line);
            let what = format!("function `{}`", function.name);
            found.extend(judge(&what, &place, function.lines, FUNCTION_LIMITS));
        }
    }
    found
}

fn judge(what: &str, place: &str, lines: usize, limits: (usize, usize)) -> Option<Finding> {
    let (warning, error) = limits;
    if lines > error {
        Some(Finding::error(place, format!("{what} has {lines} lines, more than {error}")))
    } else if lines > warning {
        Some(Finding::warning(place, format!("{what} has {lines} lines, more than {warning}")))
    } else {
        None
    }
}

/// The lines of a file that are not inside test code.
fn untested_lines(text: &str) -> usize {
    let tokens = source::code(text);
    let ranges = source::test_ranges(&tokens);
    let tested = ranges.into_iter().filter_map(|range| {
        let inside = &tokens[range];
        Some(inside.last()?.line + 1 - inside.first()?.line)
    });
    text.lines().count().saturating_sub(tested.sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<Finding> {
        check(&Repo::made_up(&[(path, text)]))
    }

    fn function(lines: usize) -> String {
        format!("fn f() {{{}}}", "\n".repeat(lines - 1))
    }

    #[test]
    fn files_are_judged_at_each_limit() {
        let of = |lines: usize| found("cconn/src/a.rs", &"x;\n".repeat(lines));
        assert_eq!(of(300), []);
        assert!(of(301)[0].is_warning);
        assert!(of(400)[0].is_warning);
        assert!(!of(401)[0].is_warning);
    }

    #[test]
    fn functions_are_judged_at_each_limit() {
        let of = |lines| found("xtask/src/a.rs", &function(lines));
        assert_eq!(of(40), []);
        assert!(of(41)[0].is_warning);
        assert!(of(60)[0].is_warning);
        assert!(!of(61)[0].is_warning);
    }

    #[test]
    fn tests_are_not_counted() {
        let inline = format!("#[cfg(test)]\nmod tests {{ {} \n}}", function(500));
        assert_eq!(found("cconn/src/a.rs", &inline), []);
        assert_eq!(untested_lines(&format!("a;\n{inline}\nb;")), 2);
        assert_eq!(found("tests/src/a.rs", &function(500)), []);
        assert_eq!(found("cconn/tests/a.rs", &function(500)), []);
    }
}
