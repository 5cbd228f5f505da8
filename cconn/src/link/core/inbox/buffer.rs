//! The receive buffer of a connection: its size, where in it the bytes lie, and how frames are cut
//! from them.

mod apart;
#[cfg(test)]
mod apart_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

use thiserror::Error;

use super::super::bytes::{put_spare, take_spare};
use crate::body::{self, find_long};
use crate::copy;
use crate::wire::{BodyAt, LENGTH_PREFIX, body_at, frame_length};
pub(crate) use apart::SMALL;
use apart::{Apart, ENOUGH, Room};

/// The room offered to one read of many frames grows while it is smaller than this, in bytes.
const LARGE: usize = 256 << 10;

/// The most room made at once for a frame whose length is known, in bytes. More is made only as
/// bytes arrive, so that announcing a frame is not enough to make us hold memory.
const STEP: usize = 1 << 20;

/// A frame longer than the limit was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a frame of {announced} bytes was announced, and at most {limit} are accepted")]
pub(crate) struct TooLong {
    announced: u32,
    limit: u32,
}

/// The receive buffer. `start <= bytes.len()`. Bytes before `start` are used up, or kept free so
/// that the bytes behind them lie in a good place (see `copy`).
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    /// Room offered to the next read, in bytes.
    room: usize,
    /// Size of the largest frame that came whole lately: that much room is made at once.
    largest: usize,
    /// Where long byte strings are read to, once there was one.
    apart: Option<Box<Apart>>,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Buffer { bytes: Vec::new(), start: 0, room: SMALL, largest: 0, apart: None }
    }

    /// Takes over the buffer with the bytes that came after the greeting.
    pub(crate) fn preload(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// Whether a frame has begun and not arrived whole.
    #[inline]
    pub(crate) fn is_partial(&self) -> bool {
        self.start < self.bytes.len()
    }

    /// Bytes received and not cut into frames yet.
    pub(super) fn pending(&self) -> usize {
        let apart = self.apart.as_ref().map_or(0, |apart| apart.there());
        self.bytes.len().saturating_sub(self.start).saturating_add(apart)
    }

    /// Whether the buffer is larger than that of a quiet connection.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.bytes.capacity() > SMALL || self.apart.is_some()
    }

    /// Reads with `recv`, which appends what has arrived to the bytes in its argument. Returns how
    /// many bytes that were.
    #[inline]
    pub(crate) fn receive<E>(
        &mut self,
        recv: impl FnOnce(&mut Vec<u8>) -> Result<usize, E>,
    ) -> Result<usize, E> {
        if let Some(apart) = &mut self.apart
            && apart.is_begun()
        {
            return apart.receive(&mut self.bytes, recv);
        }
        let offered = self.offered();
        let n = recv(&mut self.bytes)?;
        Ok(self.received(n, offered))
    }

    /// How many bytes the next read may bring.
    #[inline]
    fn offered(&self) -> usize {
        self.bytes.capacity().saturating_sub(self.bytes.len())
    }

    /// Adapts the room for the next read to the `n` bytes that this one brought of those offered.
    #[inline]
    fn received(&mut self, n: usize, offered: usize) -> usize {
        // A full read suggests that more is waiting. The room shrinks only after reads that bring
        // much less, so that it does not swing with every read.
        if n >= offered && self.room < LARGE {
            self.room = self.room.saturating_mul(4);
        } else if n < self.room / 16 {
            self.room = SMALL.max(self.room / 2);
        }
        n
    }

    /// Makes room for the next read.
    #[inline]
    pub(crate) fn make_room(&mut self) {
        if self.is_partial() {
            return self.make_room_for_rest();
        }
        self.bytes.clear();
        if self.apart.is_some() {
            self.read_little();
        }
        self.start = copy::lead(&self.bytes);
        if self.start > 0 {
            self.bytes.resize(self.start, 0);
        }
        if self.offered() < self.room / 2 {
            self.grow(self.room);
        }
    }

    /// Makes room for the rest of a frame that has begun, and for the usual read.
    fn make_room_for_rest(&mut self) {
        let undecided = match self.make_room_apart() {
            Room::Made => return,
            Room::Undecided => true,
            Room::NotApart => false,
        };
        let lead = copy::lead(&self.bytes);
        // Moved to the front, so that the buffer does not grow with every frame.
        if self.start > lead {
            self.bytes.drain(lead..self.start);
            self.start = lead;
        }
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let whole = frame_length(rest).map_or(0, |n| n as usize).saturating_add(LENGTH_PREFIX);
        let missing = whole.saturating_sub(rest.len()).saturating_sub(self.apart());
        // A few more bytes decide where the rest goes; a large buffer might be made in vain.
        if undecided {
            if self.offered() < SMALL / 2 {
                self.grow(SMALL);
            }
            return;
        }
        let ahead = self.ahead(rest.len());
        let enough = missing.min(ENOUGH).max(self.room / 2);
        if self.offered() < enough {
            self.grow(self.room.max(missing.min(ahead)));
        }
    }

    /// The most bytes for which room is made ahead of the `came` bytes of a frame that have
    /// arrived.
    fn ahead(&self, came: usize) -> usize {
        STEP.max(came).max(self.largest)
    }

    /// Moves the bytes to a buffer with `room` bytes behind them.
    fn grow(&mut self, room: usize) {
        let kept = self.apart.as_mut().and_then(|apart| apart.other_buffer(room));
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let all = rest.len().saturating_add(room);
        let lead = if all < copy::LARGE { 0 } else { copy::LEAD };
        let mut buf = kept.unwrap_or_default();
        buf.reserve_exact(all.saturating_add(lead));
        buf.resize(copy::lead(&buf), 0);
        let start = buf.len();
        copy::append(&mut buf, rest);
        (self.bytes, self.start) = (buf, start);
    }

    /// Takes back a buffer that was handed over, unless the current one is as large or in use.
    /// Returns the buffer that is not wanted.
    pub(crate) fn take_back(&mut self, mut buf: Vec<u8>) -> Vec<u8> {
        if self.is_partial() || buf.capacity() <= self.bytes.capacity() {
            return buf;
        }
        buf.clear();
        self.start = 0;
        std::mem::replace(&mut self.bytes, buf)
    }

    /// Frees what a quiet connection does not need.
    pub(super) fn shrink(&mut self) {
        self.room = SMALL;
        self.largest = 0;
        if self.is_partial() {
            return;
        }
        self.apart = None;
        if self.bytes.capacity() > SMALL {
            self.start = 0;
            self.bytes = Vec::with_capacity(SMALL);
        }
    }

    /// Bytes of capacity kept for reading into.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn kept(&self) -> usize {
        self.bytes.capacity()
    }

    /// Drops everything received: no thread wants it any more.
    pub(super) fn discard(&mut self) {
        self.bytes.clear();
        self.start = 0;
        self.apart = None;
    }

    /// Cuts the next whole frame off. Returns the range of its content in the buffer, without the
    /// length prefix.
    #[inline]
    pub(super) fn next(&mut self, limit: u32) -> Result<Option<Range<usize>>, TooLong> {
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let Some(length) = frame_length(rest) else { return Ok(None) };
        // The length alone is enough to refuse a frame, before any memory is made for it.
        if length > limit {
            return Err(TooLong { announced: length, limit });
        }
        let from = self.start.saturating_add(LENGTH_PREFIX);
        // Bytes of this frame that are apart are not in this buffer.
        let to = from.saturating_add(length as usize).saturating_sub(self.apart());
        if to > self.bytes.len() {
            return Ok(None);
        }
        self.start = to;
        self.largest = self.largest.max(length as usize);
        Ok(Some(from..to))
    }

    /// The bytes of a range that `next` returned.
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or(&[])
    }

    /// All bytes in the buffer from position `at`, which lies in a range that `next` returned.
    #[inline]
    pub(crate) fn rest_from(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or(&[])
    }

    /// Whether handing the buffer over to the last frame is cheaper than a copy: at most the
    /// beginning of another frame follows it, or it is most of what was read.
    ///
    /// A body that is not `alone` takes no buffer much larger than itself: a peer could otherwise
    /// fill our memory with small bodies in large buffers.
    #[inline]
    pub(crate) fn should_hand_over(&self, range: &Range<usize>, alone: bool) -> bool {
        let rest = self.bytes.len().saturating_sub(self.start);
        let fits = self.bytes.capacity() <= SMALL.max(range.len().saturating_mul(4));
        !range.is_empty() && (alone || fits) && (rest == 0 || range.len() / 2 > rest)
    }

    /// Hands the buffer over to the last frame that `next` cut. The bytes behind that frame move to
    /// a new buffer.
    pub(crate) fn hand_over(&mut self) -> Vec<u8> {
        let mut next = take_spare();
        copy::append(&mut next, self.bytes.get(self.start..).unwrap_or(&[]));
        self.start = 0;
        std::mem::replace(&mut self.bytes, next)
    }
}

impl Buffer {
    /// Bytes of the next frame that are apart: a whole long byte string, or 0.
    #[inline]
    pub(crate) fn apart(&self) -> usize {
        match &self.apart {
            Some(apart) if !apart.is_begun() => apart.whole,
            _ => 0,
        }
    }

    /// Takes the long byte string of the frame that `next` cut, with the number of bytes of that
    /// frame before it.
    #[cold]
    pub(crate) fn take_apart(&mut self) -> (usize, Vec<u8>) {
        let Some(apart) = &mut self.apart else { return (0, Vec::new()) };
        self.room = SMALL;
        apart.whole = 0;
        (apart.at, std::mem::take(&mut apart.there))
    }

    /// Keeps the `Vec` of a long byte string for the next one, if this connection gets any. Returns
    /// what is not wanted.
    pub(crate) fn reuse_long(&mut self, mut buf: Vec<u8>) -> Vec<u8> {
        match &mut self.apart {
            Some(apart) if buf.capacity() >= body::LONG => {
                buf.clear();
                let [newer, older] = &mut apart.spares;
                // An empty slot is one whose `Vec` is in use; if there is none the older `Vec`
                // goes.
                if newer.capacity() > 0 {
                    std::mem::swap(newer, older);
                }
                std::mem::replace(newer, buf)
            }
            _ => buf,
        }
    }

    /// Switches to the small buffer while no burst comes, because bytes of a long byte string that
    /// land in this buffer must be copied.
    #[cold]
    fn read_little(&mut self) {
        if let Some(apart) = &mut self.apart
            && self.room <= SMALL
            && self.bytes.capacity() > 2 * SMALL
        {
            std::mem::swap(&mut self.bytes, &mut apart.other);
            self.bytes.clear();
        }
    }

    /// Makes room for the rest of a long byte string apart, if the frame that has begun has one and
    /// most of it is still to come.
    fn make_room_apart(&mut self) -> Room {
        if let Some(apart) = &mut self.apart
            && apart.whole > 0
        {
            if !apart.is_begun() {
                return Room::NotApart;
            }
            let came = apart.there.len();
            let ahead = self.ahead(came);
            if let Some(apart) = &mut self.apart {
                apart.make_room(ahead);
            }
            return Room::Made;
        }
        self.begin_apart()
    }

    fn begin_apart(&mut self) -> Room {
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let Some(length) = frame_length(rest) else { return Room::NotApart };
        let length = length as usize;
        if length < body::LONG || rest.len() > length / 2 {
            return Room::NotApart;
        }
        let body_at = match body_at(rest) {
            BodyAt::At(at) => at,
            BodyAt::Undecided => return Room::Undecided,
            BodyAt::None => return Room::NotApart,
        };
        let head_at = LENGTH_PREFIX.saturating_add(body_at);
        let head = rest.get(head_at..).unwrap_or(&[]);
        let Some(found) = find_long(head, length.saturating_sub(body_at)) else {
            let seen = head.len() >= body::LOOK.saturating_add(body::MAX_LENGTH_BYTES);
            return if seen { Room::NotApart } else { Room::Undecided };
        };
        let at = head_at.saturating_add(found.start);
        let came = rest.get(at..).unwrap_or(&[]);
        let ahead = self.ahead(came.len());
        let apart = self.apart.get_or_insert_default();
        apart.begin(found.len(), at, came, ahead);
        self.bytes.truncate(self.start.saturating_add(at));
        Room::Made
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        put_spare(std::mem::take(&mut self.bytes));
    }
}
