//! Layers of cconn and rooms inside a layer use what is below them only, and no files of a room
//! use each other in a circle.
//!
//! `table` says which layers and rooms there are, `graph` who uses whom.

mod circles;
mod graph;
mod page;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::repo::Repo;
use crate::source;
use graph::{File, Graph, Use};
pub(super) use page::check as check_page;
pub(crate) use page::chore;
use table::{LAYERS, may_use, place};

const SOURCE: &str = "cconn/src";
const ROOT_FILE: &str = "cconn/src/lib.rs";
/// The root of the crate, as a layer of the table.
const ROOT: &str = "lib";
const TABLE: &str = "see LAYERS in xtask/src/tidy/layers/table.rs";

/// Layers whose rooms are being built: a circle of files in them is a warning.
const UNDER_WORK: &[&str] = &[];

pub(super) fn check(repo: &Repo) -> Vec<Finding> {
    let graph = Graph::of(repo);
    let mut found = unknown_modules(repo);
    found.extend(imports(repo));
    // One line may use one file in several ways; that is one fault.
    let mut seen = BTreeSet::new();
    for used in &graph.uses {
        if let Some(text) = judge(&graph.files, used) {
            let place = format!("{}:{}", graph.files[used.from].path, used.line);
            if seen.insert((place.clone(), used.to.clone())) {
                found.push(Finding::error(place, text));
            }
        }
    }
    found.extend(circles::check(&graph));
    found
}

/// The layer of a file, and how far up it stands among the rooms; beside them is above them.
fn standing(file: &File<'_>) -> (&'static str, usize) {
    let name = file.module.first().map_or(ROOT, String::as_str);
    let Some(at) = place(name) else { return ("", 0) };
    let layer = &LAYERS[at];
    let room = file.module.get(1);
    let is_room = |(name, _): &(&str, _)| room.is_some_and(|room| room == name);
    (layer.name, layer.rooms.iter().position(is_room).unwrap_or(layer.rooms.len()))
}

/// What is wrong with the use of one file by another, if anything.
fn judge(files: &[File<'_>], used: &Use) -> Option<String> {
    let (layer, room) = standing(&files[used.from]);
    let is_allowed = |to: &usize| {
        let (its_layer, its_room) = standing(&files[*to]);
        if layer == its_layer { its_room <= room } else { may_use(layer, its_layer) }
    };
    if layer == ROOT || used.to.iter().any(is_allowed) {
        return None;
    }
    let is_near = |to: &&usize| standing(&files[**to]).0 == layer;
    let to = &files[*used.to.iter().find(is_near).unwrap_or(&used.to[0])];
    let (its_layer, its_room) = standing(to);
    let (from, to_name) = if layer == its_layer {
        (named(layer, room), named(its_layer, its_room))
    } else if used.how.starts_with("calls") {
        (layer.to_owned(), its_layer.to_owned())
    } else {
        // What a layer imports is judged by the path as it is written.
        return None;
    };
    Some(format!("`{from}` may not use `{to_name}`, but {} of {}: {TABLE}", used.how, to.path))
}

/// Whether that is one of the layer's rooms, and not what stands beside them.
fn is_room(layer: &str, room: usize) -> bool {
    place(layer).is_some_and(|at| room < LAYERS[at].rooms.len())
}

/// A room as a text names it; beside the rooms is the layer itself.
fn named(layer: &str, room: usize) -> String {
    let rooms = place(layer).map_or(&[][..], |at| LAYERS[at].rooms);
    rooms.get(room).map_or(layer.to_owned(), |(name, _)| format!("{layer}/{name}"))
}

/// The modules of the root that the table does not know, as files and as declared.
fn unknown_modules(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut judge = |place: String, module: &str| {
        if table::place(module).is_none() {
            let text = format!("module `{module}` is unknown: add it, {TABLE}");
            found.push(Finding::error(place, text));
        }
    };
    for file in repo.rust_files(&[SOURCE]).iter().filter(|file| !file.is_test) {
        let module = source::module_of(file.path);
        if let Some(name) = module.first() {
            judge(file.path.to_owned(), name);
        }
        if file.path == ROOT_FILE {
            for item in &file.untested().items {
                if let syn::Item::Mod(item) = item {
                    let line = source::line(item.ident.span());
                    judge(format!("{ROOT_FILE}:{line}"), &item.ident.to_string());
                }
            }
        }
    }
    found
}

/// The paths that lead from a layer to one that it may not import.
fn imports(repo: &Repo) -> Vec<Finding> {
    let files = repo.rust_files(&[SOURCE]);
    let root = files.iter().find(|file| file.path == ROOT_FILE);
    let exports = root.map(|root| exports(root.untested())).unwrap_or_default();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !file.is_test && file.path != ROOT_FILE) {
        let module = source::module_of(file.path);
        let Some(from) = module.first().filter(|name| place(name).is_some()) else { continue };
        // One line may hold several paths to one layer; that is one fault.
        let mut seen = BTreeSet::new();
        for path in source::paths(file.untested(), &module) {
            if let Some(fault) = judge_path(from, &path, &exports)
                && seen.insert((path.line, fault.clone()))
            {
                found.push(Finding::error(format!("{}:{}", file.path, path.line), fault));
            }
        }
    }
    found
}

/// The names that the root re-exports, with the layer each comes from.
fn exports(root: &syn::File) -> BTreeMap<String, String> {
    let paths = source::paths(root, &[]).into_iter();
    let from_layers = paths.filter(|path| path.is_use && path.segments.len() > 1);
    from_layers
        .filter(|path| place(&path.segments[0]).is_some())
        .map(|path| (path.name, path.segments[0].clone()))
        .collect()
}

/// What is wrong with that path in layer `from`, if anything.
fn judge_path(
    from: &str,
    path: &source::Path,
    exports: &BTreeMap<String, String>,
) -> Option<String> {
    if !path.is_rooted {
        return None;
    }
    let to = match path.segments.first().map(String::as_str) {
        None | Some("*") => ROOT,
        Some(name) if place(name).is_some() => name,
        Some(name) => match exports.get(name) {
            Some(layer) => layer,
            None => return Some(format!("`crate::{name}` comes from no layer: {TABLE}")),
        },
    };
    (!may_use(from, to)).then(|| format!("`{from}` may not import `{to}`: {TABLE}"))
}
