//! Modules of cconn import downwards only, along edges that stand in one table.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::repo::Repo;
use crate::source::{self, Path};

/// What a module may import besides itself.
#[derive(Debug)]
enum Imports {
    Only(&'static [&'static str]),
    /// Whatever stands before it in the table.
    AllBelow,
}
use Imports::{AllBelow, Only};

/// The modules of cconn, bottom to top. A module imports from above it in this list only.
const LAYERS: &[(&str, Imports)] = &[
    ("text", Only(&[])),
    ("sync", Only(&[])),
    ("copy", Only(&[])),
    ("wire", Only(&[])),
    ("body", Only(&["copy"])),
    ("codec", Only(&["sync", "copy", "body"])),
    ("transport", Only(&["sync", "copy"])),
    ("octets", Only(&["copy"])),
    ("link", Only(&["text", "sync", "copy", "wire", "body", "transport"])),
    ("handshake", Only(&["text", "sync", "wire", "transport", "link"])),
    ("erreur", Only(&["text", "wire", "codec", "link"])),
    ("message", Only(&["copy", "wire", "body", "codec", "octets", "erreur"])),
    ("client", AllBelow),
    (
        "commande",
        Only(&["text", "sync", "wire", "body", "codec", "link", "erreur", "message", "client"]),
    ),
    ("connexion", AllBelow),
    ("serveur", AllBelow),
    ("traits", AllBelow),
    ("unwind", AllBelow),
    ("__prive", AllBelow),
    ("lib", AllBelow),
];

const SOURCE: &str = "cconn/src";
const ROOT_FILE: &str = "cconn/src/lib.rs";
/// The root of the crate, as a module of the table.
const ROOT: &str = "lib";

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let root_text = repo.text(ROOT_FILE).unwrap_or_default();
    let exports = exports(root_text);
    let mut found = undeclared(root_text);
    for file in repo.rust_files(&[SOURCE]) {
        if file.is_test {
            continue;
        }
        let module = source::module_of(file.path);
        let from = module.first().map_or(ROOT, String::as_str);
        if place(from).is_none() {
            found.push(unknown(file.path, from));
            continue;
        }
        // One line may hold several paths to one module; that is one fault.
        let mut seen = BTreeSet::new();
        for path in source::paths(&source::tested_code(file.text), &module) {
            if let Some(fault) = judge(from, &path, &exports)
                && seen.insert((path.line, fault.clone()))
            {
                found.push(Finding::error(format!("{}:{}", file.path, path.line), fault));
            }
        }
    }
    found
}

/// The faults of a module that is declared in the root but unknown to the table.
fn undeclared(root_text: &str) -> Vec<Finding> {
    let tokens = source::tested_code(root_text);
    let declared = source::declared_modules(&tokens).into_iter();
    declared
        .filter(|(name, _)| place(name).is_none())
        .map(|(name, line)| unknown(&format!("{ROOT_FILE}:{line}"), name))
        .collect()
}

fn unknown(place: &str, module: &str) -> Finding {
    let text =
        format!("module `{module}` is unknown: add it to LAYERS in xtask/src/tidy/layers.rs");
    Finding::error(place, text)
}

/// The names that the root re-exports, with the module each comes from.
fn exports(root_text: &str) -> BTreeMap<String, String> {
    let paths = source::paths(&source::tested_code(root_text), &[]);
    let from_layers = paths.into_iter().filter(|path| path.segments.len() > 1);
    from_layers
        .filter(|path| place(&path.segments[0]).is_some())
        .map(|path| (path.name, path.segments[0].clone()))
        .collect()
}

/// What is wrong with that path in module `from`, if anything.
fn judge(from: &str, path: &Path, exports: &BTreeMap<String, String>) -> Option<String> {
    if !path.is_rooted || from == ROOT {
        return None;
    }
    let to = match path.segments.first().map(String::as_str) {
        None | Some("*") => ROOT,
        Some(name) if place(name).is_some() => name,
        Some(name) => match exports.get(name) {
            Some(module) => module,
            None => return Some(format!("`crate::{name}` comes from no module of the table")),
        },
    };
    if may_import(from, to) {
        return None;
    }
    Some(format!("`{from}` may not import `{to}`: see LAYERS in xtask/src/tidy/layers.rs"))
}

fn may_import(from: &str, to: &str) -> bool {
    let (Some(at), Some(below)) = (place(from), place(to)) else { return false };
    at == below
        || match &LAYERS[at].1 {
            Only(modules) => modules.contains(&to),
            AllBelow => below < at,
        }
}

fn place(module: &str) -> Option<usize> {
    LAYERS.iter().position(|(name, _)| *name == module)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIB: &str = "mod wire; mod link; mod erreur; pub use erreur::{Erreur, Resultat as R};";

    fn faults(path: &str, text: &str) -> Vec<String> {
        let repo = Repo::made_up(&[(ROOT_FILE, LIB), (path, text)]);
        check(&repo).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn the_table_itself_points_downwards() {
        for (at, (name, imports)) in LAYERS.iter().enumerate() {
            assert_eq!(place(name), Some(at), "{name} stands twice");
            if let Only(modules) = imports {
                for module in *modules {
                    assert!(place(module).is_some_and(|below| below < at), "{name} -> {module}");
                }
            }
        }
    }

    #[test]
    fn allowed_edges_pass() {
        let text = "use crate::wire::CallId; use super::link::Link; use self::x::Y; use std::io;
            fn f() { crate::erreur::g() }";
        assert_eq!(faults("cconn/src/erreur.rs", text), Vec::<String>::new());
        assert_eq!(faults("cconn/src/link/x.rs", "use super::super::wire::*;"), [""; 0]);
    }

    #[test]
    fn upward_edges_are_found_however_written() {
        for text in [
            "use crate::serveur::Serveur;",
            "use crate::{wire::CallId, serveur};",
            "use super::super::serveur;",
            "fn f() { crate::serveur::g() }",
            "mod inline { use super::super::super::serveur::S; }",
        ] {
            let found = faults("cconn/src/link/x.rs", text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("`link` may not import `serveur`"), "{found:?}");
        }
    }

    #[test]
    fn a_lower_module_without_an_edge_is_refused_too() {
        assert!(faults("cconn/src/link.rs", "use crate::codec::encode;")[0].contains("`codec`"));
    }

    #[test]
    fn names_of_the_root_count_as_their_modules() {
        assert_eq!(faults("cconn/src/message.rs", "use crate::{Erreur, R};"), [""; 0]);
        assert!(faults("cconn/src/wire.rs", "use crate::Erreur;")[0].contains("`erreur`"));
        assert!(faults("cconn/src/wire.rs", "use crate::Other;")[0].contains("no module"));
        assert!(faults("cconn/src/wire.rs", "use super::*;")[0].contains("`lib`"));
    }

    #[test]
    fn tests_may_import_what_they_like() {
        let text = "#[cfg(test)] mod tests { use crate::serveur::S; }";
        assert_eq!(faults("cconn/src/wire.rs", text), [""; 0]);
        let repo = Repo::made_up(&[
            ("cconn/src/wire.rs", "#[cfg(test)] mod tests;"),
            ("cconn/src/wire/tests.rs", "use crate::serveur::S;"),
        ]);
        assert_eq!(check(&repo), []);
    }

    #[test]
    fn an_unknown_module_is_reported() {
        let found = faults("cconn/src/mystere.rs", "");
        assert!(found[0].contains("`mystere` is unknown: add it"), "{found:?}");
        let repo = Repo::made_up(&[(ROOT_FILE, "mod a { mod b; }")]);
        assert_eq!(check(&repo).len(), 1);
    }
}
