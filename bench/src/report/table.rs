//! The table for people: a row a value, a column a peer, the goals last.

use super::goals::goal;
use super::results::{Results, Row};
use crate::peer::Unit;

pub(super) fn print(results: &Results) {
    let mut lines = vec![header(results)];
    lines.extend(results.rows.iter().map(|row| cells(results, row)));
    let columns = results.peers.len() + 2;
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in &lines {
        let padded: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        println!("{}", padded.join("  ").trim_end());
    }
    println!("\nvalues: medians of the rounds; 0.97x: that many times raw (raw-batch for");
    println!("pipelined and oneway), the median of the ratios within a round");
}

fn header(results: &Results) -> Vec<String> {
    let peers = results.peers.iter().map(|peer| (*peer).to_owned());
    ["work".to_owned()].into_iter().chain(peers).chain(["goal of cconn".to_owned()]).collect()
}

fn cells(results: &Results, row: &Row) -> Vec<String> {
    let peers = results.peers.iter().map(|peer| cell(row, peer));
    [row.title()].into_iter().chain(peers).chain([verdict(row)]).collect()
}

fn cell(row: &Row, peer: &str) -> String {
    let Some(value) = row.value(peer) else { return "n/a".to_owned() };
    let text = format_value(value, row.unit);
    match row.ratio(peer) {
        Some(ratio) if peer != row.floor => format!("{text} {}x", three_digits(ratio)),
        _ => text,
    }
}

fn verdict(row: &Row) -> String {
    let Some(goal) = goal(row) else { return String::new() };
    let text = goal.text(row);
    match goal.is_met(row) {
        Some(true) => format!("{text}  ok"),
        Some(false) => format!("{text}  MISS"),
        None => format!("{text}  ?"),
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
