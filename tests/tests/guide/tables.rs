//! The tables of the guide and of the security page: whole, and true of the sources.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::{page, root};

/// The text of every Rust file under that folder.
fn sources(folder: &str) -> Vec<String> {
    fn collect(folder: &Path, texts: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, texts);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                texts.push(fs::read_to_string(path).unwrap());
            }
        }
    }
    let mut texts = Vec::new();
    collect(&root().join(folder), &mut texts);
    texts
}

/// The names of all tests.
fn tests() -> BTreeSet<String> {
    let texts = ["cconn/src", "tests/tests"].map(sources).concat();
    let functions = texts.iter().flat_map(|text| text.split("#[test]").skip(1));
    let names = functions.filter_map(|rest| rest.split_once("fn ")?.1.split_once('('));
    names.map(|(name, _)| name.to_owned()).collect()
}

/// A setting whose name is as long as that of a test.
const LONG_SETTING: &str = "s_arreter_si_oisif";

/// What a page has in back-quotes that reads as the name of a test.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter(|name| {
        let is_long = name.matches('_').count() > 2 && *name != LONG_SETTING;
        is_long && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    })
}

#[test]
fn the_tests_that_are_named_exist() {
    let tests = tests();
    let endurance = page("checks/endurance/src/catalogue.rs");
    for path in ["docs/guide/src/limits.md", "docs/guide/src/from-python.md", "SECURITY.md"] {
        let page = page(path);
        let text = page.replace("```", "");
        let missing: Vec<_> = named(&text).filter(|name| !tests.contains(*name)).collect();
        assert_eq!(missing, [""; 0], "{path}");
        assert!(named(&text).count() > 20, "{path} names its tests otherwise");
        for name in text
            .split("`endurance ")
            .skip(1)
            .filter(|rest| !rest.starts_with("X`"))
            .filter_map(|rest| rest.split_once('`'))
        {
            assert!(endurance.contains(&format!("\"{}\"", name.0)), "{path}: {}", name.0);
        }
    }
}

/// The variants of every public enum of that file.
fn variants(text: &str) -> Vec<&str> {
    let enums = text.split("\npub enum ").skip(1);
    let bodies = enums.filter_map(|rest| rest.split_once("\n}"));
    let lines = bodies.flat_map(|(body, _)| body.lines().skip(1));
    let names = lines.filter_map(|line| line.strip_prefix("    "));
    names
        .filter(|line| line.starts_with(|c: char| c.is_ascii_uppercase()))
        .filter_map(|line| line.split([',', '(', ' ']).next())
        .collect()
}

#[test]
fn every_variant_of_every_error_has_its_row() {
    let page = page("docs/guide/src/errors.md");
    let firsts: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split(['`', '(']).next())
        .collect();
    let mut sources = sources("cconn/src/erreur");
    sources.push(super::page("cconn/src/erreur.rs"));
    let all: Vec<&str> = sources.iter().flat_map(|text| variants(text)).collect();
    assert!(all.len() > 40, "{all:?}");
    let missing: Vec<_> = all.into_iter().filter(|name| !firsts.contains(name)).collect();
    assert_eq!(missing, [""; 0]);
}

/// The setters of a builder, as its documentation shows them.
#[test]
fn every_setting_is_on_the_page_of_limits() {
    let page = page("docs/guide/src/limits.md");
    let texts = [
        "cconn/src/connexion/options.rs",
        "cconn/src/connexion/shared.rs",
        "cconn/src/serveur/bounds.rs",
        "cconn/src/serveur/options.rs",
        "cconn/src/serveur/unique.rs",
        "cconn/src/serveur/warning.rs",
    ]
    .map(super::page);
    let setters = texts.iter().flat_map(|text| text.split("pub fn ").skip(1));
    let setters = setters.filter(|rest| rest.lines().take(4).any(|line| line.contains("mut self")));
    let names: Vec<&str> = setters.filter_map(|rest| rest.split(['(', '<']).next()).collect();
    assert!(names.len() > 12, "{names:?}");
    let is_hook = |name: &str| ["quand_", "avant_", "apres_"].iter().any(|p| name.starts_with(p));
    for name in names.into_iter().filter(|name| !is_hook(name)) {
        assert!(page.contains(&format!("`{name}`")), "{name}");
    }
}

/// The Rust of the English README is compiled and run; that of the French one is the same.
#[test]
fn both_readmes_show_the_same_code() {
    let blocks = |page: &str| -> Vec<String> {
        let blocks = page.split("\n```").skip(1).step_by(2);
        blocks.filter(|block| block.starts_with("rust")).map(str::to_owned).collect()
    };
    let (english, french) = (page("README.md"), page("README.fr.md"));
    assert!(blocks(&english).len() > 2);
    assert_eq!(blocks(&english), blocks(&french));
    let links = |page: &str| page.matches("](docs/guide/src/").count();
    assert!(links(&french) >= links(&english), "{} of {}", links(&french), links(&english));
}

#[test]
fn every_page_is_in_the_summary_and_tested() {
    let summary = page("docs/guide/src/SUMMARY.md");
    let tested = page("tests/src/guide.rs");
    for entry in fs::read_dir(root().join("docs/guide/src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_file() && name != "SUMMARY.md" {
            assert!(summary.contains(&format!("({name})")), "{name} is not in the summary");
            let is_tested =
                ["\"", "/"].iter().any(|before| tested.contains(&format!("{before}{name}\"")));
            assert!(is_tested, "{name} is not tested");
        }
    }
}

/// What a link to that heading is called: as GitHub and mdBook make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    let kept = kept.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn links_to_headings_lead_somewhere() {
    let folder = fs::read_dir(root().join("docs/guide/src")).unwrap();
    let guide = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let others = ["README.md", "README.fr.md", "SECURITY.md"].map(|name| root().join(name));
    let mut seen = 0;
    for path in guide.chain(others) {
        let text = fs::read_to_string(&path).unwrap();
        let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
        for (target, _) in targets.filter(|(target, _)| !target.contains("://")) {
            let Some((file, wanted)) = target.split_once('#') else { continue };
            let page = if file.is_empty() { path.clone() } else { path.with_file_name(file) };
            let linked = fs::read_to_string(&page).unwrap();
            let headings = linked.lines().filter(|line| line.starts_with('#'));
            let mut anchors = headings.map(|line| anchor(line.trim_start_matches('#').trim()));
            assert!(anchors.any(|anchor| anchor == wanted), "{}: {target}", path.display());
            seen += 1;
        }
    }
    assert!(seen > 10, "{seen} links");
}
