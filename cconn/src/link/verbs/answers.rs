//! Waiting for the answer of a call, of a deferred call, or of any of several calls.

use crate::link::Link;
use crate::link::core::asking::late;
use crate::link::core::calls::Answer;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::core::whereabouts::Whereabouts;
use crate::link::io::lock::Locked;
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
    pub(crate) fn wait_out(
        &self,
        call: CallId,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        match self.wait_for_with(call, deadline.into(), true) {
            Err(failure) if is_open(&failure) => {}
            other => return other,
        }
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
            self.wait_counted(state, call, from_handler, asks, deadline);
            state.end_awaiting(call);
            let result = state.outcome(call).unwrap_or_else(|| Err(late(Whereabouts::SENT)));
            state.flush(deadline);
            result
        })
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
            state.wait(Sleep::Answers, deadline, done);
            state.end_calling(caller);
            let first = first(state);
            state.flush(deadline);
            Ok(first)
        })
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
        self.wait_counted(state, call, from_handler, true, deadline);
        let result = state.close_call(call, !self.ends_with_handles);
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
    ) {
        let caller = !from_handler || !self.is_inside();
        state.begin_calling(caller);
        state.offer_turn();
        if asks && deadline.may_be_short() {
            state.wait_and_ask(call, deadline);
        } else {
            state.wait(Sleep::Answer(call), deadline, |state| state.is_answered(call));
        }
        state.end_calling(caller);
    }
}

/// Whether a wait has ended that left its call open.
fn is_open(failure: &Failure) -> bool {
    let open = WaitedFor::Answer(Whereabouts::SENT);
    matches!(failure, Failure::Late { phase, .. } if *phase == open)
}

/// Unless `is_there` holds already, does without waiting what a wait would do: writes what was
/// sent, as far as the socket takes it, and reads what has come.
pub(super) fn look_round(state: &mut Locked<'_>, is_there: impl Fn(&State) -> bool) {
    if !is_there(state) {
        state.flush_ready();
        state.look();
        // A thread that looks again and again waits too, for an answer that may depend on these
        // commands.
        state.owe_what_came();
        state.pass_on();
    }
}
