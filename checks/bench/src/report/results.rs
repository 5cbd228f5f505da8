//! All figures, by row and peer; medians over rounds, ratios within them.

use std::collections::HashMap;

use crate::laps::median;
use crate::peer::{Figure, Kind, Peer, Unit};
use crate::work::{COST, Case};

/// The rows, in the order of the table, for these peers.
pub(crate) struct Results {
    pub(super) peers: Vec<Column>,
    pub(super) rows: Vec<Row>,
    /// *raw*'s round trips, by place and round.
    trips: HashMap<(String, usize), f64>,
}

/// A peer of the table.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// What `reverse` and `nested` are compared with, as if it were a peer: *raw*'s round trip at the
/// same place.
pub(super) const ROUND_TRIP: &str = "raw's rtt";

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Label {
    /// The work's group.
    pub(crate) group: &'static str,
    pub(crate) work: String,
    /// Where it ran; empty where the system chose.
    pub(crate) place: String,
    /// Its place in the table.
    order: usize,
}

impl Label {
    pub(crate) fn of_case(case: Case) -> Label {
        let (work, place) = (case.work.to_string(), case.pinning.to_string());
        Label { group: case.work.group(), work, place, order: case.number() }
    }

    pub(crate) fn of_cost() -> Label {
        Label { group: COST, work: COST.to_owned(), place: String::new(), order: usize::MAX }
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
        let column = |peer: &&'static dyn Peer| Column { name: peer.name(), kind: peer.kind() };
        Results {
            peers: peers.iter().map(column).collect(),
            rows: Vec::new(),
            trips: HashMap::new(),
        }
    }

    pub(crate) fn add(&mut self, label: &Label, round: usize, peer: &str, figures: &[Figure]) {
        for figure in figures {
            let place = (label.place.clone(), round);
            if (label.group, &*figure.name, peer) == ("rtt", "p50", "raw") {
                self.trips.insert(place.clone(), figure.value);
            }
            let trip = self.trips.get(&place).copied();
            let row = self.row(label, figure);
            row.add(peer, round, figure.value);
            if let (ROUND_TRIP, Some(trip)) = (row.floor, trip) {
                row.add(ROUND_TRIP, round, trip);
            }
        }
    }

    fn row(&mut self, label: &Label, figure: &Figure) -> &mut Row {
        let is_it = |row: &Row| row.label == *label && row.name == figure.name;
        let at = self.rows.iter().position(is_it).unwrap_or_else(|| {
            let row = Row {
                label: label.clone(),
                name: figure.name.to_string(),
                unit: figure.unit,
                floor: floor_of(label.group),
                values: HashMap::new(),
            };
            let at = self.rows.partition_point(|before| before.label.order <= label.order);
            self.rows.insert(at, row);
            at
        });
        &mut self.rows[at]
    }
}

/// Where one system call may carry many messages, the floor does so too; and calls in the other
/// direction are compared with those in the usual one.
fn floor_of(group: &str) -> &'static str {
    match group {
        "pipelined" | "oneway" | "stream" => "raw-batch",
        "reverse" | "nested" => ROUND_TRIP,
        COST => "",
        _ => "raw",
    }
}

impl Row {
    fn add(&mut self, peer: &str, round: usize, value: f64) {
        self.values.entry(peer.to_owned()).or_default().insert(round, value);
    }

    /// Medians, rates and costs; percentiles and CPU times are details.
    pub(super) fn is_main(&self) -> bool {
        self.name.is_empty() || self.name == "p50" || self.label.group == COST
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
        self.ratio_to(self.floor, peer)
    }

    /// The same to another peer.
    pub(super) fn ratio_to(&self, other: &str, peer: &str) -> Option<f64> {
        let others = self.values.get(other)?;
        let ratio = |(round, value): (&usize, &f64)| Some(value / others.get(round)?);
        let ratios: Vec<f64> = self.values.get(peer)?.iter().filter_map(ratio).collect();
        median(&ratios)
    }
}
