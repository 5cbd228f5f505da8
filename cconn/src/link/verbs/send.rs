//! Sending: one-way messages, calls and deferred calls, and the reasons why a message is not sent.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::Failure;
use crate::link::core::inlet::Taken;
use crate::link::core::latest::{Placed, SlotId};
use crate::link::core::outbox::{ANSWER, Lane};
use crate::link::core::state::State;
use crate::link::core::window::charge;
use crate::link::io::lock::Locked;
use crate::link::io::telling::is_telling;
use crate::link::threads::leave::Appended;
use crate::sync::{Deadline, now};
use crate::wire::{CallId, Outgoing};

impl Link {
    /// Sends a one-way message: a whole frame.
    ///
    /// Blocks while the peer's window or the outbox is full.
    pub(crate) fn send(
        &self,
        frame: &mut Outgoing<&[u8]>,
        deadline: impl Into<Deadline>,
    ) -> Result<(), Failure> {
        let deadline = &mut deadline.into();
        self.check_size(frame.len())?;
        self.locked(|state| {
            if state.is_above_high_water()
                || !self.admit_at_once(state, charge(frame.charged_one_way()))?
            {
                return self.send_later(state, frame, deadline);
            }
            state.append_one_way(frame);
            self.flush_or_leave(state, Appended::Message, deadline);
            Ok(())
        })
    }

    /// Sends a one-way message that has to wait for room in the outbox or for window.
    #[cold]
    fn send_later(
        &self,
        state: &mut Locked<'_>,
        frame: &mut Outgoing<&[u8]>,
        deadline: &mut Deadline,
    ) -> Result<(), Failure> {
        if is_telling() {
            return Err(Failure::NoRoom);
        }
        let sent = self.sending(state, |state| {
            self.admit_with_room(state, charge(frame.charged_one_way()), deadline)?;
            state.append_one_way(frame);
            self.flush_or_leave(state, Appended::Message, deadline);
            Ok(())
        });
        // The end of `sending` may have appended a step of the goodbye.
        if state.is_stopping() {
            state.flush(deadline);
        }
        sent
    }

    /// Sends a one-way message like `send`, but only if that needs no waiting.
    pub(crate) fn try_send(&self, frame: &mut Outgoing<&[u8]>) -> Result<(), Failure> {
        self.check_size(frame.len())?;
        self.locked_soon(|state| {
            self.admit_or_refuse(state, charge(frame.charged_one_way()))?;
            state.append_one_way(frame);
            self.flush_or_leave(state, Appended::Message, &mut { Deadline::NO_TIME });
            Ok(())
        })
    }

    /// Sends a call if that needs no waiting; its answer is left to `wait_for` or `give_up`.
    pub(crate) fn try_defer(&self, frame: &mut Outgoing<&[u8]>) -> Result<CallId, Failure> {
        self.try_defer_with(frame, |_, _| {})
    }

    /// Sends a call like `try_defer`; `opened` is run before the call leaves.
    #[inline]
    pub(in super::super) fn try_defer_with(
        &self,
        frame: &mut Outgoing<&[u8]>,
        opened: impl FnOnce(&mut State, CallId),
    ) -> Result<CallId, Failure> {
        self.check_size(frame.len())?;
        self.locked_soon(|state| {
            self.admit_or_refuse(state, charge(frame.charged_call()))?;
            let call = self.open_call(state, frame, false)?;
            opened(state, call);
            state.append(frame);
            self.flush_or_leave(state, Appended::Message, &mut { Deadline::NO_TIME });
            self.note_unread();
            Ok(call)
        })
    }

    /// Sends and writes a message of a broadcast, but only if that needs no waiting at all.
    pub(crate) fn send_at_once(&self, frame: &Outgoing<&[u8]>) -> Result<(), Failure> {
        self.check_size(frame.len())?;
        self.locked_soon(|state| {
            self.admit_or_refuse(state, charge(frame.charged_one_way()))?;
            // Copied, because the other connections of the broadcast need the frame too.
            state.append_copied_one_way(frame.parts());
            state.flush_ready();
            Ok(())
        })
    }

    /// Sends a message of a broadcast of which only the latest counts: at once if that needs no
    /// waiting, else as soon as there is room, unless a later one for the same slot comes first.
    /// `shared` makes the frame that waits.
    pub(crate) fn send_latest(
        &self,
        slot: SlotId,
        frame: &Outgoing<&[u8]>,
        shared: impl FnOnce() -> Arc<[u8]>,
    ) -> Result<Placed, Failure> {
        self.check_size(frame.len())?;
        self.locked_soon(|state| {
            self.check_admitted(state)?;
            let placed = state.place_latest(slot, frame, shared);
            state.flush_ready();
            Ok(placed)
        })
    }

    /// Drops the messages that wait for a membership which is over.
    pub(crate) fn forget_latest(&self, membership: u64) {
        self.locked_soon(|state| {
            state.forget_latest(membership);
            // A step of the goodbye may have been waiting for them.
            state.advance_goodbye();
            state.flush_ready();
        });
    }

    /// Sends a call and waits for its answer. The frame holds a call without its id.
    pub(crate) fn call(
        &self,
        frame: &mut Outgoing<&[u8]>,
        deadline: impl Into<Deadline>,
    ) -> Result<Answer, Failure> {
        let deadline = &mut deadline.into();
        self.check_size(frame.len())?;
        self.locked_aside(|state, from_handler| match self.open(state, frame, deadline) {
            Ok(call) => {
                state.write(frame, deadline);
                self.await_answer(state, call, from_handler, deadline)
            }
            Err(failure) => {
                state.flush(deadline);
                Err(failure)
            }
        })
    }

    /// Sends a call; its answer is left to `wait_for` or `give_up`.
    pub(crate) fn defer(
        &self,
        frame: &mut Outgoing<&[u8]>,
        deadline: impl Into<Deadline>,
    ) -> Result<CallId, Failure> {
        self.defer_with(frame, deadline.into(), |_, _| {})
    }

    /// Sends a call like `defer`; `opened` is run before the call leaves.
    #[inline]
    pub(in super::super) fn defer_with(
        &self,
        frame: &mut Outgoing<&[u8]>,
        mut deadline: Deadline,
        opened: impl FnOnce(&mut State, CallId),
    ) -> Result<CallId, Failure> {
        let deadline = &mut deadline;
        self.check_size(frame.len())?;
        self.locked(|state| {
            if state.is_above_high_water()
                || !self.admit_at_once(state, charge(frame.charged_call()))?
            {
                return self.defer_later(state, frame, deadline, opened);
            }
            let call = self.open_call(state, frame, false)?;
            opened(state, call);
            state.append(frame);
            self.flush_or_leave(state, Appended::Message, deadline);
            self.note_unread();
            Ok(call)
        })
    }

    /// Sends a call that has to wait for room in the outbox or for window.
    #[cold]
    fn defer_later(
        &self,
        state: &mut Locked<'_>,
        frame: &mut Outgoing<&[u8]>,
        deadline: &mut Deadline,
        opened: impl FnOnce(&mut State, CallId),
    ) -> Result<CallId, Failure> {
        if is_telling() {
            return Err(Failure::NoRoom);
        }
        let opened = self.sending(state, |state| {
            self.admit_with_room(state, charge(frame.charged_call()), deadline)?;
            let call = self.open_call(state, frame, false)?;
            opened(state, call);
            state.append(frame);
            Ok(call)
        });
        self.flush_or_leave(state, Appended::Message, deadline);
        self.note_unread();
        opened
    }

    /// Gives a deferred call up: the peer is told, and a late answer is dropped.
    pub(crate) fn give_up(&self, call: CallId) {
        let unused = self.locked_soon(|state| {
            let unused = state.unfollow(call);
            if state.has_stream(call) {
                state.drop_stream(Lane { call, lane: ANSWER }, Taken::default());
                self.leave_stop(state);
            } else if state.give_up(call) {
                state.flush_ready();
            }
            unused
        });
        // A waker is the program's, so it is dropped with nothing locked.
        drop(unused);
    }

    /// Opens a call whose frame is the next to be sent.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "of its callers all but one are cold")]
    pub(super) fn open(
        &self,
        state: &mut Locked<'_>,
        frame: &mut Outgoing<&[u8]>,
        deadline: &mut Deadline,
    ) -> Result<CallId, Failure> {
        if state.is_above_high_water() {
            state.await_room(deadline)?;
        }
        if self.admit_at_once(state, charge(frame.charged_call()))? {
            return self.open_call(state, frame, true);
        }
        self.open_later(state, frame, deadline)
    }

    /// Opens a call that has to wait for window.
    #[cold]
    fn open_later(
        &self,
        state: &mut Locked<'_>,
        frame: &mut Outgoing<&[u8]>,
        deadline: &mut Deadline,
    ) -> Result<CallId, Failure> {
        self.sending(state, |state| {
            self.await_window(state, charge(frame.charged_call()), deadline)?;
            self.open_call(state, frame, true)
        })
    }

    /// Opens a call for which credit is taken, whose frame is the next to be appended.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "of its callers all but two are cold")]
    fn open_call(
        &self,
        state: &mut State,
        frame: &mut Outgoing<&[u8]>,
        awaited: bool,
    ) -> Result<CallId, Failure> {
        let call = state.open_call(frame, awaited, self.limits.max_calls)?;
        // [context.time]
        if let Some(until) = frame.until {
            frame.set_time_left(until.saturating_duration_since(now()));
        }
        Ok(call)
    }
}
