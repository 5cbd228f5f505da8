//! The line that shows how far a load is, on the standard error.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::drive::Shared;
use super::report;
use crate::arguments::Common;
use crate::progress;

/// How often the line is drawn.
const RHYTHM: Duration = Duration::from_millis(250);

/// Whether somebody sees the line.
pub fn is_wanted(common: &Common) -> bool {
    io::stderr().is_terminal() && !common.json
}

/// The line, which is taken away at the end.
#[derive(Debug, Default)]
pub struct Live {
    /// When it was drawn last.
    drawn: Option<Instant>,
}

impl Live {
    /// Draws the line, if it is time to.
    pub fn show(&mut self, shared: &Shared) {
        if self.drawn.is_some_and(|drawn| drawn.elapsed() < RHYTHM) {
            return;
        }
        let text = fitting(&parts(shared), progress::width());
        let _closed = write!(io::stderr(), "\r\x1b[K{text}");
        self.drawn = Some(Instant::now());
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.drawn.is_some() {
            let _closed = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// What the line shows, the most important first.
fn parts(shared: &Shared) -> Vec<String> {
    let (time, tally) = (shared.elapsed(), shared.sum());
    let done = tally.latencies.len();
    let mut parts =
        vec![format!("{:.0}/s", report::rate(done, time)), format!("{} s", time.as_secs())];
    if done > 0 {
        let at = |quantile| Duration::from_nanos(tally.latencies.value_at_quantile(quantile));
        parts.push(format!("p50 {:.1?}", at(0.5)));
        parts.push(format!("p99 {:.1?}", at(0.99)));
    }
    parts.push(format!("{done} calls"));
    parts
}

/// As many parts as the width holds. Only the first one is cut: half a figure is a wrong figure.
fn fitting(parts: &[String], width: usize) -> String {
    let mut line = String::new();
    for part in parts {
        let gap = if line.is_empty() { "" } else { "  " };
        let longer = format!("{line}{gap}{part}");
        if !line.is_empty() && progress::columns(&longer) > width {
            break;
        }
        line = longer;
    }
    progress::cut(&line, width).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_whole_figures_only() {
        let parts = ["345/s", "3 s", "p50 1.2µs", "p99 9.8ms"].map(str::to_owned);
        for (width, line) in [
            (80, "345/s  3 s  p50 1.2µs  p99 9.8ms"),
            (32, "345/s  3 s  p50 1.2µs  p99 9.8ms"),
            (31, "345/s  3 s  p50 1.2µs"),
            (20, "345/s  3 s"),
            (5, "345/s"),
            (2, "34"),
            (0, ""),
        ] {
            assert_eq!(fitting(&parts, width), line, "{width}");
        }
    }
}
