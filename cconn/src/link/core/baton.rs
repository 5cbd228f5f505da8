//! The baton: what a thread that stops waiting, running or reading leaves to others.

use super::sleepers::Sleep;
use super::state::State;
use super::turn::Startable;

impl State {
    /// The baton: what a thread does that stops waiting, running or reading.
    ///
    /// Commands to run wake a runner, a free helm goes to the oldest thread whose wait ends by
    /// input, else to the executor, and bytes that nobody writes to any sleeper.
    #[inline]
    pub(crate) fn pass_on(&mut self) {
        if self.is_closed() {
            return;
        }
        if self.sleepers.is_empty() && self.turn.is_queue_empty() {
            // There is nobody to pass anything on to, and nothing to be run.
            self.leave_helm();
            self.tended.left_unflushed |= self.is_unflushed();
            return;
        }
        self.offer();
        // What was left to the watchman on purpose wakes nobody else.
        if !(self.tended.left_unflushed && self.tended.ticks) {
            self.leave_unflushed();
        }
    }

    /// Offers what others may take: commands to a runner, a free helm to a reader.
    #[inline]
    pub(crate) fn offer(&mut self) {
        if self.sleepers.is_empty() && self.turn.startable() == Startable::Nothing {
            self.leave_helm();
            return;
        }
        self.offer_turn();
        self.offer_helm();
    }

    /// Leaves a free helm to the watchman.
    #[inline]
    fn leave_helm(&mut self) {
        self.tended.helm_left_free = self.is_helm_free() && !self.goodbye.end_of_input;
    }

    fn offer_helm(&mut self) {
        if !self.is_helm_free() || self.goodbye.end_of_input {
            return;
        }
        let reader = self.sleepers.take(Sleep::reads);
        let reader = match reader {
            None if self.turn.is_line_empty() => {
                self.sleepers.take(|sleep| sleep == Sleep::Executor)
            }
            other => other,
        };
        match reader {
            Some(parker) => self.due.wake(parker),
            None => self.leave_helm(),
        }
    }

    /// Finds a runner for what can be started: one that sleeps, else a new stand-in.
    pub(crate) fn offer_turn(&mut self) {
        let runner = match self.turn.startable() {
            Startable::Nothing => return,
            Startable::ByAnyone => {
                self.sleepers.take(|sleep| matches!(sleep, Sleep::Executor | Sleep::Moment))
            }
            Startable::ByStandIn => None,
        };
        let runner = runner.or_else(|| self.sleepers.take(|sleep| sleep == Sleep::StandIn));
        if let Some(parker) = runner {
            self.due.wake(parker);
        } else if self.turn.needs_stand_in() {
            self.turn.stand_ins = self.turn.stand_ins.saturating_add(1);
            self.due.start_stand_in();
        }
    }

    /// Whether a runner has nothing to start and nothing to write.
    pub(crate) fn is_free_of_work(&self) -> bool {
        let nothing = self.turn.startable() == Startable::Nothing && !self.turn.has_at_once();
        nothing && !self.is_closed() && !self.is_unflushed()
    }

    /// Leaves what is not written to somebody who sleeps here, else to the watchman.
    pub(crate) fn leave_unflushed(&mut self) {
        if self.is_unflushed() && !self.hand_over_flush() {
            self.tended.left_unflushed = true;
        }
    }

    /// Wakes a sleeping thread to go on writing, if there is one.
    pub(crate) fn hand_over_flush(&mut self) -> bool {
        let next = self
            .sleepers
            .take(|sleep| !matches!(sleep, Sleep::Pass | Sleep::Wasted | Sleep::Several));
        let found = next.is_some();
        if let Some(parker) = next {
            self.due.wake(parker);
        }
        found
    }
}
