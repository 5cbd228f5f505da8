//! The outbox: bytes to be written, as whole frames in order, from all senders of a connection.

mod growing;
mod items;

use std::collections::VecDeque;
use std::io::IoSlice;

use self::growing::Growing;
pub(crate) use self::growing::{ANSWER, Item, Lane};
use crate::copy;
use crate::wire::{self, CallId, Outgoing};

/// A frame of at least this many bytes is queued as it is instead of being copied behind others.
const LARGE: usize = 16 << 10;

/// The most segments given to one system call.
const PARTS: usize = 16;

/// The largest capacity, in bytes, of a buffer that is kept for reuse.
const LARGEST_SPARE: usize = 64 << 10;

/// The most bytes that a quiet connection keeps for reuse: 1 KiB together with its receive buffer.
const LARGEST_QUIET: usize = 512;

#[derive(Debug)]
struct Segment {
    bytes: Vec<u8>,
    /// Bytes of this segment that have been written. `written <= bytes.len()`
    written: usize,
}

/// Segments that the flusher has taken out to write.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    segments: VecDeque<Segment>,
}

/// The queue of bytes. A position counts all bytes ever appended before it.
///
/// `sent <= appended`. Bytes dropped at the end of the connection count as sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    segments: VecDeque<Segment>,
    /// The second deque: taking a batch swaps the two and allocates nothing.
    spare_deque: VecDeque<Segment>,
    /// Empty buffers: one is filled while the flusher writes the other.
    spares: [Vec<u8>; 2],
    /// A buffer that was written out and is too large to be kept here.
    large: Vec<u8>,
    /// The last frame, if items of a stream may be added to it.
    growing: Option<Growing>,
    appended: u64,
    sent: u64,
    /// Position up to which bytes may be on their way to the peer.
    possibly_sent: u64,
    /// Everything here is about to be written as part of the last words.
    leaving: bool,
}

impl Outbox {
    /// Bytes not known to be written, including those in the flusher's batch.
    #[inline]
    pub(crate) fn bytes(&self) -> u64 {
        self.appended.saturating_sub(self.sent)
    }

    /// Whether nothing waits for a flusher. The current flusher's batch does not count.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Position behind the last appended byte.
    #[inline]
    pub(crate) fn end(&self) -> u64 {
        self.appended
    }

    /// Position behind the last byte known to be written.
    #[inline]
    pub(crate) fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether a frame that starts at `at` may have left, wholly or in part.
    pub(crate) fn may_have_left(&self, at: u64) -> bool {
        self.leaving || self.possibly_sent > at
    }

    /// Whether every byte before `end` may have left.
    pub(crate) fn has_all_left(&self, end: u64) -> bool {
        self.possibly_sent >= end
    }

    /// Whether the last words are being written or are about to be.
    pub(crate) fn is_leaving(&self) -> bool {
        self.leaving
    }

    /// Closes the outbox for further frames; the thread that says the last words writes what is
    /// here.
    pub(crate) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Appends a whole frame. A large one is taken out of `frame`, a small one is copied.
    #[inline]
    pub(crate) fn append(&mut self, frame: &mut Vec<u8>) {
        self.appended = self.appended.saturating_add(frame.len() as u64);
        if frame.len() >= LARGE {
            let bytes = std::mem::take(frame);
            self.push(Segment { bytes, written: 0 });
        } else {
            self.tail().extend_from_slice(frame);
        }
    }

    /// Appends a whole frame, and with it a copy of the tail that it borrows.
    #[inline]
    pub(crate) fn append_frame(&mut self, frame: &mut Outgoing<&[u8]>) {
        if !frame.tail.is_empty() {
            copy::append(&mut frame.bytes, std::mem::take(&mut frame.tail));
        }
        self.append(&mut frame.bytes);
    }

    /// Appends the control frames that `write` writes.
    pub(crate) fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let tail = self.tail();
        let before = tail.len();
        write(tail);
        let gained = tail.len().saturating_sub(before);
        self.appended = self.appended.saturating_add(gained as u64);
    }

    /// The segment to which small frames are added.
    #[inline]
    fn tail(&mut self) -> &mut Vec<u8> {
        let fits = self.segments.back().is_some_and(|s| s.written == 0 && s.bytes.len() < LARGE);
        if !fits {
            self.begin_segment();
        }
        match self.segments.back_mut() {
            Some(segment) => &mut segment.bytes,
            // Not reached, because a segment was just pushed. A spare buffer is as good a place as
            // any.
            None => &mut self.spares[0],
        }
    }

    #[cold]
    fn begin_segment(&mut self) {
        let bytes = self.take_spare();
        self.push(Segment { bytes, written: 0 });
    }

    fn push(&mut self, segment: Segment) {
        if self.segments.capacity() == 0 {
            // Most connections never have a second segment, because small frames share one.
            self.segments.reserve_exact(1);
        }
        self.segments.push_back(segment);
    }

    /// Takes everything out, to be written without the lock.
    pub(crate) fn take(&mut self) -> Batch {
        self.growing = None;
        // From here until `give_back` the peer may receive any of these bytes.
        self.possibly_sent = self.appended;
        let empty = std::mem::take(&mut self.spare_deque);
        Batch { segments: std::mem::replace(&mut self.segments, empty) }
    }

    /// Takes a batch back, of which `written` bytes were written.
    pub(crate) fn give_back(&mut self, mut batch: Batch, written: usize) {
        self.sent = self.sent.saturating_add(written as u64);
        // The write has returned: the bytes that it did not take have certainly not left.
        self.possibly_sent = self.sent;
        batch.advance(written, |bytes| self.keep(bytes));
        if batch.segments.is_empty() {
            self.spare_deque = batch.segments;
        } else {
            // Frames that were appended during the write go behind the rest of the batch.
            batch.segments.append(&mut self.segments);
            self.segments = batch.segments;
        }
    }

    /// Counts a frame that is written from the caller's buffer while nothing is queued. Returns its
    /// start position.
    #[inline]
    pub(crate) fn begin_write(&mut self, length: usize) -> u64 {
        let start = self.appended;
        self.appended = start.saturating_add(length as u64);
        self.possibly_sent = self.appended;
        start
    }

    /// Counts bytes of the frame of `begin_write` that were written.
    #[inline]
    pub(crate) fn wrote(&mut self, bytes: usize) {
        self.sent = self.sent.saturating_add(bytes as u64);
    }

    /// After a short write: only the bytes before `end` may have reached the peer.
    pub(crate) fn rest_stays(&mut self, end: u64) {
        self.possibly_sent = end;
    }

    /// Before the write goes on: all bytes before `own` may be on their way again.
    pub(crate) fn rest_leaves(&mut self, own: u64) {
        self.possibly_sent = own;
    }

    /// Queues the rest of the frame of `begin_write`, before everything that was appended
    /// meanwhile.
    pub(crate) fn put_first(&mut self, rest: [&[u8]; 2]) {
        self.segments.push_front(Segment { bytes: rest.concat(), written: 0 });
    }

    /// Makes a call void that starts at `at` and was given up, so that it never runs. False if a
    /// byte of it may have left.
    pub(crate) fn blank_call(&mut self, at: u64, call: CallId) -> bool {
        if self.may_have_left(at) {
            return false;
        }
        // Counted from the back, because segments in front may be out with the flusher.
        let mut start = self.appended;
        for segment in self.segments.iter_mut().rev() {
            let rest = segment.bytes.get_mut(segment.written..).unwrap_or(&mut []);
            start = start.saturating_sub(rest.len() as u64);
            if start <= at {
                let offset = usize::try_from(at.saturating_sub(start)).unwrap_or(usize::MAX);
                return rest.get_mut(offset..).is_some_and(|frame| wire::blank_call(frame, call));
            }
        }
        false
    }

    fn take_spare(&mut self) -> Vec<u8> {
        let [first, second] = &mut self.spares;
        std::mem::take(if first.capacity() > second.capacity() { first } else { second })
    }

    /// Keeps a buffer that was written out, if it is larger than one of the spares.
    fn keep(&mut self, mut bytes: Vec<u8>) {
        let [first, second] = &mut self.spares;
        let smaller = if first.capacity() < second.capacity() { first } else { second };
        if bytes.capacity() > smaller.capacity() && bytes.capacity() <= LARGEST_SPARE {
            bytes.clear();
            *smaller = bytes;
        } else if bytes.capacity() > LARGEST_SPARE {
            self.large = bytes;
        }
    }

    /// Takes the written buffer that is too large to be kept here.
    pub(crate) fn take_large(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.large)
    }

    /// Bytes kept for reuse.
    pub(crate) fn kept(&self) -> usize {
        let [first, second] = &self.spares;
        first.capacity().saturating_add(second.capacity())
    }

    /// Whether more is kept for reuse than a quiet connection should keep.
    pub(crate) fn keeps_much(&self) -> bool {
        self.kept() > LARGEST_QUIET
    }

    /// Frees what is kept for reuse. Called after a quiet time.
    pub(crate) fn shrink(&mut self) {
        self.spares = Default::default();
        self.spare_deque = VecDeque::new();
        if self.segments.is_empty() {
            self.segments = VecDeque::new();
        }
    }

    /// Drops everything unwritten, because the connection has ended.
    pub(crate) fn clear(&mut self) {
        self.segments.clear();
        self.growing = None;
        self.spares = Default::default();
        // Dropped bytes count as sent, so that no thread waits for them.
        self.sent = self.appended;
    }
}

impl Batch {
    /// Hands what is to be written to `send`, as the pieces of one write.
    pub(crate) fn send_with<R>(&self, send: impl Fn(&[IoSlice<'_>]) -> R) -> R {
        if let (1, Some(only)) = (self.segments.len(), self.segments.front()) {
            return send(&[IoSlice::new(only.bytes.get(only.written..).unwrap_or(&[]))]);
        }
        let mut parts = [IoSlice::new(&[]); PARTS];
        let mut used = 0_usize;
        for (part, segment) in parts.iter_mut().zip(&self.segments) {
            *part = IoSlice::new(segment.bytes.get(segment.written..).unwrap_or(&[]));
            used = used.saturating_add(1);
        }
        send(parts.get(..used).unwrap_or(&[]))
    }

    /// Takes `written` bytes off the front; buffers that are finished go to `keep`.
    fn advance(&mut self, mut written: usize, mut keep: impl FnMut(Vec<u8>)) {
        while let Some(segment) = self.segments.front_mut() {
            let rest = segment.bytes.len().saturating_sub(segment.written);
            if written < rest {
                segment.written = segment.written.saturating_add(written);
                return;
            }
            written = written.saturating_sub(rest);
            if let Some(done) = self.segments.pop_front() {
                keep(done.bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests;
