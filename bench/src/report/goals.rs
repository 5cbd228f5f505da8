//! The standard that cconn is held to.
//!
//! Ratios are to *raw*, or to *raw-batch* for the works that it does.

use super::results::Row;

/// What a row's value of cconn should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    /// The ratio to the floor.
    AtMost(f64),
    AtLeast(f64),
    /// The value itself, beyond the floor's.
    MoreThanFloor(f64),
    /// The value itself.
    Value(f64),
    /// A share of another peer's value.
    ShareOf(&'static str, f64),
}

/// The goal for a row, if there is one.
pub(super) fn goal(row: &Row) -> Option<Goal> {
    match (row.label.group, &*row.name) {
        ("rtt", "p50") => Some(Goal::AtMost(1.05)),
        ("pipelined", _) => Some(Goal::AtLeast(0.35)),
        ("oneway", _) => Some(Goal::AtLeast(0.2)),
        ("clients", _) if row.label.work != "clients 1" => Some(Goal::AtLeast(0.95)),
        ("echo", _) => Some(Goal::AtLeast(0.95)),
        ("connect", _) => Some(Goal::AtLeast(0.9)),
        ("idle", _) => Some(Goal::MoreThanFloor(2.0)),
        ("cost", "crates") => Some(Goal::Value(16.0)),
        ("cost", "build") => Some(Goal::ShareOf("tarpc", 0.5)),
        _ => None,
    }
}

impl Goal {
    /// Whether cconn's value reaches it; `None` where something to compare is missing.
    pub(super) fn is_met(self, row: &Row) -> Option<bool> {
        let value = row.value("cconn")?;
        match self {
            Goal::AtMost(most) => Some(row.ratio("cconn")? <= most),
            Goal::AtLeast(least) => Some(row.ratio("cconn")? >= least),
            Goal::MoreThanFloor(more) => Some(value <= row.value(row.floor)? + more),
            Goal::Value(most) => Some(value <= most),
            Goal::ShareOf(peer, share) => Some(value <= share * row.value(peer)?),
        }
    }

    pub(super) fn text(self, row: &Row) -> String {
        let (floor, unit) = (row.floor, row.unit.symbol());
        match self {
            Goal::AtMost(most) => format!("<= {most:.2} {floor}"),
            Goal::AtLeast(least) => format!(">= {least:.2} {floor}"),
            Goal::MoreThanFloor(more) => format!("<= {floor} + {more} {unit}"),
            Goal::Value(most) => format!("<= {most}"),
            Goal::ShareOf(peer, share) => format!("<= {share:.2} {peer}"),
        }
    }
}
