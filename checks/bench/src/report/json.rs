//! One line of JSON for each row and peer.

use std::fmt::Write;

use super::results::{Results, Row};

pub(super) fn print(results: &Results) {
    for row in &results.rows {
        for column in &results.peers {
            if let Some(value) = row.value(column.name) {
                println!("{}", line(row, column.name, value));
            }
        }
    }
}

/// No name or unit has a character that JSON would escape.
fn line(row: &Row, peer: &str, value: f64) -> String {
    let (work, unit) = (row.title(), row.unit.symbol());
    let ratio = row.ratio(peer).map_or("null".to_owned(), |ratio| format!("{ratio:.4}"));
    let mut line = String::new();
    // Writing to a string can't fail.
    let _ = write!(line, r#"{{"work":"{work}","peer":"{peer}","value":{value:.3},"#);
    let _ = write!(line, r#""unit":"{unit}","ratio_to_raw":{ratio}}}"#);
    line
}
