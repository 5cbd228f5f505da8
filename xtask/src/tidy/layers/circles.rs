//! Files of one room that use each other in a circle.

use std::collections::BTreeMap;

use super::graph::{Graph, Use};
use super::{UNDER_WORK, is_room, named, standing};
use crate::tidy::Finding;

/// One shortest circle of each knot, with the line of each use in it.
pub(super) fn check(graph: &Graph<'_>) -> Vec<Finding> {
    let mut rooms = BTreeMap::<(&str, usize), Vec<usize>>::new();
    for (at, file) in graph.files.iter().enumerate() {
        let (layer, room) = standing(file);
        if is_room(layer, room) {
            rooms.entry((layer, room)).or_default().push(at);
        }
    }
    let mut found = Vec::new();
    for ((layer, room), files) in rooms {
        let is_warning = UNDER_WORK.contains(&layer);
        for circle in all(graph, files) {
            let steps: Vec<String> = circle.iter().map(|used| step(graph, used)).collect();
            let text = format!(
                "files of `{}` use each other in a circle: {}",
                named(layer, room),
                steps.join("; ")
            );
            let place = format!("{}:{}", graph.files[circle[0].from].path, circle[0].line);
            found.push(Finding { is_warning, place, text });
        }
    }
    found
}

fn step(graph: &Graph<'_>, used: &Use) -> String {
    let [from, to] = [used.from, used.to[0]].map(|file| graph.files[file].path);
    format!("{from}:{} {} of {to}", used.line, used.how)
}

/// The circles among these files, no two through the same file.
fn all<'a>(graph: &'a Graph<'_>, mut files: Vec<usize>) -> Vec<Vec<&'a Use>> {
    let mut found = Vec::new();
    loop {
        let edges = edges(graph, &files);
        let circles = files.iter().filter_map(|file| shortest(&edges, *file));
        let Some(circle) = circles.min_by_key(Vec::len) else { return found };
        files.retain(|file| circle.iter().all(|used| used.from != *file));
        found.push(circle);
    }
}

/// The uses that lead to one file, among those files.
pub(super) fn edges<'a>(graph: &'a Graph<'_>, files: &[usize]) -> BTreeMap<usize, Vec<&'a Use>> {
    let mut edges = BTreeMap::<usize, Vec<&Use>>::new();
    for used in &graph.uses {
        if let [to] = &*used.to
            && files.contains(to)
            && files.contains(&used.from)
        {
            edges.entry(used.from).or_default().push(used);
        }
    }
    edges
}

/// The shortest way from a file back to itself.
fn shortest<'a>(edges: &BTreeMap<usize, Vec<&'a Use>>, start: usize) -> Option<Vec<&'a Use>> {
    let mut reached = BTreeMap::<usize, &Use>::new();
    let mut next = std::collections::VecDeque::from([start]);
    while let Some(file) = next.pop_front() {
        for used in edges.get(&file).into_iter().flatten() {
            let to = used.to[0];
            if reached.contains_key(&to) {
                continue;
            }
            reached.insert(to, used);
            next.push_back(to);
        }
        if reached.contains_key(&start) {
            break;
        }
    }
    let mut way = vec![*reached.get(&start)?];
    while way[0].from != start {
        way.insert(0, reached[&way[0].from]);
    }
    Some(way)
}
