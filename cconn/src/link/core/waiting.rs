//! Threads of the program that wait on a connection, and threads that sleep on it.

use std::sync::Arc;

use super::sleepers::Sleep;
use super::state::State;
use crate::sync::Parker;

/// How much had been read at some moment, to be compared with a later one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadSoFar {
    passes: u64,
    answered: u64,
}

impl State {
    /// Notes that a thread of the program begins to wait here, for whose sake commands are run. A
    /// handler of this connection is counted by its turn already: for it `counted` is false.
    #[inline]
    pub(crate) fn begin_calling(&mut self, counted: bool) {
        let caller = usize::from(counted);
        self.turn.callers = self.turn.callers.saturating_add(caller);
    }

    /// Notes that such a thread no longer waits. What came meanwhile is still run.
    #[inline]
    pub(crate) fn end_calling(&mut self, counted: bool) {
        self.turn.callers_left(usize::from(counted));
    }

    /// Decides that every command that has arrived by now is run, even if no thread is left for it.
    #[inline]
    pub(crate) fn owe_what_came(&mut self) {
        self.turn.owe_what_came();
    }

    /// Begins the wait of a thread until every command that has arrived is handled. Returns the id
    /// of its mark.
    pub(crate) fn begin_catching_up(&mut self) -> u64 {
        self.turn.begin_catching_up()
    }

    /// Whether every command is handled that had arrived when the wait began.
    #[inline]
    pub(crate) fn has_caught_up(&self, mark: u64) -> bool {
        self.turn.catching_up.has_caught_up(mark)
    }

    /// Ends such a wait; true if every command that it was for is handled.
    pub(crate) fn end_catching_up(&mut self, mark: u64) -> bool {
        self.turn.catching_up.end(mark)
    }

    /// Lists a thread that is about to sleep.
    #[inline]
    pub(crate) fn begin_sleep(&mut self, parker: Arc<Parker>, sleep: Sleep) {
        self.sleepers.push(parker, sleep);
    }

    /// Takes a thread off the list, if its sleep was not ended by another thread.
    #[inline]
    pub(crate) fn end_sleep(&mut self, parker: &Arc<Parker>) {
        self.sleepers.remove(parker);
    }

    /// Whether a sleeping thread waits for input.
    #[inline]
    pub(crate) fn has_sleeping_readers(&self) -> bool {
        self.sleepers.any(Sleep::reads)
    }

    /// How much has been read by now.
    #[inline]
    pub(crate) fn read_so_far(&self) -> ReadSoFar {
        ReadSoFar { passes: self.passes, answered: self.calls.answered() }
    }

    /// Whether a read pass has ended since.
    #[inline]
    pub(crate) fn has_read_since(&self, before: ReadSoFar) -> bool {
        self.passes != before.passes
    }

    /// Whether an answer has come since.
    #[inline]
    pub(crate) fn has_been_answered_since(&self, before: ReadSoFar) -> bool {
        self.calls.answered() != before.answered
    }

    /// Notes that a read pass since then brought nothing: it does not count as one.
    pub(crate) fn forget_pass(&mut self, before: ReadSoFar) {
        self.passes = before.passes;
    }
}
