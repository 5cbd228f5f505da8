//! The front page of cconn's documentation stays one screen: how many names its root shows.

use syn::{Attribute, Item, UseTree, Visibility};

use super::Finding;
use super::repo::Repo;

const ROOT: &str = "cconn/src/lib.rs";

/// The names and modules that fit one screen of a front page, beside its text.
const LIMIT: usize = 33;

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let files = repo.rust_files(&["cconn"]);
    let Some(root) = files.iter().find(|file| file.path == ROOT) else { return Vec::new() };
    let shown: usize = root.untested().items.iter().map(shown).sum();
    if shown <= LIMIT {
        return Vec::new();
    }
    let text = format!(
        "the root shows {shown} names, more than {LIMIT}: what a program does not write daily \
         belongs into a public module"
    );
    vec![Finding::error(ROOT, text)]
}

/// How many lines of the front page an item of the root makes.
fn shown(item: &Item) -> usize {
    match item {
        Item::Use(item) if is_shown(&item.vis, &item.attrs) => names(&item.tree),
        Item::Mod(item) if is_shown(&item.vis, &item.attrs) => 1,
        _ => 0,
    }
}

fn is_shown(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    let hidden = |attribute: &Attribute| {
        attribute.path().is_ident("doc")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "hidden")
    };
    matches!(visibility, Visibility::Public(_)) && !attributes.iter().any(hidden)
}

fn names(tree: &UseTree) -> usize {
    match tree {
        UseTree::Path(path) => names(&path.tree),
        UseTree::Group(group) => group.items.iter().map(names).sum(),
        // A glob hides how many names it shows, so it counts as too many.
        UseTree::Glob(_) => LIMIT + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<Finding> {
        check(&Repo::made_up(&[(ROOT, text)]))
    }

    #[test]
    fn names_in_groups_and_modules_are_counted() {
        let uses = |count: usize| {
            let names: Vec<String> = (0..count).map(|at| format!("N{at}")).collect();
            format!("pub use a::{{b::{{{}}}, C as D}}; pub mod e; mod f;", names.join(", "))
        };
        assert_eq!(found(&uses(LIMIT - 2)), []);
        let findings = found(&uses(LIMIT - 1));
        let one_too_many = format!("shows {} names", LIMIT + 1);
        assert!(findings[0].text.contains(&one_too_many), "{findings:?}");
    }

    #[test]
    fn hidden_and_private_items_are_not_counted_and_globs_are_refused() {
        let hidden = "#[doc(hidden)] pub mod a; pub(crate) use b::C; use d::*;".repeat(40);
        assert_eq!(found(&hidden), []);
        assert_eq!(found("pub use d::*;").len(), 1);
    }
}
