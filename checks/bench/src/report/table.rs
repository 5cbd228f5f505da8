//! The tables for people: a row a value, a column a peer, and the goals below.

use super::goals::verdicts;
use super::results::{Results, Row};
use crate::peer::Unit;

/// What the figures are, for below the table.
pub(super) const LEGEND: [&str; 2] = [
    "Values are medians of the rounds; 0.97x is that many times raw, the median of the ratios \
     within a round.",
    "What pipelined, oneway and stream are compared with is raw-batch; reverse and nested, raw's rtt.",
];

pub(super) fn print(results: &Results) {
    print_columns(&figures(results));
    println!("\n{}\n", LEGEND.join("\n"));
    print_columns(&goals(results));
}

/// The lines of the table of figures, the header first.
pub(super) fn figures(results: &Results) -> Vec<Vec<String>> {
    let peers = results.peers.iter().map(|column| column.name.to_owned());
    let header = ["work".to_owned()].into_iter().chain(peers).collect();
    let cells = |row: &Row| {
        let peers = results.peers.iter().map(|column| cell(row, column.name));
        [row.title()].into_iter().chain(peers).collect()
    };
    [header].into_iter().chain(results.rows.iter().map(cells)).collect()
}

/// The lines of the table of goals, the header first.
pub(super) fn goals(results: &Results) -> Vec<Vec<String>> {
    let header = ["goal for", "of", "found", "goal", ""].map(str::to_owned).to_vec();
    let verdicts = verdicts(results).into_iter().map(|verdict| {
        let word = verdict.word().to_owned();
        vec![verdict.row, verdict.peer.to_owned(), verdict.found, verdict.goal, word]
    });
    [header].into_iter().chain(verdicts).collect()
}

fn print_columns(lines: &[Vec<String>]) {
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
    for line in lines {
        let padded: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", padded.join("  ").trim_end());
    }
}

fn cell(row: &Row, peer: &str) -> String {
    let Some(value) = row.value(peer) else { return "n/a".to_owned() };
    let text = format_value(value, row.unit);
    match row.ratio(peer) {
        Some(ratio) if peer != row.floor => format!("{text} {}x", three_digits(ratio)),
        _ => text,
    }
}

/// A value with three digits and its unit.
pub(super) fn format_value(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Micros if value >= 1e3 => format!("{} ms", three_digits(value / 1e3)),
        Unit::PerSecond if value >= 1e6 => format!("{} M/s", three_digits(value / 1e6)),
        Unit::PerSecond if value >= 1e3 => format!("{} k/s", three_digits(value / 1e3)),
        Unit::Crates => format!("{value:.0}"),
        _ => format!("{} {}", three_digits(value), unit.symbol()),
    }
}

pub(super) fn three_digits(value: f64) -> String {
    let decimals = match value.abs() {
        value if value < 0.1 => 4,
        value if value < 1.0 => 3,
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}
