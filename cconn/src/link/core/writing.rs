//! What is written: the frames in the outbox, a frame that its sender writes from its own buffer,
//! and the last words.
//!
//! The thread that writes asks here what comes next, and tells what became of each write.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::goodbye::Ending;
use super::outbox::Batch;
use super::sleepers::Sleep;
use super::state::State;

/// A blocked write is tried again after this part of the write deadline, and from then on whenever
/// the time without progress has doubled, even if the socket is not called writable. The kernel
/// calls a socket writable only once a third of its buffer is free, which may take a slow but
/// steady peer longer than the deadline. For a peer that does not read at all, a full socket takes
/// what it can early on.
const FIRST_TRY: u32 = 64;

/// A burst of messages is written out once it has grown to this many bytes.
const BURST: u64 = 32 << 10;

/// Messages that follow each other within this time are a burst and share a write.
const BURST_GAP: Duration = Duration::from_micros(50);

/// Whether a thread may say the last words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Speaker {
    /// The calling thread says them: it is the flusher now.
    Caller,
    /// Another thread writes, and goes on to say them.
    Another,
    /// Another thread waits for a full socket, so they can't be said.
    Blocked,
}

impl State {
    // A frame that is written from its sender's buffer.

    /// Begins to write a frame of `length` bytes from its sender's buffer, which
    /// `is_writable_at_once` must allow. Returns the frame's position.
    #[inline]
    pub(crate) fn begin_direct(&mut self, length: usize) -> u64 {
        self.writer.begin();
        self.outbox.begin_write(length)
    }

    /// Ends such a write, of which the socket took all `length` bytes. False if more came up
    /// meanwhile: the caller must go on as the flusher.
    #[inline]
    pub(crate) fn end_direct(&mut self, length: usize) -> bool {
        let undisturbed = self.is_undisturbed();
        if undisturbed {
            self.outbox.wrote(length);
            self.writer.end();
        }
        undisturbed
    }

    /// Whether nothing happened during a write that the flusher would have to see to.
    #[inline]
    fn is_undisturbed(&self) -> bool {
        self.outbox.is_empty()
            && self.sleepers.is_empty()
            && self.writer.stuck_since().is_none()
            && !self.has_items_waiting()
            && !self.goodbye.is_stopping()
            && !self.is_closed()
    }

    /// Notes that a write has taken `more` bytes of the frame, which ends them at position `end`.
    /// `full_at`: the moment at which the socket took nothing.
    pub(crate) fn note_direct(&mut self, more: usize, end: u64, full_at: Option<Instant>) {
        self.outbox.wrote(more);
        self.outbox.rest_stays(end);
        self.note_sent(full_at);
    }

    /// Whether the rest of the frame may be written; all bytes before position `end` may then be on
    /// their way again. If not, the rest goes with the last words, if there are any: only whole
    /// frames do.
    pub(crate) fn goes_on_direct(&mut self, end: u64, rest: [&[u8]; 2]) -> bool {
        let goes_on = self.can_write();
        if goes_on {
            self.outbox.rest_leaves(end);
        } else if self.outbox.is_leaving() {
            self.outbox.put_first(rest);
        }
        goes_on
    }

    /// Queues the rest of a frame that has begun, before everything that was queued meanwhile.
    pub(crate) fn queue_rest(&mut self, rest: [&[u8]; 2]) {
        self.outbox.put_first(rest);
    }

    // The flusher.

    /// Makes the calling thread the flusher. Returns the position behind the last frame.
    #[inline]
    pub(crate) fn begin_flush(&mut self) -> u64 {
        self.writer.begin();
        self.outbox.end()
    }

    /// Whether the flusher has something to write, and a peer to write it to.
    #[inline]
    pub(crate) fn has_to_write(&self) -> bool {
        !self.outbox.is_empty() && self.can_write()
    }

    /// Whether the flusher has written everything before position `share`, and another thread was
    /// woken to go on.
    #[inline]
    pub(crate) fn hands_over(&mut self, share: u64) -> bool {
        self.outbox.sent() >= share && self.hand_over_flush()
    }

    /// Whether the flusher has written everything before position `share`, and leaves the rest to
    /// the watchman: items of channels or messages in slots that wait for room, of which there may
    /// be no end.
    #[inline]
    pub(crate) fn leaves_items(&self, share: u64) -> bool {
        self.has_items_waiting() && self.outbox.sent() >= share && self.tended.is_watched()
    }

    /// Takes out what is to be written next.
    #[inline]
    pub(crate) fn take_batch(&mut self) -> Batch {
        self.outbox.take()
    }

    /// Takes a batch back of which a write took `written` bytes. Returns a buffer that is too large
    /// to be kept here. `full_at`: the moment at which the socket took nothing.
    #[inline]
    pub(crate) fn give_batch_back(
        &mut self,
        batch: Batch,
        written: usize,
        full_at: Option<Instant>,
    ) -> Vec<u8> {
        self.outbox.give_back(batch, written);
        self.note_sent(full_at);
        self.outbox.take_large()
    }

    /// Notes that a write has returned: starts or stops the write deadline, and wakes threads that
    /// wait for room.
    #[inline]
    fn note_sent(&mut self, full_at: Option<Instant>) {
        self.writer.note(full_at);
        if self.has_items_waiting() {
            self.feed_waiting();
        }
        if !self.is_above_high_water() {
            self.wake(|sleep| sleep == Sleep::Room);
        }
    }

    /// Notes that the flusher has met a full socket, and waits.
    pub(crate) fn block_flush(&mut self) {
        self.writer.block();
    }

    /// Ends the flusher. True if the last words are still to be said: the thread that closed the
    /// connection left them to the flusher.
    #[inline]
    pub(crate) fn end_flush(&mut self) -> bool {
        self.writer.end();
        if self.is_closed() {
            return true;
        }
        self.advance_goodbye();
        false
    }

    /// When the peer is cut if its socket takes nothing until then; `patience`: how long it may
    /// take nothing.
    pub(crate) fn write_cut(&self, patience: Duration) -> Option<Instant> {
        self.writer.stuck_since()?.checked_add(patience)
    }

    /// When a blocked write is tried again, even if the socket is not called writable.
    pub(crate) fn next_try(&self, patience: Duration, now: Instant) -> Option<Instant> {
        let since = self.writer.stuck_since()?;
        let stuck = now.saturating_duration_since(since);
        let first = patience.checked_div(FIRST_TRY).unwrap_or_default();
        since.checked_add(stuck.saturating_mul(2).max(first))
    }

    /// Notes that a write failed: nothing can be written any more.
    pub(crate) fn break_writing(&mut self, why: impl FnOnce() -> Box<str>) {
        self.writer.break_off(why);
        self.outbox.clear();
        // Senders that wait for room find out that nothing is sent any more.
        self.wake(|sleep| sleep == Sleep::Room);
    }

    // The last words.

    /// Makes the calling thread the flusher for the last words, unless another thread writes: the
    /// end of the stream by this thread would come before that thread's words.
    pub(crate) fn begin_last_words(&mut self) -> Speaker {
        if self.writer.is_blocked() {
            return Speaker::Blocked;
        }
        if !self.writer.is_idle() {
            return Speaker::Another;
        }
        self.writer.begin();
        Speaker::Caller
    }

    /// The next bytes of the last words.
    pub(crate) fn next_last_words(&mut self) -> Option<Batch> {
        (!self.outbox.is_empty()).then(|| self.outbox.take())
    }

    /// Notes that a write of last words has taken `written` bytes.
    pub(crate) fn said_last_words(&mut self, batch: Batch, written: usize) {
        self.outbox.give_back(batch, written);
    }

    /// Notes that the last words are said, as far as the socket took them.
    pub(crate) fn end_last_words(&mut self) {
        self.writer.end();
        self.outbox.clear();
    }

    /// Why the last words can't all be written any more.
    pub(crate) fn cut_short(&self) -> Option<Arc<Ending>> {
        self.goodbye.cut_short.clone()
    }

    // What is left in the outbox.

    /// Position behind the last byte of the outbox.
    pub(crate) fn end_of_outbox(&self) -> u64 {
        self.outbox.end()
    }

    /// Whether everything before that position is written, and was not dropped.
    pub(crate) fn is_written(&self, end: u64) -> bool {
        self.outbox.sent() >= end && self.can_write()
    }

    /// Whether bytes wait that can still be written.
    pub(crate) fn has_unwritten(&self) -> bool {
        self.outbox.bytes() > 0 && self.can_write()
    }

    /// Whether so few bytes wait that they may wait for others.
    #[inline]
    pub(crate) fn may_grow_burst(&self) -> bool {
        self.outbox.bytes() < BURST
    }

    /// Whether a thread writes what is in the outbox, and the socket takes it.
    pub(crate) fn is_written_elsewhere(&self) -> bool {
        let goes_on = !self.writer.is_idle() && !self.writer.is_blocked();
        goes_on && self.writer.stuck_since().is_none() && self.has_unwritten() && self.can_write()
    }

    /// Whether bytes are left to the watchman already.
    #[inline]
    pub(crate) fn is_left_to_watchman(&self) -> bool {
        self.tended.left_unflushed
    }

    /// Leaves the bytes in the outbox to the watchman.
    #[inline]
    pub(crate) fn leave_to_watchman(&mut self) {
        self.tended.left_unflushed = true;
    }

    /// Notes a one-way message that was sent `now`; true if it is one of a burst.
    #[inline]
    pub(crate) fn note_message(&mut self, now: Instant) -> bool {
        let last = self.last_message.replace(now);
        last.is_some_and(|last| now.saturating_duration_since(last) < BURST_GAP)
    }

    /// Whether more is kept for reuse than a quiet connection should keep.
    #[inline]
    pub(crate) fn keeps_much(&self) -> bool {
        self.outbox.keeps_much()
    }
}
