//! Waiting for answers: of one call, of a deferred one, of any of several.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::{Failure, Phase};
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::core::whereabouts::Whereabouts;
use crate::link::io::lock::Locked;
use crate::link::threads::handler;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;
use crate::wire::CallId;

impl Link {
    /// Waits for the answer of a deferred call. A deadline that passes leaves the call open.
    pub(crate) fn wait_for(
        &self,
        call: CallId,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        if let Some(answer) = self.lock().calls.claim(call) {
            return Ok(answer);
        }
        let deadline = &mut deadline.into();
        if deadline.is_no_time() {
            // Who only looks gives no turn up, and is never refused for too many that wait.
            let mut state = self.look_round(|state| state.calls.is_answered(call));
            return match state.calls.claim(call) {
                Some(answer) => Ok(answer),
                None if state.ended().is_some() => Err(Self::ended(&mut state, call)),
                None => Err(late(Whereabouts::SENT)),
            };
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
        let mut state = self.lock();
        if let Some(answer) = state.calls.claim(call) {
            return Ok(answer);
        }
        if state.ended().is_some() {
            return Err(Self::ended(&mut state, call));
        }
        let failure = self.give_up_late(&mut state, call);
        state.advance_goodbye();
        drop(self.flush_ready(state));
        Err(failure)
    }

    /// Whether `wait_for` would return at once.
    pub(crate) fn is_ready(&self, call: CallId) -> bool {
        let ready = |state: &State| state.calls.is_answered(call) || state.ended().is_some();
        ready(&self.look_round(ready))
    }

    /// The same as far as it is known already.
    pub(crate) fn is_known_ready(&self, call: CallId) -> bool {
        let state = self.lock();
        state.calls.is_answered(call) || state.ended().is_some()
    }

    /// Looks without waiting for what others do: unless it is there already, what was sent is
    /// written as far as that needs no waiting, and what has come is taken in.
    pub(in super::super) fn look_round(&self, is_there: impl Fn(&State) -> bool) -> Locked<'_> {
        let mut state = self.lock_soon();
        if !is_there(&state) {
            state = self.flush_ready(state);
            state = self.look(state);
            // Who looks again and again waits too, for an answer that may need these.
            state.turn.owe_what_came();
            state.pass_on();
        }
        state
    }

    fn wait_on(&self, call: CallId, deadline: &mut Deadline) -> Result<Answer, Failure> {
        let handler = handler::current();
        let (mut state, away) = self.leave(handler.as_ref())?;
        state.calls.set_awaited(call, true);
        let (mut state, waited) = self.wait_counted(state, call, away.is_some(), deadline);
        state.calls.set_awaited(call, false);
        let result = match (state.calls.claim(call), waited) {
            (Some(answer), _) => Ok(answer),
            (None, Waited::Closed) => Err(Self::ended(&mut state, call)),
            (None, _) => Err(late(Whereabouts::SENT)),
        };
        state = self.flush(state, deadline);
        self.come_back(state, away);
        result
    }

    /// Waits until one of several deferred calls is answered, or the connection has ended; says
    /// which. `None` where the deadline passed first.
    pub(crate) fn wait_for_any(
        &self,
        calls: &[CallId],
        deadline: impl Into<Deadline>,
    ) -> Result<Option<usize>, Failure> {
        let deadline = &mut deadline.into();
        let answered = |state: &State| calls.iter().position(|call| state.calls.is_answered(*call));
        let done = |state: &State| answered(state).is_some();
        // At the end of the connection none will be answered any more: the first says so.
        let first = |state: &State| answered(state).or(state.ended().is_some().then_some(0));
        if deadline.is_no_time() {
            return Ok(first(&self.look_round(done)));
        }
        let handler = handler::current();
        let (mut state, away) = self.leave(handler.as_ref())?;
        let caller = usize::from(away.is_none() || !self.is_inside());
        state.turn.callers = state.turn.callers.saturating_add(caller);
        state.offer_turn();
        (state, _) = self.wait(state, Sleep::Answers, deadline, done);
        state.turn.callers_left(caller);
        let first = first(&state);
        state = self.flush(state, deadline);
        self.come_back(state, away);
        Ok(first)
    }

    /// Waits for an answer and closes the call, whatever comes.
    #[inline]
    pub(in super::super) fn await_answer<'a>(
        &'a self,
        state: Locked<'a>,
        call: CallId,
        from_handler: bool,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, Result<Answer, Failure>) {
        let (mut state, waited) = self.wait_counted(state, call, from_handler, deadline);
        let result = match (state.calls.claim(call), waited) {
            (Some(answer), _) => Ok(answer),
            (None, Waited::Closed) => Err(Self::ended(&mut state, call)),
            (None, _) => Err(self.give_up_late(&mut state, call)),
        };
        state.advance_goodbye();
        (self.flush(state, deadline), result)
    }

    /// Waits for an answer, counted among those for whom commands are run meanwhile. A handler of
    /// this connection is counted by its turn, one of another connection is not.
    #[inline]
    fn wait_counted<'a>(
        &'a self,
        mut state: Locked<'a>,
        call: CallId,
        from_handler: bool,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, Waited) {
        let caller = usize::from(!from_handler || !self.is_inside());
        state.turn.callers = state.turn.callers.saturating_add(caller);
        if !state.turn.is_queue_empty() {
            state.offer_turn();
        }
        let waited;
        (state, waited) =
            self.wait(state, Sleep::Answer(call), deadline, |state| state.calls.is_answered(call));
        state.turn.callers_left(caller);
        (state, waited)
    }

    /// Gives a call up whose deadline has passed; says where it was.
    #[cold]
    fn give_up_late(&self, state: &mut State, call: CallId) -> Failure {
        let Some(asked) = state.calls.give_up(call) else { return late(Whereabouts::SENT) };
        let place = state.place_of(asked, !self.ends_with_handles);
        late(if state.withdraw(call, asked) { Whereabouts::OUTBOX } else { place })
    }

    fn ended(state: &mut Locked<'_>, call: CallId) -> Failure {
        let given_up = state.calls.give_up(call);
        let may_have_run = given_up.is_none_or(|asked| state.outbox.may_have_left(asked.at));
        let ending = state.ended().cloned().unwrap_or_else(|| Arc::new(Ending::vanished()));
        Failure::Ended { ending, may_have_run }
    }
}

/// No answer came in time.
fn late(place: Whereabouts) -> Failure {
    Failure::Late { phase: Phase::Answer(place), may_have_run: place.may_have_run() }
}
