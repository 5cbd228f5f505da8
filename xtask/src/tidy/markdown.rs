//! The pages in Markdown: their links resolve, and both READMEs show the same commands.

use super::Finding;
use super::repo::Repo;

const READMES: [&str; 2] = ["README.md", "README.fr.md"];

/// Commands that both READMEs show once they exist.
const COMMANDS: [&str; 2] = ["cargo run --example complet", "cargo test"];

/// Links to files of the repository lead to files of the repository.
pub(super) fn check_links(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for (page, text) in repo.pages() {
        for (line, target) in links(text) {
            let path = resolve(page, target);
            if !path.is_some_and(|path| path.is_empty() || repo.paths.contains(&path)) {
                let text = format!("the link to `{target}` leads nowhere");
                found.push(Finding::error(format!("{page}:{line}"), text));
            }
        }
    }
    found
}

/// Both READMEs show how to run the example and the tests.
pub(super) fn check_commands(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for page in READMES {
        let Some(text) = repo.text(page) else { continue };
        for command in COMMANDS.iter().filter(|command| !text.contains(**command)) {
            found.push(Finding::error(page, format!("`{command}` is not shown")));
        }
    }
    found
}

/// The links to local files, with their lines. Code is left out.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut fence = None;
    for (at, line) in text.lines().enumerate() {
        let mark = ["```", "~~~"].into_iter().find(|mark| line.trim_start().starts_with(mark));
        match (fence, mark) {
            (None, Some(_)) => fence = mark,
            (Some(open), Some(mark)) if open == mark => fence = None,
            (None, None) => found.extend(targets(line).into_iter().map(|link| (at + 1, link))),
            _ => {}
        }
    }
    found.retain(|(_, target)| is_local(target));
    found
}

/// What the links of one line point at: `](target)`, `]: target`, `href=` and `src=`.
fn targets(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    // Every second piece between back-quotes is code.
    for prose in line.split('`').step_by(2) {
        for (open, end) in [("](", ')'), ("href=\"", '"'), ("src=\"", '"')] {
            found.extend(prose.split(open).skip(1).filter_map(|rest| rest.split_once(end)));
        }
    }
    let mut found: Vec<&str> = found.into_iter().map(|(target, _)| without_title(target)).collect();
    let definition = line.trim_start().strip_prefix('[').and_then(|rest| rest.split_once("]: "));
    found.extend(definition.map(|(_, target)| without_title(target)));
    found
}

fn without_title(target: &str) -> &str {
    let target = target.split_whitespace().next().unwrap_or_default();
    target.trim_start_matches('<').trim_end_matches('>')
}

fn is_local(target: &str) -> bool {
    let has_scheme = target.split_once(':').is_some_and(|(scheme, _)| !scheme.contains('/'));
    !has_scheme && !target.starts_with('#')
}

/// The path in the repository that a link on that page leads to; `None` if it leads outside.
fn resolve(page: &str, target: &str) -> Option<String> {
    let target = target.split(['#', '?']).next().unwrap_or_default();
    let mut path: Vec<&str> = page.split('/').collect();
    path.pop();
    if target.starts_with('/') {
        path.clear();
    }
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                path.pop()?;
            }
            name => path.push(name),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(page: &str, text: &str) -> Vec<String> {
        let files = [("LICENSE-MIT", ""), ("docs/a.md", ""), ("docs/img/b.png", ""), (page, text)];
        check_links(&Repo::made_up(&files)).into_iter().map(|finding| finding.place).collect()
    }

    #[test]
    fn links_that_resolve_pass() {
        let text = "[a](docs/a.md) ![b](./docs/img/b.png \"title\") [c](docs/a.md#part) [d](#e)
            [e](https://example.org/x) [f](mailto:x@example.org) [![g](docs/img/b.png)](docs)
            `[h](nowhere)` <img src=\"docs/img/b.png\">\n[i]: docs/a.md\n```\n[j](nowhere)\n```";
        assert_eq!(broken("README.md", text), [""; 0]);
        assert_eq!(broken("docs/c.md", "[a](a.md) [b](../LICENSE-MIT) [c](..)"), [""; 0]);
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for text in [
            "[a](docs/x.md)",
            "![a](b.png)",
            "[a](../a.md)",
            "[a]: docs/x.md",
            "<a href=\"docs/x.md\">",
            "```\n~~~\n```\n[a](x.md)",
            "`code` [a](x.md) `code`",
        ] {
            assert_eq!(broken("README.md", text).len(), 1, "{text}");
        }
        assert_eq!(broken("docs/c.md", "x\n[a](docs/a.md)"), ["docs/c.md:2"]);
    }

    #[test]
    fn both_readmes_show_the_commands() {
        let both = "cargo run --example complet\ncargo test\n";
        let of =
            |text| check_commands(&Repo::made_up(&[("README.md", both), ("README.fr.md", text)]));
        assert_eq!(of(both), []);
        assert_eq!(
            of("cargo test"),
            [Finding::error("README.fr.md", "`cargo run --example complet` is not shown")]
        );
        assert_eq!(of("").len(), 2);
        assert_eq!(check_commands(&Repo::made_up(&[])), []);
    }
}
