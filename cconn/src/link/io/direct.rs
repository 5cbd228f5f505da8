//! Writing a frame from where it is: no detour by the outbox where nothing stands before it.

use std::io::{self, IoSlice};

use super::lock::Locked;
use super::write::is_full;
use crate::link::Link;
use crate::link::core::outgoing::Outgoing;
use crate::sync::Deadline;
use crate::transport::Transport;

impl Link {
    /// Writes a frame from where it is, unless others stand before it: then it is appended.
    #[inline]
    pub(in super::super) fn write_or_append<'a>(
        &'a self,
        mut state: Locked<'a>,
        message: Outgoing<'_>,
        deadline: &mut Deadline,
    ) -> Locked<'a> {
        if state.is_writable_at_once() {
            return self.write_from(state, &message, deadline);
        }
        state.append(message.gathered());
        state
    }

    /// Writes a frame from where it is, which `is_writable_at_once` allows; then as `flush`.
    #[inline]
    pub(in super::super) fn write_from<'a>(
        &'a self,
        mut state: Locked<'a>,
        message: &Outgoing<'_>,
        deadline: &mut Deadline,
    ) -> Locked<'a> {
        let length = message.len();
        state.flusher = true;
        let start = state.outbox.begin_write(length);
        let outlet = state.take_outlet();
        drop(state);
        let sent = send_rest(outlet.or(&*self.io), message, 0);
        state = self.lock();
        state.put_outlet(outlet);
        if matches!(sent, Ok(n) if n == length) && state.is_undisturbed() {
            state.outbox.wrote(length);
            state.flusher = false;
            return state;
        }
        self.go_on_writing(state, message, sent, start, deadline)
    }

    /// After a first write of a frame from where it is that did not take all of it, or during
    /// which more came to be done. `start` is the frame's position.
    #[cold]
    fn go_on_writing<'a>(
        &'a self,
        mut state: Locked<'a>,
        message: &Outgoing<'_>,
        mut sent: io::Result<usize>,
        start: u64,
        deadline: &mut Deadline,
    ) -> Locked<'a> {
        let own = start.saturating_add(message.len() as u64);
        let mut written = 0_usize;
        loop {
            let more = *sent.as_ref().unwrap_or(&0);
            written = written.saturating_add(more);
            state.outbox.wrote(more);
            state.outbox.rest_stays(start.saturating_add(written as u64));
            state.note_sent(is_full(&sent));
            if written >= message.len() {
                break;
            }
            if let Err(error) = sent {
                if error.kind() != io::ErrorKind::WouldBlock || deadline.has_passed() {
                    state.outbox.put_first(message.rest(written));
                    (state, _) = self.write_failed(state, &error, deadline);
                    return state;
                }
                state = self.wait_for_room(state, deadline);
            }
            if !state.can_write() {
                // Whole frames go with the last words, if there are any.
                if state.outbox.is_leaving() {
                    state.outbox.put_first(message.rest(written));
                }
                break;
            }
            state.outbox.rest_leaves(own);
            drop(state);
            sent = send_rest(&*self.io, message, written);
            state = self.lock();
        }
        let gave_up;
        (state, gave_up) = self.write_on(state, own, deadline);
        if gave_up { state } else { self.flush(state, deadline) }
    }
}

#[inline]
fn send_rest(io: &dyn Transport, message: &Outgoing<'_>, written: usize) -> io::Result<usize> {
    if message.tail.is_empty() {
        let rest = message.frame.get(written..).unwrap_or(&[]);
        return io.try_send(&[IoSlice::new(rest)]);
    }
    io.try_send(&message.rest(written))
}
