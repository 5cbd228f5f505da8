//! What a test is given: its scale, and where it says what it measured and what was wrong.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// One run of one test, in a process of its own. What it says goes to standard output, a line
/// each, which the parent reads.
#[derive(Debug)]
pub(crate) struct Run {
    short: bool,
    failed: AtomicBool,
}

/// First words of the lines that a child writes.
pub(crate) const FIGURE: &str = "figure";
pub(crate) const FAULT: &str = "fault";
pub(crate) const SKIP: &str = "skip";

impl Run {
    pub(crate) fn new(short: bool) -> Self {
        Run { short, failed: AtomicBool::new(false) }
    }

    /// One of two values, by scale.
    pub(crate) fn pick<T>(&self, short: T, full: T) -> T {
        if self.short { short } else { full }
    }

    pub(crate) fn is_short(&self) -> bool {
        self.short
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    /// Something measured or counted.
    #[expect(clippy::unused_self, reason = "figures belong to a run, wherever they are written")]
    pub(crate) fn figure(&self, name: &str, value: impl Display, unit: &str) {
        say(&[FIGURE, name, &value.to_string(), unit]);
    }

    /// A time measured, in milliseconds.
    pub(crate) fn time(&self, name: &str, time: Duration) {
        self.figure(name, format!("{:.2}", time.as_secs_f64() * 1e3), "ms");
    }

    /// A time measured, and the longest that it may be.
    pub(crate) fn time_within(&self, name: &str, time: Duration, most: Duration) {
        self.time(name, time);
        self.require(time <= most, || format!("{name}: {time:.1?}, at most {most:.1?}"));
    }

    /// A time measured, and the longest that it may be: `most`, or three times what the same took
    /// here without this library, on a machine that is busy.
    pub(crate) fn time_beside(&self, name: &str, time: Duration, most: Duration, plain: Duration) {
        self.time(name, time);
        self.time(&format!("{name}, without cconn"), plain);
        let most = most.max(plain.saturating_mul(3));
        self.require(time <= most, || format!("{name}: {time:.1?}, at most {most:.1?}"));
    }

    /// A count, and what it must be.
    pub(crate) fn exactly<T: Copy + Display + PartialEq>(&self, name: &str, count: T, wanted: T) {
        self.figure(name, count, "");
        self.require(count == wanted, || format!("{name}: {count}, must be {wanted}"));
    }

    /// What must hold. The test goes on where it does not, and fails.
    pub(crate) fn require(&self, holds: bool, fault: impl FnOnce() -> String) {
        if !holds {
            self.fault(&fault());
        }
    }

    /// The test can't be run here, and why.
    #[expect(clippy::unused_self, reason = "it is a run that is skipped")]
    pub(crate) fn skip(&self, reason: &str) {
        say(&[SKIP, reason]);
    }

    /// Something is wrong. The test goes on, and fails.
    pub(crate) fn fault(&self, text: &str) {
        self.failed.store(true, Ordering::SeqCst);
        say(&[FAULT, text]);
    }
}

/// Writes one line of fields. A parent that is gone needs to hear nothing.
pub(crate) fn say(fields: &[&str]) {
    let line: Vec<String> =
        fields.iter().map(|field| field.replace(['\t', '\n', '\r'], " ")).collect();
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{}", line.join("\t")).and_then(|()| out.flush());
}
