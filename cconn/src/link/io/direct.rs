//! Writing a frame from the caller's buffer, without a detour through the outbox.

use std::io::{self, IoSlice};

use super::lock::Locked;
use super::write::full_at;
use crate::link::core::outgoing::Outgoing;
use crate::sync::Deadline;
use crate::transport::Transport;

impl Locked<'_> {
    /// Writes a frame from the caller's buffer if nothing is before it, else appends it.
    #[inline]
    pub(in super::super) fn write(&mut self, message: Outgoing<'_>, deadline: &mut Deadline) {
        if self.is_writable_at_once() {
            self.write_at_once(&message, deadline);
        } else {
            self.append(message.gathered());
        }
    }

    /// Writes a frame from the caller's buffer, which `is_writable_at_once` must allow; then goes
    /// on like `flush`.
    #[inline]
    pub(in super::super) fn write_at_once(
        &mut self,
        message: &Outgoing<'_>,
        deadline: &mut Deadline,
    ) {
        let (channel, length) = (self.channel, message.len());
        let start = self.begin_direct(length);
        let outlet = self.take_outlet();
        let sent = self.unlocked(|| send_rest(outlet.or(&*channel.io), message, 0));
        self.put_outlet(outlet);
        let whole = matches!(sent, Ok(n) if n == length);
        if !(whole && self.end_direct(length)) {
            self.go_on_writing(message, sent, start, deadline);
        }
    }

    /// Goes on after the first write of such a frame, which did not take all of it or during which
    /// more work came up. `start` is the frame's position.
    #[cold]
    fn go_on_writing(
        &mut self,
        message: &Outgoing<'_>,
        mut sent: io::Result<usize>,
        start: u64,
        deadline: &mut Deadline,
    ) {
        let channel = self.channel;
        let own = start.saturating_add(message.len() as u64);
        let mut written = 0_usize;
        loop {
            let more = *sent.as_ref().unwrap_or(&0);
            written = written.saturating_add(more);
            self.note_direct(more, start.saturating_add(written as u64), full_at(&sent));
            if written >= message.len() {
                break;
            }
            if let Err(error) = sent {
                if error.kind() != io::ErrorKind::WouldBlock || deadline.has_passed() {
                    // The frame has begun, so its rest goes before everything that was queued
                    // meanwhile.
                    self.queue_rest(message.rest(written));
                    self.write_failed(&error, deadline);
                    return;
                }
                self.wait_for_room(deadline);
            }
            if !self.goes_on_direct(own, message.rest(written)) {
                break;
            }
            sent = self.unlocked(|| send_rest(&*channel.io, message, written));
        }
        if !self.write_on(own, deadline) {
            self.flush(deadline);
        }
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
