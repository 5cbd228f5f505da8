//! Iterators that are pulled after their commands have returned, and the executor's role meanwhile.
//!
//! A command's turn ends for good when it returns its iterator: the commands behind it start. The
//! thread that pulls the iterator is inside the program's code for as long as that takes. So an
//! executor hands its role on, and a stand-in reads and runs commands in its place.

use super::Turn;
use super::role::{Role, StandInTerm};
use crate::sync::{Rule, holds};
use crate::wire::CallId;

impl Turn {
    /// How many iterators are pulled.
    #[inline]
    pub(crate) fn pumping(&self) -> usize {
        self.pumps.count
    }

    /// Notes that a running handler has returned an iterator, which its thread pulls from now on.
    // [stream.turn]
    pub(crate) fn begin_pump(&mut self, parallel: bool) {
        if holds(Rule::PumpsLeaveTheTurn) {
            // `None`: the call stays in `served`, so that it may still be cancelled.
            self.finish(None, parallel);
        }
        self.pumps.count = self.pumps.count.saturating_add(1);
    }

    /// Notes that an iterator is pulled no more.
    pub(crate) fn end_pump(&mut self, call: Option<CallId>) {
        self.pumps.count = self.pumps.count.saturating_sub(1);
        if !holds(Rule::PumpsLeaveTheTurn) {
            self.finish(None, false);
        }
        self.served.end(call);
    }

    /// Leaves the executor's role to a stand-in.
    pub(crate) fn offer_role(&mut self) {
        self.pumps.role = Role::Offered;
    }

    /// Whether the executor's role waits for a stand-in.
    #[inline]
    pub(crate) fn is_role_offered(&self) -> bool {
        self.pumps.role == Role::Offered
    }

    /// Gives a stand-in the executor's role, if that is offered.
    pub(crate) fn take_role(&mut self) -> Option<StandInTerm> {
        if !self.is_role_offered() {
            return None;
        }
        self.pumps.terms = self.pumps.terms.wrapping_add(1);
        let term = StandInTerm(self.pumps.terms);
        self.pumps.role = Role::StandIn(term);
        self.pumps.in_place = self.pumps.in_place.saturating_add(1);
        Some(term)
    }

    /// Whether a stand-in still has the executor's role. A command that it has begun to run keeps
    /// it there.
    pub(crate) fn has_role(&self, term: StandInTerm) -> bool {
        self.pumps.role == Role::StandIn(term) || self.has_at_once()
    }

    /// Notes that a stand-in has noticed that its term is over.
    pub(crate) fn end_term(&mut self) {
        self.pumps.in_place = self.pumps.in_place.saturating_sub(1);
    }

    /// Stand-ins that do the executor's work: they run no commands that wait aside.
    #[inline]
    pub(crate) fn in_place(&self) -> usize {
        self.pumps.in_place
    }

    /// Gives the role back to the executor.
    pub(crate) fn recall_role(&mut self) {
        self.pumps.role = Role::Executor;
    }

    /// Whether one more stand-in may be started for the executor's role.
    pub(crate) fn may_start_for_role(&self) -> bool {
        self.stand_ins < self.pumps.most_stand_ins(self.max_waiting, self.max_parallel)
    }
}
