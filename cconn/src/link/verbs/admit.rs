//! The conditions under which a command may be sent: its size, the goodbye, the window, and the
//! turn of a handler that has to wait for window.

use super::answers::unwanted;
use crate::link::Link;
use crate::link::core::failure::Failure;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::core::window::charge;
use crate::link::io::lock::Locked;
use crate::link::threads::aside::give_up_turn;
use crate::link::threads::handler;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;
use crate::wire::{LENGTH_PREFIX, Outgoing};

impl Link {
    /// Checks the frame's size, for which no lock is needed.
    #[inline]
    // [frame.sender-checks] [frame.limit-of-other] [frame.longest-body]
    pub(in super::super) fn check_size(&self, frame: usize) -> Result<(), Failure> {
        let size = frame.saturating_sub(LENGTH_PREFIX);
        let limit = self.peer.max_frame as usize;
        if size > limit { Err(Failure::TooLarge { size, limit }) } else { Ok(()) }
    }

    /// Checks that the calling thread may send a command at all.
    #[inline]
    pub(in super::super) fn check_admitted(&self, state: &State) -> Result<(), Failure> {
        state.check_admitted(|| self.is_owed())
    }

    /// Whether a stop of this connection must let the calling thread send: because it is inside a
    /// command of this connection, or inside a command that another command has asked for, which
    /// may belong to this connection.
    #[cold]
    fn is_owed(&self) -> bool {
        let Some(marks) = handler::marks() else { return false };
        marks.depth > 0 || handler::serves(|served| std::ptr::eq(served, self))
    }

    /// Admits a command and takes credit for it; `Ok(false)` if it has to wait for window.
    #[inline]
    pub(in super::super) fn admit_at_once(
        &self,
        state: &mut State,
        charge: u64,
    ) -> Result<bool, Failure> {
        state.admit_at_once(charge, || self.is_owed())
    }

    /// Admits a command that may not wait at all, and takes credit for it.
    pub(in super::super) fn admit_or_refuse(
        &self,
        state: &mut State,
        charge: u64,
    ) -> Result<(), Failure> {
        state.admit_or_refuse(charge, || self.is_owed())
    }

    /// Checks that a call could be sent without waiting.
    #[inline]
    pub(in super::super) fn check_room(
        &self,
        state: &State,
        frame: &Outgoing<&[u8]>,
    ) -> Result<(), Failure> {
        self.check_admitted(state)?;
        state.check_room(charge(frame.charged_call()), self.limits.max_calls)
    }

    /// Admits a command and takes credit for it once there is room in the outbox and in the window.
    /// The outbox has a bound of its own, because the window that the peer grants may have any
    /// size.
    pub(in super::super) fn admit_with_room(
        &self,
        state: &mut Locked<'_>,
        charge: u64,
        deadline: &mut Deadline,
    ) -> Result<(), Failure> {
        state.await_room(deadline)?;
        // Other threads may have filled the outbox during the wait for window. The credit is used
        // all the same: given back, it would reach no thread that reads, and each thread adds only
        // one frame.
        self.admit(state, charge, deadline)
    }

    /// Counts the thread as a sender while `act` runs, so that our `adieu` can't come between the
    /// check that a message may be sent and the message's bytes. A thread that may not send any
    /// more is not counted: with senders an end of the input is a cut, while after our `adieu` it
    /// is the orderly end.
    pub(in super::super) fn sending<T>(
        &self,
        state: &mut Locked<'_>,
        act: impl FnOnce(&mut Locked<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.check_admitted(state)?;
        state.begin_sending();
        let result = act(state);
        state.end_sending();
        result
    }

    /// Admits a command and takes credit for it; waits if there is too little window. The command
    /// that the calling thread is inside of gives its turn up meanwhile.
    fn admit(
        &self,
        state: &mut Locked<'_>,
        charge: u64,
        deadline: &mut Deadline,
    ) -> Result<(), Failure> {
        if self.admit_at_once(state, charge)? {
            return Ok(());
        }
        // The turn may belong to another connection, and no thread holds the locks of two at once.
        let away = state.unlocked(|| match handler::current() {
            Some(handler) => give_up_turn(&handler),
            None => Ok(None),
        })?;
        let result = self.await_window(state, charge, deadline);
        self.come_back(state, away);
        result
    }

    /// Waits in the line of senders until there is window for a command, and takes credit for it.
    // [window.keep-reading]
    pub(in super::super) fn await_window(
        &self,
        state: &mut Locked<'_>,
        charge: u64,
        deadline: &mut Deadline,
    ) -> Result<(), Failure> {
        self.check_admitted(state)?;
        let owed = self.is_owed();
        let ticket = state.join_line();
        // The peer may be waiting for window too, which it gets when its commands start here.
        let caller = !self.is_inside();
        state.begin_calling(caller);
        state.offer_turn();
        // A stop ends the wait too: after `retrait` only handlers may send.
        let first = |state: &State| state.is_line_over(ticket, owed);
        let mut waited = state.wait_working(self, Sleep::Line, deadline, first);
        if state.is_line_over(ticket, owed) {
            let ready = |state: &State| state.is_window_over(ticket, charge, owed);
            waited = state.wait_working(self, Sleep::Window, deadline, ready);
        }
        state.end_calling(caller);
        let left = state.leave_line(ticket, charge, owed, !self.ends_with_handles);
        if left.is_err() {
            // What waited behind it may have been sent, and the caller writes nothing.
            state.flush_ready();
        }
        match left {
            Err(Failure::Late { .. }) if waited == Waited::Unwanted => Err(unwanted(state, false)),
            left => left,
        }
    }
}
