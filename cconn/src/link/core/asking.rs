//! The calls of this side, from the moment a frame may be sent until its answer is claimed or
//! given up.

use std::sync::Arc;

use super::calls::{Answer, Asked};
use super::failure::{Failure, WaitedFor};
use super::goodbye::Ending;
use super::state::State;
use super::told::Told;
use super::whereabouts::Whereabouts;
use super::window::charge;
use crate::wire::{CallId, Outgoing};

impl State {
    /// Opens a call whose frame is the next to be appended, and writes the call's id into it. The
    /// credit for the call's `body` bytes is taken already; it is given back if `limit` calls are
    /// open. `awaited`: the calling thread will wait for the answer at once.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "of its callers all but two are cold")]
    pub(crate) fn open_call(
        &mut self,
        frame: &mut Outgoing<&[u8]>,
        awaited: bool,
        limit: usize,
    ) -> Result<CallId, Failure> {
        if let Err(failure) = self.check_calls(limit) {
            self.give_credit_back(charge(frame.charged_call()));
            return Err(failure);
        }
        let (command, credit) = (frame.command_of_call(), frame.stream_of_call());
        let asked = Asked { at: self.outbox.end(), command, credit, told: Told::Unasked };
        let call = self.calls.open(asked, awaited);
        frame.set_call_id(call);
        Ok(call)
    }

    /// Checks that fewer than `limit` calls are without an answer.
    #[inline]
    fn check_calls(&self, limit: usize) -> Result<(), Failure> {
        if self.calls.waiting() >= limit { Err(Failure::TooManyCalls { limit }) } else { Ok(()) }
    }

    /// Checks that there is room for a call, which then need not wait. Takes nothing.
    #[inline]
    pub(crate) fn check_room(&self, charge: u64, limit: usize) -> Result<(), Failure> {
        if self.is_above_high_water() || !self.window.has_room(charge) {
            return Err(Failure::NoRoom);
        }
        self.check_calls(limit)
    }

    /// Whether the answer of a call is here.
    #[inline]
    pub(crate) fn is_answered(&self, call: CallId) -> bool {
        self.calls.is_answered(call)
    }

    /// Whether an answer may still come that no thread waits for.
    pub(crate) fn awaits_unread(&self) -> bool {
        self.calls.awaits_unread()
    }

    /// Whether a wait for the answer of a call would end at once.
    pub(crate) fn is_over(&self, call: CallId) -> bool {
        self.is_answered(call) || self.ended().is_some()
    }

    /// The index of the first of several calls that is answered.
    pub(crate) fn first_answered(&self, calls: &[CallId]) -> Option<usize> {
        calls.iter().position(|call| self.is_answered(*call))
    }

    /// Takes the outcome of a call, which closes it: its answer, or the end of the connection.
    /// `None` if the call is still open.
    pub(crate) fn outcome(&mut self, call: CallId) -> Option<Result<Answer, Failure>> {
        match self.calls.claim(call) {
            Some(answer) => Some(Ok(answer)),
            None if self.is_answered(call) => Some(Err(self.fail_call(call, false))),
            None if self.ended().is_some() => Some(Err(self.lose_call(call))),
            None => None,
        }
    }

    /// Ends the wait for a call: takes its answer, or else gives it up and says why. `to_client`:
    /// the peer is a client, which need not run commands.
    #[inline]
    pub(crate) fn close_call(&mut self, call: CallId, to_client: bool) -> Result<Answer, Failure> {
        match self.calls.claim(call) {
            Some(answer) => Ok(answer),
            None => Err(self.fail_call(call, to_client)),
        }
    }

    #[cold]
    fn fail_call(&mut self, call: CallId, to_client: bool) -> Failure {
        let withdrawn = self.calls.claim_withdrawn(call).and_then(Whereabouts::withdrawn);
        if let Some(place) = withdrawn {
            return late(place);
        }
        if self.ended().is_some() {
            return self.lose_call(call);
        }
        self.give_up_late(call, to_client)
    }

    /// Takes the answer of a call, if it is here.
    #[inline]
    pub(crate) fn claim(&mut self, call: CallId) -> Option<Answer> {
        self.calls.claim(call)
    }

    /// Notes that a thread begins to wait for the answer of a deferred call: the answer will be
    /// claimed, so it is kept whatever its size.
    pub(crate) fn begin_awaiting(&mut self, call: CallId) {
        self.calls.set_awaited(call, true);
    }

    /// Notes that no thread waits for the answer of a deferred call any more.
    pub(crate) fn end_awaiting(&mut self, call: CallId) {
        self.calls.set_awaited(call, false);
    }

    /// Closes a call of a connection that has ended.
    #[cold]
    fn lose_call(&mut self, call: CallId) -> Failure {
        self.outcome_ends_arguments(call);
        let given_up = self.calls.give_up(call);
        let may_have_run = given_up.is_none_or(|asked| self.outbox.may_have_left(asked.at));
        let ending = self.ended().cloned().unwrap_or_else(|| Arc::new(Ending::vanished()));
        Failure::Ended { ending, may_have_run }
    }

    /// Gives up a call whose outcome is not wanted any more; true if the command may have run.
    #[cold]
    pub(crate) fn abandon_call(&mut self, call: CallId) -> bool {
        let Some(asked) = self.calls.give_up(call) else { return true };
        !self.withdraw(call, asked)
    }

    /// Gives a call up; true if that changed anything, so that there is something to write.
    pub(crate) fn give_up(&mut self, call: CallId) -> bool {
        let Some(asked) = self.calls.give_up(call) else { return false };
        self.withdraw(call, asked);
        self.advance_goodbye();
        true
    }

    /// Gives up a call whose deadline has passed, and says where the call was. `to_client`: the
    /// peer is a client, which need not run commands.
    #[cold]
    pub(crate) fn give_up_late(&mut self, call: CallId, to_client: bool) -> Failure {
        let Some(asked) = self.calls.give_up(call) else { return late(Whereabouts::SENT) };
        let place = self.place_of(asked, to_client);
        late(if self.withdraw(call, asked) { Whereabouts::OUTBOX } else { place })
    }
}

/// The failure of a call that got no answer in time.
pub(crate) fn late(place: Whereabouts) -> Failure {
    Failure::Late { phase: WaitedFor::Answer(place), may_have_run: place.may_have_run() }
}
