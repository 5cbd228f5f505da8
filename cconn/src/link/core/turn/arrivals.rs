//! Commands by the number of their arrival: which ones are run though no thread waits any more, and
//! how many are not handled yet.

use super::Turn;
use crate::link::core::command::Command;

impl Turn {
    #[inline]
    pub(super) fn number(&mut self, command: &mut Command) {
        command.number = self.arrived;
        self.arrived = self.arrived.wrapping_add(1);
    }

    /// Decides that every command that has arrived by now is run, even if no thread is left for it.
    #[inline]
    pub(crate) fn owe_what_came(&mut self) {
        self.owed = self.arrived;
    }

    /// Notes that `callers` threads no longer wait on this connection.
    #[inline]
    pub(crate) fn callers_left(&mut self, callers: usize) {
        self.callers = self.callers.saturating_sub(callers);
        self.owe_what_came();
    }

    /// A thread begins to wait until every command that has arrived is handled. Returns the id of
    /// its mark in `catching_up`.
    pub(crate) fn begin_catching_up(&mut self) -> u64 {
        let (left, below) = self.unhandled();
        self.catching_up.begin(left, below)
    }

    /// How many commands have arrived and are not handled (those that never will be included), and
    /// how many have arrived in all.
    fn unhandled(&self) -> (usize, u64) {
        // The hook for a notice occupies a thread, but is no command.
        let running = self.occupied().saturating_sub(usize::from(self.noticing));
        let left = self.backlog.len().saturating_add(running).saturating_add(self.dropped);
        (left, self.arrived)
    }
}
