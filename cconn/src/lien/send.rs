//! Sending: one-way messages, calls, deferred calls, and what is refused before anything is sent.

use std::sync::Arc;
use std::time::Instant;

use super::Lien;
use super::calls::Answer;
use super::goodbye::Ending;
use super::handler::{self, Handler};
use super::lock::Locked;
use super::sleepers::Sleep;
use super::state::State;
use super::wait::Waited;
use super::window::charge;
use crate::sync::{Rule, holds};
use crate::wire::{self, CallId, LENGTH_PREFIX};

/// What a wait was for when its deadline passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Room in the peer's window: nothing was sent.
    Window,
    /// The answer: the command may have run.
    Answer,
}

/// Why a message was not sent, or a call not answered.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Not sent: larger than the peer accepts. The connection lives.
    TooLarge { size: usize, limit: usize },
    /// Not sent: nested deeper than the limit. The connection lives.
    TooDeep { limit: usize },
    /// Not sent: as many handlers wait already as may. The connection lives.
    TooManyWaiting { limit: usize },
    /// Not sent: too many calls without an answer. The connection lives.
    TooManyCalls { limit: usize },
    /// Not sent: the connection is being stopped.
    Stopping,
    /// Not sent: the outbox or the window is full, and this message may not wait.
    NoRoom,
    /// The connection ended first.
    Ended { ending: Arc<Ending>, may_have_run: bool },
    /// The deadline passed first. The connection lives.
    Late { phase: Phase, may_have_run: bool },
}

/// A handler's turn, given up while it waits; given back by `Lien::come_back`.
#[must_use]
struct Away(Handler);

impl Lien {
    /// Sends a one-way message: a whole frame, whose body has `body` bytes.
    ///
    /// Blocks while the peer's window or the outbox is full.
    pub(crate) fn send(
        &self,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: Option<Instant>,
    ) -> Result<(), Failure> {
        self.check_size(frame)?;
        let handler = handler::current();
        let (state, sent) = Self::sending(self.lock(), |state| {
            let (mut state, admitted) = self.admit(state, charge(body), handler.as_ref(), deadline);
            if admitted.is_ok() {
                state.append(frame);
            }
            if admitted.is_ok() && state.is_above_high_water() {
                let done = |state: &State| !state.is_above_high_water();
                (state, _) = self.wait(state, Sleep::Room, deadline, done);
            }
            (state, admitted)
        });
        drop(self.flush_burst(state, deadline));
        sent
    }

    /// Sends a message if that needs no waiting at all.
    pub(crate) fn send_at_once(&self, frame: &[u8], body: usize) -> Result<(), Failure> {
        self.check_size(frame)?;
        let from_handler = handler::current().is_some();
        let mut state = self.lock();
        Self::check_admitted(&state, from_handler)?;
        if state.is_above_high_water() || !state.window.try_spend(charge(body)) {
            return Err(Failure::NoRoom);
        }
        state.append_with(|out| out.extend_from_slice(frame));
        drop(self.flush_ready(state));
        Ok(())
    }

    /// Sends a call and waits for its answer. `frame` holds a call without its id.
    pub(crate) fn call(
        &self,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: Option<Instant>,
    ) -> Result<Answer, Failure> {
        let handler = handler::current();
        self.check_size(frame)?;
        let (state, away) = self.leave(handler.as_ref())?;
        let (state, opened) = self.open(state, frame, body, away.is_some(), deadline);
        let (state, result) = match opened {
            Ok(call) => self.await_answer(state, call, away.is_some(), deadline),
            Err(failure) => (state, Err(failure)),
        };
        self.come_back(state, away);
        result
    }

    /// Sends a call and leaves its answer to `wait_for` or `give_up`.
    pub(crate) fn defer(
        &self,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: Option<Instant>,
    ) -> Result<CallId, Failure> {
        let handler = handler::current();
        self.check_size(frame)?;
        let (state, opened) = Self::sending(self.lock(), |state| {
            let (mut state, admitted) = self.admit(state, charge(body), handler.as_ref(), deadline);
            let opened = admitted.and_then(|()| self.append_call(&mut state, frame));
            (state, opened)
        });
        drop(self.flush_burst(state, deadline));
        opened
    }

    /// Waits for the answer of a deferred call. A deadline that passes leaves the call open.
    pub(crate) fn wait_for(
        &self,
        call: CallId,
        deadline: Option<Instant>,
    ) -> Result<Answer, Failure> {
        let handler = handler::current();
        {
            let mut state = self.lock();
            if let Some(answer) = state.calls.claim(call) {
                return Ok(answer);
            }
        }
        let (state, away) = self.leave(handler.as_ref())?;
        let (mut state, waited) = self.wait_counted(state, call, away.is_some(), deadline);
        let result = match (state.calls.claim(call), waited) {
            (Some(answer), _) => Ok(answer),
            (None, Waited::Closed) => Err(Self::ended(&mut state, call)),
            (None, _) => Err(Failure::Late { phase: Phase::Answer, may_have_run: true }),
        };
        state = self.flush(state, deadline);
        self.come_back(state, away);
        result
    }

    /// Whether `wait_for` would return at once.
    pub(crate) fn is_ready(&self, call: CallId) -> bool {
        let state = self.lock();
        state.calls.is_answered(call) || state.is_closed()
    }

    /// Gives a deferred call up: the peer is told, a late answer is dropped.
    pub(crate) fn give_up(&self, call: CallId) {
        let mut state = self.lock();
        if state.calls.give_up(call).is_some() {
            state.append_with(|out| wire::write_cancel(out, call));
            state.advance_goodbye();
            drop(self.flush_ready(state));
        }
    }

    /// Checks what can be checked without the lock.
    fn check_size(&self, frame: &[u8]) -> Result<(), Failure> {
        let size = frame.len().saturating_sub(LENGTH_PREFIX);
        let limit = self.peer.max_frame as usize;
        if size > limit { Err(Failure::TooLarge { size, limit }) } else { Ok(()) }
    }

    fn check_admitted(state: &Locked<'_>, from_handler: bool) -> Result<(), Failure> {
        if let Some(ending) = state.closed() {
            return Err(Failure::Ended { ending: ending.clone(), may_have_run: false });
        }
        if !state.goodbye.admits(from_handler) || state.goodbye.end_of_input {
            return Err(Failure::Stopping);
        }
        Ok(())
    }

    /// Counts the thread among the senders meanwhile: `adieu` must not come between the check
    /// that a message may still be sent and its bytes.
    fn sending<'a, T>(
        mut state: Locked<'a>,
        act: impl FnOnce(Locked<'a>) -> (Locked<'a>, Result<T, Failure>),
    ) -> (Locked<'a>, Result<T, Failure>) {
        state.goodbye.senders = state.goodbye.senders.saturating_add(1);
        let result;
        (state, result) = act(state);
        state.goodbye.senders = state.goodbye.senders.saturating_sub(1);
        state.advance_goodbye();
        (state, result)
    }

    /// Admits a command and spends its charge, waiting for window where there is too little.
    ///
    /// `handler` is the handler to take off its turn meanwhile, if it holds one.
    fn admit<'a>(
        &'a self,
        mut state: Locked<'a>,
        charge: u64,
        handler: Option<&Handler>,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, Result<(), Failure>) {
        if let Err(failure) = Self::check_admitted(&state, handler.is_some()) {
            return (state, Err(failure));
        }
        if state.window.try_spend(charge) {
            return (state, Ok(()));
        }
        drop(state);
        let (state, away) = match self.leave(handler) {
            Ok(left) => left,
            Err(failure) => return (self.lock(), Err(failure)),
        };
        let (state, result) = self.await_window(state, charge, handler.is_some(), deadline);
        (self.come_back(state, away), result)
    }

    fn await_window<'a>(
        &'a self,
        mut state: Locked<'a>,
        charge: u64,
        from_handler: bool,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, Result<(), Failure>) {
        if let Err(failure) = Self::check_admitted(&state, from_handler) {
            return (state, Err(failure));
        }
        let ticket = state.window.queue_up();
        let ready = |state: &State| state.window.is_ready(ticket, charge);
        let waited;
        (state, waited) = self.wait(state, Sleep::Window(ticket), deadline, ready);
        let spent = state.window.leave(ticket, charge);
        state.wake_first_in_line();
        let result = match (state.closed(), waited) {
            (Some(ending), _) => {
                Err(Failure::Ended { ending: ending.clone(), may_have_run: false })
            }
            (None, _) if spent => Ok(()),
            (None, _) => Err(Failure::Late { phase: Phase::Window, may_have_run: false }),
        };
        (state, result)
    }

    /// Opens a call and appends it.
    fn open<'a>(
        &'a self,
        state: Locked<'a>,
        frame: &mut Vec<u8>,
        body: usize,
        from_handler: bool,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, Result<CallId, Failure>) {
        Self::sending(state, |mut state| {
            let mut admitted = Self::check_admitted(&state, from_handler);
            if admitted.is_ok() && !state.window.try_spend(charge(body)) {
                (state, admitted) = self.await_window(state, charge(body), from_handler, deadline);
            }
            let opened = admitted.and_then(|()| self.append_call(&mut state, frame));
            (state, opened)
        })
    }

    fn append_call(&self, state: &mut Locked<'_>, frame: &mut Vec<u8>) -> Result<CallId, Failure> {
        let limit = self.limits.max_calls;
        if state.calls.waiting() >= limit {
            state.window.unspend(charge(frame.len().saturating_sub(wire::CALL_HEADER)));
            return Err(Failure::TooManyCalls { limit });
        }
        let at = state.outbox.end();
        let call = state.calls.open(at);
        wire::patch_call_id(frame, call);
        state.append(frame);
        Ok(call)
    }

    /// Waits for an answer and closes the call, whatever comes.
    fn await_answer<'a>(
        &'a self,
        state: Locked<'a>,
        call: CallId,
        from_handler: bool,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, Result<Answer, Failure>) {
        let (mut state, waited) = self.wait_counted(state, call, from_handler, deadline);
        let result = match (state.calls.claim(call), waited) {
            (Some(answer), _) => Ok(answer),
            (None, Waited::Closed) => Err(Self::ended(&mut state, call)),
            (None, _) => {
                if state.calls.give_up(call).is_some() {
                    state.append_with(|out| wire::write_cancel(out, call));
                }
                Err(Failure::Late { phase: Phase::Answer, may_have_run: true })
            }
        };
        state.advance_goodbye();
        (self.flush(state, deadline), result)
    }

    /// Waits for an answer, counted among those for whom commands are run meanwhile.
    fn wait_counted<'a>(
        &'a self,
        mut state: Locked<'a>,
        call: CallId,
        from_handler: bool,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, Waited) {
        let caller = usize::from(!from_handler);
        state.turn.callers = state.turn.callers.saturating_add(caller);
        state.offer_turn();
        let waited;
        (state, waited) =
            self.wait(state, Sleep::Answer(call), deadline, |state| state.calls.is_answered(call));
        state.turn.callers = state.turn.callers.saturating_sub(caller);
        (state, waited)
    }

    fn ended(state: &mut Locked<'_>, call: CallId) -> Failure {
        let at = state.calls.give_up(call);
        let may_have_run = at.is_none_or(|at| state.outbox.may_have_left(at));
        let ending = state.closed().cloned().unwrap_or_else(|| Arc::new(Ending::vanished()));
        Failure::Ended { ending, may_have_run }
    }

    /// Gives up the turn of the handler that is about to wait here, and locks this connection.
    fn leave(&self, handler: Option<&Handler>) -> Result<(Locked<'_>, Option<Away>), Failure> {
        let Some(handler) = handler.filter(|_| holds(Rule::TurnIsLeft)) else {
            return Ok((self.lock(), None));
        };
        let mut its = handler.lien.lock();
        let limit = handler.lien.limits.max_waiting;
        its.turn.leave(handler.parallel).map_err(|_| Failure::TooManyWaiting { limit })?;
        its.pass_on();
        drop(its);
        Ok((self.lock(), Some(Away(handler.clone()))))
    }

    /// Takes the turn back, whoever runs.
    fn come_back<'a>(&'a self, mut state: Locked<'a>, away: Option<Away>) -> Locked<'a> {
        let Some(Away(handler)) = away else { return state };
        if std::ptr::eq(&raw const *handler.lien, self) {
            state.turn.come_back(handler.parallel);
            return state;
        }
        drop(state);
        let mut its = handler.lien.lock();
        its.turn.come_back(handler.parallel);
        drop(its);
        self.lock()
    }
}
