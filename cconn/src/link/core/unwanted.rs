//! Commands that run and whose outcome is not wanted any more: why, and who is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::alarm::{Alarm, Unwanted};
use super::goodbye::Ending;
use super::outbox::{ANSWER, Lane};
use super::outlet::Outlets;
use super::sleepers::Sleep;
use super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{CallId, EndReason};

impl State {
    /// Why the outcome of a running command is not wanted any more; `None` if it is wanted. A
    /// command is told of a stop once half of the `grace` period is over.
    pub(crate) fn unwanted(
        &self,
        call: Option<CallId>,
        grace: Duration,
        now: impl FnOnce() -> Instant,
    ) -> Option<Unwanted> {
        if let Some(ending) = self.ended() {
            return Some(unwanted_by(ending));
        }
        if call.is_some_and(|call| self.is_call_given_up(call)) {
            return Some(Unwanted::GivenUp);
        }
        let stop = self.goodbye.stopping_since()?;
        let lasts = now().saturating_duration_since(stop);
        (lasts.saturating_mul(2) >= grace).then_some(Unwanted::Stopped)
    }

    /// What the end of the connection means for its commands, if it has ended.
    pub(super) fn end_of_commands(&self) -> Option<Unwanted> {
        self.ended().map(|ending| unwanted_by(ending))
    }

    /// Whether the peer has given that running call up, or can't get its outcome any more.
    pub(crate) fn is_given_up(&self, call: Option<CallId>) -> bool {
        self.ended().is_some() || call.is_some_and(|call| self.is_call_given_up(call))
    }

    /// Whether the peer has given a call up, or wants no more of the stream that answers it.
    fn is_call_given_up(&self, call: CallId) -> bool {
        let is_halted = |outlets: &Outlets| outlets.is_halted(Lane { call, lane: ANSWER });
        self.turn.is_cancelled(call) || self.outlets.as_deref().is_some_and(is_halted)
    }

    /// Has an alarm run when that command, which is wanted now, becomes unwanted.
    pub(crate) fn set_alarm(&mut self, call: Option<CallId>, alarm: Arc<Alarm>) {
        self.alarms.put_alarm(call, alarm);
    }

    /// Notes that the peer gave a running call up: waits of its handler end, alarms are run.
    #[cold]
    pub(crate) fn call_is_unwanted(&mut self, call: CallId) {
        if holds(Rule::CancelWakes) {
            self.wake_handlers();
        }
        let alarms = self.alarms.take_alarms(call);
        self.run_alarms(alarms, Unwanted::GivenUp);
    }

    /// Notes that a running command has failed: the promise that it may have left is void.
    #[cold]
    pub(super) fn call_is_void(&mut self, call: CallId) {
        let alarms = self.alarms.take_alarms(call);
        self.run_alarms(alarms, Unwanted::Lost);
    }

    /// Notes that no outcome of this connection's commands is wanted any more.
    #[cold]
    pub(crate) fn all_are_unwanted(&mut self) {
        let why = self.ended().map_or(Unwanted::Stopped, |ending| unwanted_by(ending));
        self.wake_handlers();
        let alarms = self.alarms.take_all();
        self.run_alarms(alarms, why);
    }

    /// Wakes what may be handlers that wait here: each looks whether its command is wanted.
    fn wake_handlers(&mut self) {
        self.wake(|sleep| {
            matches!(
                sleep,
                Sleep::Answer(_) | Sleep::Answers | Sleep::Several | Sleep::Line | Sleep::Window
            )
        });
    }

    fn run_alarms(&mut self, alarms: Vec<Arc<Alarm>>, why: Unwanted) {
        if !alarms.is_empty() {
            self.due.call(alarms.into_iter().map(|alarm| alarm.waker(why)).collect());
        }
    }
}

/// What an end means for the commands that run.
fn unwanted_by(ending: &Ending) -> Unwanted {
    match ending {
        Ending::Finished { .. }
        | Ending::Here { reason: EndReason::Closed | EndReason::GraceOver, .. }
        | Ending::Idle { .. }
        | Ending::LetGo { .. } => Unwanted::Stopped,
        Ending::Here { .. } | Ending::Peer { .. } | Ending::Cut { .. } => Unwanted::Lost,
    }
}
