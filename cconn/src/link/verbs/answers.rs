//! Waiting for the answer of a call, of a deferred call, or of any of several calls.

use crate::link::Link;
use crate::link::core::alarm::Unwanted;
use crate::link::core::asking::late;
use crate::link::core::calls::Answer;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::core::whereabouts::Whereabouts;
use crate::link::io::lock::Locked;
use crate::link::threads::ambient::unwanted_here;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;
use crate::wire::CallId;

impl Link {
    /// Waits for the answer of a deferred call. If the deadline passes the call stays open.
    pub(crate) fn wait_for(
        &self,
        call: CallId,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        self.wait_for_with(call, deadline.into(), false)
    }

    fn wait_for_with(
        &self,
        call: CallId,
        mut deadline: Deadline,
        asks: bool,
    ) -> Result<Answer, Failure> {
        // An answer that is here already costs neither a turn nor a look at the socket.
        if let Some(answer) = self.locked(|state| state.claim(call)) {
            return Ok(answer);
        }
        if deadline.is_no_time() {
            // A look gives up no turn, so it is never refused because too many handlers wait.
            return self.locked_soon(|state| {
                look_round(state, |state| state.is_answered(call));
                state.outcome(call).unwrap_or_else(|| Err(late(Whereabouts::SENT)))
            });
        }
        self.wait_on(call, asks, &mut deadline)
    }

    /// Waits for the answer of a deferred call, and gives the call up at the deadline.
    #[inline]
    pub(crate) fn wait_out(
        &self,
        call: CallId,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        match self.wait_for_with(call, deadline.into(), true) {
            Err(failure) if is_open(&failure) => self.give_up_waiting(call),
            other => other,
        }
    }

    #[cold]
    fn give_up_waiting(&self, call: CallId) -> Result<Answer, Failure> {
        let (result, unused) = self.locked(|state| {
            let unused = state.unfollow(call);
            // The answer may have come while the lock was free.
            if let Some(outcome) = state.outcome(call) {
                return (outcome, unused);
            }
            let failure = state.give_up_late(call, !self.ends_with_handles);
            state.advance_goodbye();
            state.flush_ready();
            (Err(failure), unused)
        });
        drop(unused);
        result
    }

    /// Whether `wait_for` would return at once; looks for input first.
    pub(crate) fn is_ready(&self, call: CallId) -> bool {
        self.locked_soon(|state| {
            look_round(state, |state| state.is_over(call));
            state.is_over(call)
        })
    }

    /// Whether `wait_for` would return at once, as far as is known without a look for input.
    pub(crate) fn is_known_ready(&self, call: CallId) -> bool {
        self.locked(|state| state.is_over(call))
    }

    fn wait_on(
        &self,
        call: CallId,
        asks: bool,
        deadline: &mut Deadline,
    ) -> Result<Answer, Failure> {
        self.locked_aside(|state, from_handler| {
            state.begin_awaiting(call);
            let waited = self.wait_counted(state, call, from_handler, asks, deadline);
            state.end_awaiting(call);
            let result = state.outcome(call).unwrap_or_else(|| match waited {
                Waited::Unwanted => Err(abandon(state, call)),
                _ => Err(late(Whereabouts::SENT)),
            });
            state.flush(deadline);
            result
        })
        .map_err(sent)
    }

    /// Waits until one of several deferred calls is answered or the connection has ended; returns
    /// the index of a call that is ready. `None` if the deadline passed first.
    pub(crate) fn wait_for_any(
        &self,
        calls: &[CallId],
        deadline: impl Into<Deadline>,
    ) -> Result<Option<usize>, Failure> {
        let deadline = &mut deadline.into();
        let done = |state: &State| state.first_answered(calls).is_some();
        // After the end none will be answered any more: the first call reports the end.
        let first =
            |state: &State| state.first_answered(calls).or(state.ended().is_some().then_some(0));
        if deadline.is_no_time() {
            return self.locked_soon(|state| {
                look_round(state, done);
                Ok(first(state))
            });
        }
        self.locked_aside(|state, from_handler| {
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let waited = state.wait_working(self, Sleep::Answers, deadline, done);
            state.end_calling(caller);
            let first = first(state);
            state.flush(deadline);
            match (first, waited) {
                (None, Waited::Unwanted) => Err(unwanted(state, true)),
                (first, _) => Ok(first),
            }
        })
        .map_err(sent)
    }

    /// Waits for an answer and closes the call, whatever the outcome.
    #[inline]
    pub(in super::super) fn await_answer(
        &self,
        state: &mut Locked<'_>,
        call: CallId,
        from_handler: bool,
        deadline: &mut Deadline,
    ) -> Result<Answer, Failure> {
        let waited = self.wait_counted(state, call, from_handler, true, deadline);
        let result = match waited {
            Waited::Unwanted => state.outcome(call).unwrap_or_else(|| Err(abandon(state, call))),
            _ => state.close_call(call, !self.ends_with_handles),
        };
        state.advance_goodbye();
        state.flush(deadline);
        result
    }

    /// Waits for an answer, counted as a thread for whose sake commands are run meanwhile. A
    /// handler of this connection is counted by its turn already, a handler of another connection
    /// is not. `asks`: the call ends with the deadline, so the peer may be asked about it before.
    #[inline]
    fn wait_counted(
        &self,
        state: &mut Locked<'_>,
        call: CallId,
        from_handler: bool,
        asks: bool,
        deadline: &mut Deadline,
    ) -> Waited {
        let caller = !from_handler || !self.is_inside();
        state.begin_calling(caller);
        state.offer_turn();
        let waited = state.wait_for_answer(self, call, asks, deadline);
        state.end_calling(caller);
        waited
    }
}

/// Whether a wait has ended that left its call open.
fn is_open(failure: &Failure) -> bool {
    let open = WaitedFor::Answer(Whereabouts::SENT);
    matches!(failure, Failure::Late { phase, .. } if *phase == open)
}

/// The failure of a wait for what was sent before: if the thread does not even begin to wait, because
/// its command is not wanted any more, what was sent may have run all the same.
pub(super) fn sent(failure: Failure) -> Failure {
    match failure {
        Failure::Unwanted { why, .. } => Failure::Unwanted { why, may_have_run: true },
        other => other,
    }
}

/// Gives up a call because the command that asked for it is not wanted any more.
#[cold]
pub(super) fn abandon(state: &mut Locked<'_>, call: CallId) -> Failure {
    let may_have_run = state.abandon_call(call);
    unwanted(state, may_have_run)
}

/// The failure of a wait that has ended because the command that waits is not wanted any more.
#[cold]
pub(super) fn unwanted(state: &mut Locked<'_>, may_have_run: bool) -> Failure {
    // The command may belong to another connection.
    let why = state.unlocked(unwanted_here).unwrap_or(Unwanted::GivenUp);
    Failure::Unwanted { why, may_have_run }
}

/// Unless `is_there` holds already, does without waiting what a wait would do: writes what was
/// sent, as far as the socket takes it, and reads what has come.
pub(super) fn look_round(state: &mut Locked<'_>, is_there: impl Fn(&State) -> bool) {
    if !is_there(state) {
        state.flush_ready();
        // A thread that looks all the time would otherwise read a flood as fast as it comes.
        if !state.is_held_back() {
            state.look();
        }
        // A thread that looks again and again waits too, for an answer that may depend on these
        // commands.
        state.owe_what_came();
        state.pass_on();
    }
}
