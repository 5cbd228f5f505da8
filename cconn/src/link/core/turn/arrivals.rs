//! Commands by the number of their arrival: which of them are run though nobody is there any more,
//! and how many are not handled yet.

use super::{Command, Turn};

impl Turn {
    #[inline]
    pub(super) fn number(&mut self, command: &mut Command) {
        command.number = self.arrived;
        self.arrived = self.arrived.wrapping_add(1);
    }

    /// What has come by now is run, whoever is there for it later.
    #[inline]
    pub(crate) fn owe_what_came(&mut self) {
        self.owed = self.arrived;
    }

    /// So many threads that waited here go on to something else.
    #[inline]
    pub(crate) fn callers_left(&mut self, callers: usize) {
        self.callers = self.callers.saturating_sub(callers);
        self.owe_what_came();
    }

    /// Commands that have arrived and are not handled yet, or never will be, and how many have ever
    /// arrived.
    pub(crate) fn unhandled(&self) -> (usize, u64) {
        let running = self.occupied().saturating_sub(usize::from(self.noticing));
        let left = self.backlog.len().saturating_add(running).saturating_add(self.dropped);
        (left, self.arrived)
    }
}
