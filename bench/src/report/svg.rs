//! A picture for each group of works: horizontal bars, a panel a row, written by hand.
//!
//! The colours are middling ones, which are readable on light and on dark ground alike, so that
//! the pictures need no ground of their own.

use std::fmt::Write;
use std::path::Path;

use super::results::{Results, Row};
use super::table::{format_value, three_digits};
use crate::outcome::Outcome;

const TEXT: &str = "#7d8590";
const BAR: &str = "#6e7fa8";
/// The bars of cconn.
const OWN: &str = "#d9822b";

/// All in pixels.
const WIDTH: u32 = 720;
const LABELS: u32 = 96;
const VALUES: u32 = 168;
const LINE: u32 = 22;
const THICKNESS: u32 = 14;
const GAP: u32 = 16;

pub(super) fn draw(results: &Results, folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    let mut groups: Vec<&str> = results.rows.iter().map(|row| row.label.group).collect();
    groups.dedup();
    for group in groups {
        let rows: Vec<&Row> =
            results.rows.iter().filter(|row| row.label.group == group && is_drawn(row)).collect();
        std::fs::write(folder.join(format!("{group}.svg")), picture(&rows, &results.peers)?)?;
    }
    Ok(())
}

/// Medians and costs; percentiles and CPU times are left to the table.
fn is_drawn(row: &Row) -> bool {
    row.name.is_empty() || row.name == "p50" || row.label.group == "cost"
}

fn picture(rows: &[&Row], peers: &[&str]) -> Outcome<String> {
    let mut body = String::new();
    let mut y = 0;
    for row in rows {
        y = panel(&mut body, row, peers, y)?;
    }
    let mut svg = String::new();
    write!(svg, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" "#)?;
    write!(svg, r#"viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="13" "#)?;
    writeln!(svg, r#"fill="{TEXT}">"#)?;
    svg.push_str(&body);
    svg.push_str("</svg>\n");
    Ok(svg)
}

/// Draws a row from `top` on; where the next one begins.
fn panel(body: &mut String, row: &Row, peers: &[&str], top: u32) -> Outcome<u32> {
    let better = if row.unit.is_rate() { "more is better" } else { "less is better" };
    let title = row.title();
    let mut y = top + LINE;
    let at = y - 6;
    writeln!(body, r#"<text y="{at}" font-weight="bold">{title} ({better})</text>"#)?;
    let bars: Vec<(&str, f64)> =
        peers.iter().filter_map(|peer| Some((*peer, row.value(peer)?))).collect();
    let longest = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    for (peer, value) in bars {
        bar(body, row, (peer, value), value / longest, y)?;
        y += LINE;
    }
    Ok(y + GAP)
}

fn bar(body: &mut String, row: &Row, bar: (&str, f64), share: f64, y: u32) -> Outcome<()> {
    let (peer, value) = bar;
    let length = (f64::from(WIDTH - LABELS - VALUES) * share).max(1.0);
    let colour = if peer == "cconn" { OWN } else { BAR };
    let ratio = row.ratio(peer).filter(|_| peer != row.floor);
    let ratio = ratio.map_or(String::new(), |ratio| format!(", {} x raw", three_digits(ratio)));
    let value = format_value(value, row.unit);
    let (text_y, x) = (y + 12, LABELS - 8);
    let after = f64::from(LABELS) + length + 6.0;
    writeln!(body, r#"<text x="{x}" y="{text_y}" text-anchor="end">{peer}</text>"#)?;
    write!(body, r#"<rect x="{LABELS}" y="{y}" width="{length:.1}" height="{THICKNESS}" "#)?;
    writeln!(body, r#"rx="2" fill="{colour}"/>"#)?;
    writeln!(body, r#"<text x="{after:.1}" y="{text_y}">{value}{ratio}</text>"#)?;
    Ok(())
}
