//! One picture of the main works: small panels of horizontal bars, written by hand.
//!
//! The colours are middling ones, which are readable on light and on dark ground alike, so that
//! the picture needs no ground of its own; the fonts are the viewer's.

use std::fmt::Write;
use std::path::Path;

use super::results::{Column, Results, Row};
use super::table::{format_value, three_digits};
use crate::outcome::Outcome;
use crate::peer::Kind;

const TEXT: &str = "#7d8590";
/// The bars, by kind of peer; cconn with other settings than its defaults is paler.
const OWN: &str = "#e0702a";
const FLOOR: &str = "#9aa2ad";
const OTHER: &str = "#5b82c4";

/// All in pixels.
const COLUMNS: u32 = 3;
const WIDTH: u32 = 320;
const GAP: u32 = 22;
const LABELS: u32 = 88;
const VALUES: u32 = 134;
const HEAD: u32 = 26;
const LINE: u32 = 19;
const THICKNESS: u32 = 13;

/// The works that have a panel; of those that were measured at two places, each has its own.
const DRAWN: &[&str] = &["rtt", "pipelined", "clients", "oneway", "echo", "connect", "idle"];

pub(super) fn draw(results: &Results, folder: &Path) -> Outcome<()> {
    std::fs::create_dir_all(folder)?;
    Ok(std::fs::write(folder.join("speed.svg"), picture(results)?)?)
}

fn is_drawn(row: &Row) -> bool {
    row.is_main() && DRAWN.contains(&row.label.group) && row.label.work != "clients 1"
}

fn picture(results: &Results) -> Outcome<String> {
    let mut body = String::new();
    let mut top = 0;
    let rows: Vec<&Row> = results.rows.iter().filter(|row| is_drawn(row)).collect();
    for line in rows.chunks(COLUMNS as usize) {
        let mut height = 0;
        for (row, x) in line.iter().zip((0..).step_by((WIDTH + GAP) as usize)) {
            let bars = bars(row, &results.peers);
            height = height.max(HEAD + LINE * u32::try_from(bars.len())?);
            panel(&mut body, row, &bars, (x, top))?;
        }
        top += height + GAP;
    }
    let (width, height) = (COLUMNS * (WIDTH + GAP) - GAP, top.saturating_sub(GAP));
    let mut svg = String::new();
    write!(svg, r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" "#)?;
    write!(svg, r#"viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" "#)?;
    writeln!(svg, r#"font-size="12" fill="{TEXT}">"#)?;
    svg.push_str(&body);
    svg.push_str("</svg>\n");
    Ok(svg)
}

struct Bar<'a> {
    peer: Column,
    value: f64,
    row: &'a Row,
}

fn bars<'a>(row: &'a Row, peers: &[Column]) -> Vec<Bar<'a>> {
    let bar = |peer: &Column| Some(Bar { peer: *peer, value: row.value(peer.name)?, row });
    peers.iter().filter_map(bar).collect()
}

fn panel(body: &mut String, row: &Row, bars: &[Bar], corner: (u32, u32)) -> Outcome<()> {
    let better = if row.unit.is_rate() { "more is better" } else { "less is better" };
    let (x, top) = corner;
    let y = top + 14;
    let title = row.title();
    write!(body, r#"<text x="{x}" y="{y}"><tspan font-weight="bold">{title}"#)?;
    writeln!(body, "</tspan> · {better}</text>")?;
    let longest = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    for (bar, y) in bars.iter().zip((top + HEAD..).step_by(LINE as usize)) {
        bar.draw(body, bar.value / longest, (x, y))?;
    }
    Ok(())
}

impl Bar<'_> {
    fn draw(&self, body: &mut String, share: f64, corner: (u32, u32)) -> Outcome<()> {
        let (x, y) = (corner.0 + LABELS, corner.1);
        let length = (f64::from(WIDTH - LABELS - VALUES) * share).max(1.5);
        let (label_x, text_y, after) = (x - 8, y + 11, f64::from(x) + length + 6.0);
        let (look, weight) = self.look();
        let (name, value) = (self.peer.name, format_value(self.value, self.row.unit));
        write!(
            body,
            r#"<text x="{label_x}" y="{text_y}" text-anchor="end"{weight}>{name}</text>"#
        )?;
        write!(body, r#"<rect x="{x}" y="{y}" width="{length:.1}" height="{THICKNESS}" rx="2" "#)?;
        writeln!(body, "{look}/>")?;
        writeln!(
            body,
            r#"<text x="{after:.1}" y="{text_y}"{weight}>{value}{}</text>"#,
            self.ratio()
        )?;
        Ok(())
    }

    /// The bar's colour, and how its text differs.
    fn look(&self) -> (String, &'static str) {
        let fill = |colour| format!(r#"fill="{colour}""#);
        match self.peer.kind {
            Kind::Own if self.peer.name == "cconn" => (fill(OWN), r#" font-weight="bold""#),
            Kind::Own => (fill(OWN) + r#" fill-opacity="0.6""#, ""),
            Kind::Floor => (fill(FLOOR), ""),
            Kind::Other => (fill(OTHER), ""),
        }
    }

    /// How it compares with the floor.
    fn ratio(&self) -> String {
        if self.peer.name == self.row.floor {
            return " · 1×".to_owned();
        }
        let ratio = self.row.ratio(self.peer.name);
        ratio.map_or(String::new(), |ratio| format!(" · {}×", three_digits(ratio)))
    }
}
