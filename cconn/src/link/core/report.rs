//! How far commands have come: one report, and what one connection knows of those that are wanted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::table::Table;
use crate::wire::CallId;

/// One report of a call is sent in so long, at most.
// [progress.rate]
const PACE: Duration = Duration::from_millis(100);

/// How far a command has come, as the command says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) done: u64,
    /// 0 if it is not known.
    pub(crate) total: u64,
    pub(crate) text: Box<str>,
}

/// What the peer is told of one of its calls.
#[derive(Debug, Default)]
pub(super) struct Told {
    sent: Option<Instant>,
    /// The latest report that was not sent yet; the call is in `Reports::line` if there is one.
    pub(super) waits: Option<Report>,
}

impl Told {
    /// For how long no report of this call may be sent.
    pub(super) fn pause(&self, now: Instant) -> Duration {
        let passed = self.sent.map(|sent| now.saturating_duration_since(sent));
        passed.map_or(Duration::ZERO, |passed| PACE.saturating_sub(passed))
    }

    /// Takes the report that waits, to send it now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Report> {
        let report = self.waits.take()?;
        self.sent = Some(now);
        Some(report)
    }
}

/// The calls of one connection that want reports, in both directions.
///
/// Most connections have none, and then this holds no memory.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// Calls of the peer's that have no outcome yet.
    pub(super) told: Table<Told>,
    /// Those of which a report waits, the one that has waited longest first. Of some
    /// it was sent since, and some have their outcome.
    pub(super) line: VecDeque<CallId>,
    /// Calls of this side, and the latest report of each that was not taken yet.
    pub(super) wanted: Table<Option<Report>>,
}

#[cfg(any(test, model, fuzzing))]
impl Reports {
    /// How many calls each of its fields holds.
    pub(super) fn kept(&self) -> [usize; 3] {
        [self.told.len(), self.line.len(), self.wanted.len()]
    }
}
