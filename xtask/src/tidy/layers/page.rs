//! The layers as a person reads them: `cargo xtask layers`, and the table of CONTRIBUTING.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use super::graph::Graph;
use super::table::{Imports, LAYERS, Layer};
use super::{circles, standing};
use crate::tidy::Finding;
use crate::tidy::repo::Repo;

const PAGE: &str = "CONTRIBUTING.md";

/// What `cargo xtask layers --write` writes stands between these.
const MARKS: (&str, &str) = ("<!-- layers begin -->", "<!-- layers end -->");

pub(in crate::tidy) fn check(repo: &Repo) -> Vec<Finding> {
    let page = repo.text(PAGE).unwrap_or_default();
    let between = page.split_once(MARKS.0).and_then(|(_, rest)| rest.split_once(MARKS.1));
    if between.map(|(between, _)| between.trim()) == Some(table().trim()) {
        return Vec::new();
    }
    vec![Finding::error(PAGE, "its layers are not those of LAYERS: cargo xtask layers --write")]
}

/// Prints the layers with their rooms, files and arrows, or writes the table of CONTRIBUTING.
pub(crate) fn chore(root: &Path, flags: &[String]) -> Result<(), String> {
    let repo = Repo::load(root).map_err(|error| format!("cannot read the tree: {error}"))?;
    match flags {
        [] => print!("{}", printed(&repo)),
        [flag] if flag == "--write" => write(&repo, root)?,
        _ => return Err("`layers` takes `--write` or nothing".to_owned()),
    }
    Ok(())
}

fn write(repo: &Repo, root: &Path) -> Result<(), String> {
    let page = repo.text(PAGE).ok_or_else(|| format!("there is no {PAGE}"))?;
    let place = || format!("{PAGE} has no place for the layers");
    let (before, rest) = page.split_once(MARKS.0).ok_or_else(place)?;
    let (_, after) = rest.split_once(MARKS.1).ok_or_else(place)?;
    let new = format!("{before}{}\n{}{}{after}", MARKS.0, table(), MARKS.1);
    std::fs::write(root.join(PAGE), new).map_err(|error| format!("cannot write {PAGE}: {error}"))
}

/// The table in Markdown: each layer, its rooms, and what they own.
fn table() -> String {
    let mut text = String::from("\n| module | what it owns |\n|---|---|\n");
    for layer in LAYERS {
        for (room, owns) in layer.rooms {
            let _ = writeln!(text, "| `{}/{room}` | {owns} |", layer.name);
        }
        let _ = writeln!(text, "| `{}` | {} |", layer.name, layer.owns);
    }
    text.push('\n');
    text
}

/// Every layer with what it may use; the files of rooms, with the files that they use there.
fn printed(repo: &Repo) -> String {
    let graph = Graph::of(repo);
    let mut text = String::new();
    for layer in LAYERS {
        let imports = match layer.imports {
            Imports::Only([]) => "nothing".to_owned(),
            Imports::Only(layers) => layers.join(", "),
            Imports::AllBelow => "all above in this list".to_owned(),
        };
        let _ = writeln!(text, "{} -> {imports}", layer.name);
        rooms(&graph, layer, &mut text);
    }
    text
}

fn rooms(graph: &Graph<'_>, layer: &Layer, text: &mut String) {
    for (at, (room, _)) in layer.rooms.iter().enumerate() {
        let is_inside = |file: &usize| standing(&graph.files[*file]) == (layer.name, at);
        let files: Vec<usize> = (0..graph.files.len()).filter(is_inside).collect();
        let below: BTreeSet<&str> = graph
            .uses
            .iter()
            // A call that may be of several files is an arrow to none of them.
            .filter(|used| is_inside(&used.from) && used.to.len() == 1)
            .map(|used| standing(&graph.files[used.to[0]]))
            .filter(|(name, its_room)| *name == layer.name && *its_room != at)
            .map(|(_, room)| layer.rooms.get(room).map_or("(beside the rooms)", |room| room.0))
            .collect();
        let below: Vec<&str> = below.into_iter().collect();
        let _ = writeln!(text, "  {}/{room} -> {}", layer.name, or_nothing(&below));
        let edges = circles::edges(graph, &files);
        for file in files {
            let to = edges.get(&file).into_iter().flatten().map(|used| used.to[0]);
            let to: BTreeSet<&str> = to.map(|to| inside(graph, to)).collect();
            let to: Vec<&str> = to.into_iter().collect();
            let _ = writeln!(text, "    {} -> {}", inside(graph, file), or_nothing(&to));
        }
    }
}

/// A file's path inside its room.
fn inside<'a>(graph: &Graph<'a>, file: usize) -> &'a str {
    graph.files[file].path.splitn(4, '/').last().unwrap_or_default()
}

fn or_nothing(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}
