//! Writing a frame from the caller's buffer, without a detour through the outbox.

use std::io::{self, IoSlice};

use super::lock::Locked;
use super::write::full_at;
use crate::copy;
use crate::sync::Deadline;
use crate::transport::Transport;
use crate::wire::{self, Answering, Outgoing};

impl Locked<'_> {
    /// Writes a frame from the caller's buffer if nothing is before it, else appends it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "of its callers all but one are cold")]
    pub(in super::super) fn write(
        &mut self,
        message: &mut Outgoing<&[u8]>,
        deadline: &mut Deadline,
    ) {
        if self.is_writable_at_once() {
            self.write_at_once(message.parts(), deadline);
        } else {
            self.append(message);
        }
    }

    /// Writes a frame from the caller's buffer, which `is_writable_at_once` must allow; then goes
    /// on like `flush`.
    #[inline]
    pub(in super::super) fn write_at_once(&mut self, frame: [&[u8]; 2], deadline: &mut Deadline) {
        if frame[1].len() < copy::PADDED {
            self.write_direct(frame, deadline);
        } else {
            self.write_padded(frame, deadline);
        }
    }

    /// Writes a large frame, behind as many paddings as make the system copy it quickly.
    #[cold]
    fn write_padded(&mut self, frame: [&[u8]; 2], deadline: &mut Deadline) {
        let [bytes, tail] = frame;
        let paddings = self.channel.io.paddings(bytes.len(), tail, wire::PADDING);
        if paddings == 0 {
            return self.write_direct(frame, deadline);
        }
        let mut head = Vec::new();
        (0..paddings).for_each(|_| wire::write_padding(&mut head));
        head.extend_from_slice(bytes);
        self.write_direct([&head, tail], deadline);
    }

    /// Appends the frame of an answer, whose payload is moved; a large one behind paddings.
    pub(in super::super) fn queue_answer(&mut self, frame: &mut Answering) {
        if frame.tail.len() >= copy::PADDED {
            self.append_paddings(frame);
        }
        self.append_answer(frame);
    }

    #[cold]
    fn append_paddings(&mut self, frame: &Answering) {
        let waiting = usize::try_from(self.bytes_waiting()).unwrap_or(0);
        let before = waiting.saturating_add(frame.bytes.len());
        let paddings = self.channel.io.paddings(before, &frame.tail, wire::PADDING);
        self.append_with(|out| (0..paddings).for_each(|_| wire::write_padding(out)));
    }

    #[inline]
    fn write_direct(&mut self, frame: [&[u8]; 2], deadline: &mut Deadline) {
        let (channel, length) = (self.channel, length(frame));
        let start = self.begin_direct(length);
        let outlet = self.take_outlet();
        let sent = self.unlocked(|| send_rest(outlet.or(&*channel.io), frame, 0));
        self.put_outlet(outlet);
        let whole = matches!(sent, Ok(n) if n == length);
        if !(whole && self.end_direct(length)) {
            self.go_on_writing(frame, sent, start, deadline);
        }
    }

    /// Goes on after the first write of such a frame, which did not take all of it or during which
    /// more work came up. `start` is the frame's position.
    #[cold]
    fn go_on_writing(
        &mut self,
        frame: [&[u8]; 2],
        mut sent: io::Result<usize>,
        start: u64,
        deadline: &mut Deadline,
    ) {
        let (channel, length) = (self.channel, length(frame));
        let own = start.saturating_add(length as u64);
        let mut written = 0_usize;
        loop {
            let more = *sent.as_ref().unwrap_or(&0);
            written = written.saturating_add(more);
            self.note_direct(more, start.saturating_add(written as u64), full_at(&sent));
            if written >= length {
                break;
            }
            if let Err(error) = sent {
                if error.kind() != io::ErrorKind::WouldBlock || deadline.has_passed() {
                    // The frame has begun, so its rest goes before everything that was queued
                    // meanwhile.
                    self.queue_rest(rest(frame, written));
                    self.write_failed(&error, deadline);
                    return;
                }
                self.wait_for_room(deadline);
            }
            if !self.goes_on_direct(own, rest(frame, written)) {
                break;
            }
            sent = self.unlocked(|| send_rest(&*channel.io, frame, written));
        }
        if !self.write_on(own, deadline) {
            self.flush(deadline);
        }
    }
}

/// Sends what follows the first `written` bytes of a frame.
#[inline]
fn send_rest(io: &dyn Transport, frame: [&[u8]; 2], written: usize) -> io::Result<usize> {
    if let [bytes, []] = frame {
        return io.try_send(&[IoSlice::new(bytes.get(written..).unwrap_or(&[]))]);
    }
    let [bytes, tail] = rest(frame, written);
    io.try_send(&[IoSlice::new(bytes), IoSlice::new(tail)])
}

#[inline]
fn length([bytes, tail]: [&[u8]; 2]) -> usize {
    bytes.len().saturating_add(tail.len())
}

/// What follows the first `written` bytes of a frame.
fn rest([bytes, tail]: [&[u8]; 2], written: usize) -> [&[u8]; 2] {
    let behind = written.saturating_sub(bytes.len());
    [bytes.get(written..).unwrap_or(&[]), tail.get(behind..).unwrap_or(&[])]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_frame_is_the_same_wherever_it_was_cut() {
        for written in 0..=6 {
            let left = &b"abcdef"[written..];
            assert_eq!(rest([b"abcd", b"ef"], written).concat(), left);
            assert_eq!(rest([b"abcdef", b""], written).concat(), left);
        }
    }
}
