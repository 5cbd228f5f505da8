//! The baton: what a thread that stops waiting, running or reading leaves to others.

use super::sleepers::Sleep;
use super::state::State;
use super::turn::Startable;
use crate::sync::{Rule, holds};

impl State {
    /// Passes the baton: what a thread does when it stops waiting, running or reading.
    ///
    /// Commands that can run wake a runner. A free helm goes to the oldest thread whose wait ends
    /// by input, else to the executor. Bytes that no thread writes go to any sleeper.
    #[inline]
    pub(crate) fn pass_on(&mut self) {
        if self.is_closed() {
            return;
        }
        if self.sleepers.is_empty() && self.turn.is_queue_empty() {
            // No thread sleeps and no command waits: there is nothing to pass on, and no sleeper to
            // take it.
            self.leave_helm();
            self.tended.left_unflushed |= self.is_unflushed();
            return;
        }
        self.pass_on_to_others();
    }

    fn pass_on_to_others(&mut self) {
        self.offer();
        // Bytes of a burst were left to the watchman on purpose: no other thread is woken for them.
        if !(self.tended.left_unflushed && self.tended.ticks) {
            self.leave_unflushed();
        }
    }

    /// Offers commands to a runner, and a free helm to a reader.
    #[inline]
    pub(crate) fn offer(&mut self) {
        // No thread could be woken, and none is needed.
        if self.sleepers.is_empty() && !self.turn.can_start() {
            self.leave_helm();
            return;
        }
        // The turn first: an executor woken for it is off the list, so the helm goes to another
        // sleeper.
        self.offer_turn();
        self.offer_helm();
    }

    /// Notes for the watchman whether the helm is left free.
    #[inline]
    pub(super) fn leave_helm(&mut self) {
        self.tended.helm_left_free = self.is_helm_free() && !self.goodbye.end_of_input;
        if self.followed.any() && self.tended.helm_left_free && holds(Rule::LookoutReads) {
            self.call_lookout();
        }
    }

    /// Lets the lookout read: the helm is free, and calls are followed for which no thread reads.
    #[cold]
    pub(crate) fn call_lookout(&mut self) {
        if self.followed.has_lookout {
            // A lookout that reads already is not in this list.
            self.wake(|sleep| sleep == Sleep::Lookout);
        } else {
            self.followed.has_lookout = true;
            self.due.start_lookout();
        }
    }

    fn offer_helm(&mut self) {
        if !self.is_helm_free() || self.goodbye.end_of_input {
            return;
        }
        let reader = self.sleepers.take(&Sleep::reads);
        let reader = match reader {
            // The executor reads only once no command waits in line: before that it isn't woken for
            // the helm.
            None if self.turn.is_line_empty() => {
                self.sleepers.take(&|sleep| sleep == Sleep::Executor)
            }
            other => other,
        };
        match reader {
            Some(parker) => self.due.wake(parker),
            None => self.leave_helm(),
        }
    }

    /// Finds a runner for the next piece of work, if there is any: a sleeping one, else a new
    /// stand-in.
    #[inline]
    pub(crate) fn offer_turn(&mut self) {
        if !self.turn.is_queue_empty() {
            self.find_runner();
        }
    }

    fn find_runner(&mut self) {
        let runner = match self.turn.startable() {
            Startable::Nothing => return,
            Startable::ByAnyone => {
                self.sleepers.take(&|sleep| matches!(sleep, Sleep::Executor | Sleep::Moment))
            }
            Startable::ByStandIn => None,
        };
        // The executor is preferred: a stand-in that is left asleep ends, which frees its thread.
        let runner = runner.or_else(|| self.sleepers.take(&|sleep| sleep == Sleep::StandIn));
        if let Some(parker) = runner {
            self.due.wake(parker);
        } else if self.turn.needs_stand_in() {
            // Counted now, though the thread starts after the unlock: no second one is started for
            // the same work.
            self.turn.stand_ins = self.turn.stand_ins.saturating_add(1);
            self.due.start_stand_in();
        }
    }

    /// Leaves the executor's role to a stand-in: a sleeping one, else a new one.
    pub(crate) fn hand_role_on(&mut self) {
        self.turn.offer_role();
        if self.turn.in_place() > 0 {
            // A stand-in whose term is over takes the role again.
            self.wake(|sleep| matches!(sleep, Sleep::Executor | Sleep::Moment));
        } else if let Some(parker) = self.sleepers.take(&|sleep| sleep == Sleep::StandIn) {
            self.due.wake(parker);
        } else if self.turn.may_start_for_role() {
            self.turn.stand_ins = self.turn.stand_ins.saturating_add(1);
            self.due.start_stand_in();
        }
    }

    /// Gives the role back to the executor. A stand-in that sleeps in its place goes on as one.
    pub(crate) fn recall_role(&mut self) {
        self.turn.recall_role();
        self.wake(|sleep| matches!(sleep, Sleep::Executor | Sleep::Moment));
    }

    /// Whether a runner would find nothing to start and nothing to write.
    #[inline]
    pub(crate) fn is_free_of_work(&self) -> bool {
        let nothing = !self.turn.has_at_once() && !self.turn.can_start();
        nothing && !self.is_closed() && !self.is_unflushed()
    }

    /// Leaves the unwritten bytes to a sleeping thread, else to the watchman.
    pub(crate) fn leave_unflushed(&mut self) {
        if self.is_unflushed() && !self.hand_over_flush() {
            self.tended.left_unflushed = true;
        }
    }

    /// Wakes a sleeping thread to go on writing; false if there is none.
    pub(crate) fn hand_over_flush(&mut self) -> bool {
        // A thread in `Pass` is the flusher itself. One in `Wasted` would sleep again without
        // writing, and one in `Several` must not block on a single socket.
        let next = self
            .sleepers
            .take(&|sleep| !matches!(sleep, Sleep::Pass | Sleep::Wasted | Sleep::Several));
        let found = next.is_some();
        if let Some(parker) = next {
            self.due.wake(parker);
        }
        found
    }
}
