//! Sending: one-way messages, calls, deferred calls, and what is refused before anything is sent.

use std::time::Duration;

use crate::copy;
use crate::link::Link;
use crate::link::core::calls::{Answer, Asked};
use crate::link::core::failure::Failure;
use crate::link::core::outgoing::Outgoing;
use crate::link::core::state::State;
use crate::link::core::window::charge;
use crate::link::io::lock::Locked;
use crate::link::threads::handler;
use crate::sync::Deadline;
use crate::wire::{self, CallId};

/// The deadline of what may not wait.
const NO_TIME: Deadline = Deadline::After(Duration::ZERO);

impl Link {
    /// Sends a one-way message: a whole frame, whose body has `body` bytes.
    ///
    /// Blocks while the peer's window or the outbox is full.
    pub(crate) fn send(
        &self,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: impl Into<Deadline>,
    ) -> Result<(), Failure> {
        let deadline = &mut deadline.into();
        self.check_size(frame.len())?;
        let mut state = self.lock();
        if state.is_above_high_water() || !self.admit_at_once(&mut state, charge(body))? {
            return self.send_later(state, frame, body, deadline);
        }
        state.append_one_way(frame);
        drop(self.flush_burst(state, deadline));
        Ok(())
    }

    /// Sends a one-way message that has to wait, for room in the outbox or for window.
    #[cold]
    fn send_later(
        &self,
        state: Locked<'_>,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: &mut Deadline,
    ) -> Result<(), Failure> {
        let (state, sent) = self.sending(state, |state| {
            let (mut state, admitted) = self.admit_with_room(state, charge(body), deadline);
            if admitted.is_ok() {
                state.append_one_way(frame);
                state = self.flush_burst(state, deadline);
            }
            (state, admitted)
        });
        if state.goodbye.stopping {
            drop(self.flush(state, deadline));
        }
        sent
    }

    /// Sends a one-way message if that needs no waiting, as `send` does.
    pub(crate) fn try_send(&self, frame: &mut Vec<u8>, body: usize) -> Result<(), Failure> {
        self.check_size(frame.len())?;
        let mut state = self.lock_soon();
        self.admit_or_refuse(&mut state, charge(body))?;
        state.append_one_way(frame);
        drop(self.flush_burst(state, &mut { NO_TIME }));
        Ok(())
    }

    /// Sends a call if that needs no waiting, and leaves its answer to `wait_for` or `give_up`.
    pub(crate) fn try_defer(&self, frame: &mut Vec<u8>, body: usize) -> Result<CallId, Failure> {
        self.check_size(frame.len())?;
        let mut state = self.lock_soon();
        self.admit_or_refuse(&mut state, charge(body))?;
        let call = self.open_call(&mut state, frame, body, false)?;
        state.append(frame);
        drop(self.flush_burst(state, &mut { NO_TIME }));
        Ok(call)
    }

    /// Sends a message of a broadcast if that needs no waiting at all, and writes it.
    pub(crate) fn send_at_once(&self, frame: &[u8], body: usize) -> Result<(), Failure> {
        self.check_size(frame.len())?;
        let mut state = self.lock_soon();
        self.admit_or_refuse(&mut state, charge(body))?;
        state.append_with(|out| copy::append(out, frame));
        state.last_one_way = state.outbox.end();
        state.turn.notices.sent_one();
        drop(self.flush_ready(state));
        Ok(())
    }

    /// Sends a call and waits for its answer. The frame holds a call without its id.
    pub(crate) fn call(
        &self,
        message: Outgoing<'_>,
        body: usize,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        let deadline = &mut deadline.into();
        let handler = handler::current();
        self.check_size(message.len())?;
        let (state, away) = self.leave(handler.as_ref())?;
        let (state, opened) = self.open(state, message.frame, body, deadline);
        let (state, result) = match opened {
            Ok(call) => {
                let state = self.write_or_append(state, message, deadline);
                self.await_answer(state, call, away.is_some(), deadline)
            }
            Err(failure) => (self.flush(state, deadline), Err(failure)),
        };
        self.come_back(state, away);
        result
    }

    /// Sends a call and leaves its answer to `wait_for` or `give_up`.
    pub(crate) fn defer(
        &self,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: impl Into<Deadline>,
    ) -> Result<CallId, Failure> {
        let deadline = &mut deadline.into();
        self.check_size(frame.len())?;
        let mut state = self.lock();
        if state.is_above_high_water() || !self.admit_at_once(&mut state, charge(body))? {
            return self.defer_later(state, frame, body, deadline);
        }
        let call = self.open_call(&mut state, frame, body, false)?;
        state.append(frame);
        drop(self.flush_burst(state, deadline));
        Ok(call)
    }

    /// Sends a call that has to wait, for room in the outbox or for window.
    #[cold]
    fn defer_later(
        &self,
        state: Locked<'_>,
        frame: &mut Vec<u8>,
        body: usize,
        deadline: &mut Deadline,
    ) -> Result<CallId, Failure> {
        let (state, opened) = self.sending(state, |state| {
            let (mut state, admitted) = self.admit_with_room(state, charge(body), deadline);
            let opened = admitted.and_then(|()| self.open_call(&mut state, frame, body, false));
            if opened.is_ok() {
                state.append(frame);
            }
            (state, opened)
        });
        drop(self.flush_burst(state, deadline));
        opened
    }

    /// Gives a deferred call up: the peer is told, a late answer is dropped.
    pub(crate) fn give_up(&self, call: CallId) {
        let mut state = self.lock_soon();
        if let Some(asked) = state.calls.give_up(call) {
            state.withdraw(call, asked);
            state.advance_goodbye();
            drop(self.flush_ready(state));
        }
    }

    /// Opens a call whose frame is the next to be sent.
    #[inline]
    fn open<'a>(
        &'a self,
        mut state: Locked<'a>,
        frame: &mut [u8],
        body: usize,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, Result<CallId, Failure>) {
        if state.is_above_high_water() {
            let room;
            (state, room) = self.await_room(state, deadline);
            if let Err(failure) = room {
                return (state, Err(failure));
            }
        }
        match self.admit_at_once(&mut state, charge(body)) {
            Err(failure) => return (state, Err(failure)),
            Ok(true) => {
                let opened = self.open_call(&mut state, frame, body, true);
                return (state, opened);
            }
            Ok(false) => {}
        }
        self.sending(state, |state| {
            let (mut state, admitted) = self.await_window(state, charge(body), deadline);
            let opened = admitted.and_then(|()| self.open_call(&mut state, frame, body, true));
            (state, opened)
        })
    }

    #[inline]
    fn open_call(
        &self,
        state: &mut State,
        frame: &mut [u8],
        body: usize,
        awaited: bool,
    ) -> Result<CallId, Failure> {
        let limit = self.limits.max_calls;
        if state.calls.waiting() >= limit {
            state.window.unspend(charge(body));
            return Err(Failure::TooManyCalls { limit });
        }
        let asked = Asked { at: state.outbox.end(), command: wire::command_of_call(frame) };
        let call = state.calls.open(asked, awaited);
        wire::patch_call_id(frame, call);
        Ok(call)
    }
}
