//! Handlers that wait for a peer: they give the turn up, and take it back.

use super::{Crowded, Turn};
use crate::sync::{Rule, holds};

impl Turn {
    /// Gives up the turn of a handler that is about to wait for a peer. An error if too many wait
    /// already.
    // [order.waiting]
    pub(crate) fn leave(&mut self, parallel: bool) -> Result<(), Crowded> {
        if self.waiting >= self.max_waiting && holds(Rule::WaitsAreCounted) {
            return Err(Crowded);
        }
        self.waiting = self.waiting.saturating_add(1);
        // `None`: the call stays in `served`, because its handler only waits and may still be
        // cancelled.
        self.finish(None, parallel);
        Ok(())
    }

    /// Notes that a handler's wait has ended: it goes on at once, whatever else runs.
    pub(crate) fn come_back(&mut self, parallel: bool) {
        self.waiting = self.waiting.saturating_sub(1);
        self.count(parallel, 1);
        // Commands that came during the wait are run even if no other thread waits for them.
        self.owe_what_came();
    }
}
