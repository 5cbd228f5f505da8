//! Waiting for the answer of a call, of a deferred call, or of any of several calls.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::{Failure, Phase};
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::core::whereabouts::Whereabouts;
use crate::link::io::lock::Locked;
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
        // An answer that is here already costs neither a turn nor a look at the socket.
        if let Some(answer) = self.locked(|state| state.calls.claim(call)) {
            return Ok(answer);
        }
        let deadline = &mut deadline.into();
        if deadline.is_no_time() {
            // A look gives up no turn, so it is never refused because too many handlers wait.
            return self.locked_soon(|state| {
                look_round(state, |state| state.calls.is_answered(call));
                match state.calls.claim(call) {
                    Some(answer) => Ok(answer),
                    None if state.ended().is_some() => Err(ended(state, call)),
                    None => Err(late(Whereabouts::SENT)),
                }
            });
        }
        self.wait_on(call, deadline)
    }

    /// Waits for the answer of a deferred call, and gives the call up at the deadline.
    pub(crate) fn wait_out(
        &self,
        call: CallId,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        match self.wait_for(call, deadline) {
            Err(Failure::Late { .. }) => {}
            other => return other,
        }
        self.locked(|state| {
            // The answer may have come while the lock was free.
            if let Some(answer) = state.calls.claim(call) {
                return Ok(answer);
            }
            if state.ended().is_some() {
                return Err(ended(state, call));
            }
            let failure = self.give_up_late(state, call);
            state.advance_goodbye();
            state.flush_ready();
            Err(failure)
        })
    }

    /// Whether `wait_for` would return at once; looks for input first.
    pub(crate) fn is_ready(&self, call: CallId) -> bool {
        let ready = |state: &State| state.calls.is_answered(call) || state.ended().is_some();
        self.locked_soon(|state| {
            look_round(state, ready);
            ready(state)
        })
    }

    /// Whether `wait_for` would return at once, as far as is known without a look for input.
    pub(crate) fn is_known_ready(&self, call: CallId) -> bool {
        self.locked(|state| state.calls.is_answered(call) || state.ended().is_some())
    }

    fn wait_on(&self, call: CallId, deadline: &mut Deadline) -> Result<Answer, Failure> {
        self.locked_aside(|state, from_handler| {
            state.calls.set_awaited(call, true);
            let waited = self.wait_counted(state, call, from_handler, deadline);
            state.calls.set_awaited(call, false);
            let result = match (state.calls.claim(call), waited) {
                (Some(answer), _) => Ok(answer),
                (None, Waited::Closed) => Err(ended(state, call)),
                (None, _) => Err(late(Whereabouts::SENT)),
            };
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
        let answered = |state: &State| calls.iter().position(|call| state.calls.is_answered(*call));
        let done = |state: &State| answered(state).is_some();
        // After the end none will be answered any more: the first call reports the end.
        let first = |state: &State| answered(state).or(state.ended().is_some().then_some(0));
        if deadline.is_no_time() {
            return self.locked_soon(|state| {
                look_round(state, done);
                Ok(first(state))
            });
        }
        self.locked_aside(|state, from_handler| {
            let caller = usize::from(!from_handler || !self.is_inside());
            state.turn.callers = state.turn.callers.saturating_add(caller);
            state.offer_turn();
            state.wait(Sleep::Answers, deadline, done);
            state.turn.callers_left(caller);
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
        let waited = self.wait_counted(state, call, from_handler, deadline);
        let result = match (state.calls.claim(call), waited) {
            (Some(answer), _) => Ok(answer),
            (None, Waited::Closed) => Err(ended(state, call)),
            (None, _) => Err(self.give_up_late(state, call)),
        };
        state.advance_goodbye();
        state.flush(deadline);
        result
    }

    /// Waits for an answer, counted as a thread for whose sake commands are run meanwhile. A
    /// handler of this connection is counted by its turn already, a handler of another connection
    /// is not.
    #[inline]
    fn wait_counted(
        &self,
        state: &mut Locked<'_>,
        call: CallId,
        from_handler: bool,
        deadline: &mut Deadline,
    ) -> Waited {
        let caller = usize::from(!from_handler || !self.is_inside());
        state.turn.callers = state.turn.callers.saturating_add(caller);
        if !state.turn.is_queue_empty() {
            state.offer_turn();
        }
        let waited =
            state.wait(Sleep::Answer(call), deadline, |state| state.calls.is_answered(call));
        state.turn.callers_left(caller);
        waited
    }

    /// Gives up a call whose deadline has passed, and returns where the call was.
    #[cold]
    fn give_up_late(&self, state: &mut State, call: CallId) -> Failure {
        let Some(asked) = state.calls.give_up(call) else { return late(Whereabouts::SENT) };
        let place = state.place_of(asked, !self.ends_with_handles);
        late(if state.withdraw(call, asked) { Whereabouts::OUTBOX } else { place })
    }
}

/// Unless `is_there` holds already, does without waiting what a wait would do: writes what was
/// sent, as far as the socket takes it, and reads what has come.
pub(super) fn look_round(state: &mut Locked<'_>, is_there: impl Fn(&State) -> bool) {
    if !is_there(state) {
        state.flush_ready();
        state.look();
        // A thread that looks again and again waits too, for an answer that may depend on these
        // commands.
        state.turn.owe_what_came();
        state.pass_on();
    }
}

fn ended(state: &mut State, call: CallId) -> Failure {
    let given_up = state.calls.give_up(call);
    let may_have_run = given_up.is_none_or(|asked| state.outbox.may_have_left(asked.at));
    let ending = state.ended().cloned().unwrap_or_else(|| Arc::new(Ending::vanished()));
    Failure::Ended { ending, may_have_run }
}

/// The failure of a call that got no answer in time.
fn late(place: Whereabouts) -> Failure {
    Failure::Late { phase: Phase::Answer(place), may_have_run: place.may_have_run() }
}
