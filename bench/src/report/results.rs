//! All figures, by row and peer; medians over rounds, ratios within them.

use std::collections::HashMap;

use crate::laps::median;
use crate::peer::{Figure, Peer, Unit};
use crate::work::{COST, Case};

/// The rows, in the order in which they were measured, for these peers.
pub(crate) struct Results {
    pub(super) peers: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// The work's group.
    pub(crate) group: &'static str,
    pub(crate) work: String,
    /// Where it ran; empty where the system chose.
    pub(crate) place: String,
}

impl Label {
    pub(crate) fn of_case(case: Case) -> Label {
        let (work, place) = (case.work.to_string(), case.pinning.to_string());
        Label { group: case.work.group(), work, place }
    }

    pub(crate) fn of_cost() -> Label {
        Label { group: COST, work: COST.to_owned(), place: String::new() }
    }
}

/// One measured value, of every peer.
pub(crate) struct Row {
    pub(super) label: Label,
    /// Which value of the work; empty where it has only one.
    pub(super) name: String,
    pub(super) unit: Unit,
    /// The peer to which ratios are; none where bare sockets cost nothing.
    pub(super) floor: &'static str,
    /// Each peer's values, by round.
    values: HashMap<String, HashMap<usize, f64>>,
}

impl Results {
    pub(crate) fn new(peers: &[&'static dyn Peer]) -> Results {
        Results { peers: peers.iter().map(|peer| peer.name()).collect(), rows: Vec::new() }
    }

    pub(crate) fn add(&mut self, label: &Label, round: usize, peer: &str, figures: &[Figure]) {
        for figure in figures {
            self.row(label, figure).add(peer, round, figure.value);
        }
    }

    fn row(&mut self, label: &Label, figure: &Figure) -> &mut Row {
        let is_it = |row: &Row| row.label == *label && row.name == figure.name;
        let at = self.rows.iter().position(is_it).unwrap_or_else(|| {
            self.rows.push(Row {
                label: label.clone(),
                name: figure.name.to_string(),
                unit: figure.unit,
                floor: floor_of(label.group),
                values: HashMap::new(),
            });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

/// Where one system call may carry many messages, the floor does so too.
fn floor_of(group: &str) -> &'static str {
    match group {
        "pipelined" | "oneway" => "raw-batch",
        COST => "",
        _ => "raw",
    }
}

impl Row {
    fn add(&mut self, peer: &str, round: usize, value: f64) {
        self.values.entry(peer.to_owned()).or_default().insert(round, value);
    }

    /// The row's name, as one text.
    pub(super) fn title(&self) -> String {
        let mut title = self.label.work.clone();
        if !self.name.is_empty() {
            title = format!("{title} {}", self.name);
        }
        if !self.label.place.is_empty() {
            title = format!("{title}, {}", self.label.place);
        }
        title
    }

    /// The median over all rounds.
    pub(super) fn value(&self, peer: &str) -> Option<f64> {
        let values: Vec<f64> = self.values.get(peer)?.values().copied().collect();
        median(&values)
    }

    /// The median of the ratios to the floor, each taken within a round.
    pub(super) fn ratio(&self, peer: &str) -> Option<f64> {
        let floor = self.values.get(self.floor)?;
        let ratio = |(round, value): (&usize, &f64)| Some(value / floor.get(round)?);
        let ratios: Vec<f64> = self.values.get(peer)?.iter().filter_map(ratio).collect();
        median(&ratios)
    }
}
