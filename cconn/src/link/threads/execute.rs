//! The threads that run commands: the executor, its stand-ins, and the refusal if no thread can be
//! had.

use std::sync::Arc;
use std::time::Duration;

use super::aside::Aside;
use super::chained::Chained;
use super::role::Role;
use super::run::Hands;
use crate::link::Link;
use crate::link::core::route::Router;
use crate::link::core::running::Front;
use crate::link::core::sleepers::Sleep;
use crate::link::core::turn::{self, StandInTerm};
use crate::link::io::lock::Locked;
use crate::sync::Deadline;

/// A stand-in ends after this long without work.
const STAND_IN_PATIENCE: Duration = Duration::from_secs(10);

/// How long a stand-in waits for work if the process has few threads left, which others need.
const SCARCE_PATIENCE: Duration = Duration::from_millis(10);

impl Link {
    /// Runs the peer's commands until the connection has ended; the calling thread becomes the
    /// executor.
    ///
    /// If nothing else is in the way, the executor reads and runs commands by itself: no other
    /// thread takes part. Returns `false` at once if another thread is the executor, or if the
    /// calling thread is inside a command of this connection.
    pub(crate) fn execute(self: &Arc<Self>) -> bool {
        if self.is_served_here() {
            return false;
        }
        let begins = self.locked(|state| state.become_executor());
        if begins {
            self.execute_on();
        }
        begins
    }

    /// Makes commands wait from now on until `admit_and_execute`, whichever thread could run them.
    pub(crate) fn hold_commands(&self) {
        self.locked(|state| state.hold_commands());
    }

    /// Lets commands start, including those that waited for it, and runs them as `execute` does.
    pub(crate) fn admit_and_execute(self: &Arc<Self>) {
        self.locked(|state| state.admit_commands());
        self.execute_on();
    }

    pub(super) fn execute_on(self: &Arc<Self>) {
        // If this thread is inside a command of another connection, that command waits for the end
        // of this connection.
        let waits = self.watch.clone().and_then(Chained::begin);
        if let Some(waits) = &waits {
            waits.awaits(vec![self.place()]);
        }
        let _aside = Aside::step();
        self.locked(|state| state.route_rest());
        let mut hands = Hands::new(self, Role::Executor);
        self.locked(|state| {
            self.execute_while(state, None, &mut hands);
            state.end_executor();
        });
    }

    /// Does the executor's work until the connection is closed, or until the term of a stand-in in
    /// its place is over.
    fn execute_while(
        self: &Arc<Self>,
        state: &mut Locked<'_>,
        term: Option<StandInTerm>,
        hands: &mut Hands<'_>,
    ) {
        while !state.is_closed() && term.is_none_or(|term| state.has_role(term)) {
            self.execute_next(state, hands);
        }
    }

    /// Does what the executor has to do next: runs a command, writes, reads or sleeps.
    #[inline]
    fn execute_next(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) {
        if state.start_next(&mut hands.command) {
            self.run_command(state, hands);
        } else if let Some(work) = state.start(turn::RunnerKind::Executor) {
            self.run(state, work, hands);
        } else if state.is_unflushed() {
            state.flush(&mut Deadline::Never);
        } else if state.may_executor_read()
            && let Some(reader) = state.take_helm()
        {
            // A caller that gets its answer by this pass may soon call again.
            let before = state.read_so_far();
            state.read_pass(reader, &mut Deadline::Never, Router::Runs);
            let answered = state.has_been_answered_since(before);
            if state.is_free_of_work() {
                self.yield_helm_to_callers(state, answered);
            }
        } else {
            state.pass_on();
            state.sleep(Sleep::Executor, None);
        }
    }

    /// Reads and discards, after the end, what the peer still sends; for a moment at most.
    pub(crate) fn linger(&self) {
        self.drain(crate::sync::now().checked_add(self.limits.linger));
    }

    /// Leaves the helm to callers after a read pass that brought no work. Callers that sleep read
    /// for themselves, and a caller that was just answered finds the helm free if it soon calls
    /// again.
    fn yield_helm_to_callers(&self, state: &mut Locked<'_>, answered: bool) {
        if state.has_sleeping_readers() {
            state.pass_on();
            state.sleep(Sleep::Executor, None);
            return;
        }
        let mut yields = answered && !self.limits.moment.is_zero();
        while yields && state.is_free_of_work() {
            let before = state.read_so_far();
            let moment = crate::sync::now().checked_add(self.limits.moment);
            state.sleep(Sleep::Moment, moment);
            // While other threads read, the executor is not needed at the helm.
            yields = state.has_read_since(before);
        }
    }

    /// Runs commands beside an executor that waits for a peer, or without any executor.
    pub(in super::super) fn stand_in(self: &Arc<Self>) {
        let mut hands = Hands::new(self, Role::StandIn);
        self.locked(|state| {
            let mut idle = false;
            while !state.is_closed() && !idle {
                idle = match state.take_role() {
                    Some(term) => self.execute_in_place(state, term, &mut hands),
                    None => self.stand_in_once(state, &mut hands),
                };
            }
        });
        // The runner may hold values of the program: they are dropped before a stop stops waiting
        // for this thread.
        drop(hands);
        self.locked(|state| state.end_stand_in());
    }

    /// Does the executor's work while that pulls an iterator. Returns false: this thread may find
    /// more to do.
    fn execute_in_place(
        self: &Arc<Self>,
        state: &mut Locked<'_>,
        term: StandInTerm,
        hands: &mut Hands<'_>,
    ) -> bool {
        hands.role = Role::InItsPlace;
        self.execute_while(state, Some(term), hands);
        hands.role = Role::StandIn;
        state.end_term();
        false
    }

    /// Does what a stand-in has to do next. True once it had nothing to do for long.
    fn stand_in_once(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) -> bool {
        let mut idle = false;
        loop {
            if let Some(work) = state.start(turn::RunnerKind::StandIn) {
                self.run(state, work, hands);
                return false;
            }
            if state.is_unflushed() {
                state.flush(&mut Deadline::Never);
            } else if idle || state.is_closed() || state.is_role_offered() {
                return idle && !state.is_role_offered();
            } else {
                state.pass_on();
                let scarce = crate::sync::are_threads_scarce();
                let patience = if scarce { SCARCE_PATIENCE } else { STAND_IN_PATIENCE };
                idle = state.sleep(Sleep::StandIn, crate::sync::now().checked_add(patience));
            }
        }
    }

    /// Refuses the command in front, because no thread could be started for it. True if the next
    /// command needs a thread too; that thread is then counted as started.
    pub(in super::super) fn refuse_front(&self) -> bool {
        self.locked(|state| {
            let front = state.refuse_front();
            if front == Front::Refused {
                state.flush_ready();
            }
            front == Front::RefusedBeforeAnother
        })
    }
}
