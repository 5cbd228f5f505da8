//! Numbers of commands, for figures.

use super::Turn;

impl Turn {
    /// How many commands have arrived in all.
    pub(crate) fn arrived(&self) -> u64 {
        self.arrivals.count()
    }

    /// How many commands have arrived and not started.
    pub(crate) fn queued(&self) -> usize {
        self.backlog.len()
    }
}
