//! The buffer that a connection reads into: how large it is, where in it the bytes stand, and
//! how frames are cut from them.

mod apart;
#[cfg(test)]
mod apart_tests;
#[cfg(test)]
mod tests;

use std::ops::Range;

use thiserror::Error;

use super::super::bytes::{put_spare, take_spare};
use crate::copy;
use crate::wire::{LENGTH_PREFIX, frame_length};
use apart::Apart;

/// What a quiet connection reads into, bytes.
pub(crate) const SMALL: usize = 512;

/// Largest room offered to one read of many frames, bytes.
const LARGE: usize = 256 << 10;

/// Room made at once for a frame whose length is known: more only as its bytes arrive, so that
/// announcing is not enough to make us hold memory.
const STEP: usize = 1 << 20;

/// With this much room left, the rest of a large frame is read on before more is made.
const ENOUGH: usize = 64 << 10;

/// A frame longer than the limit was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a frame of {announced} bytes was announced, and at most {limit} are accepted")]
pub(crate) struct TooLong {
    announced: u32,
    limit: u32,
}

/// The read buffer. `start <= bytes.len()`; bytes before `start` are used up, or free for the sake
/// of those behind them.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    /// Room offered to the next read.
    room: usize,
    /// Largest frame that came whole lately: as much is made room for at once.
    largest: usize,
    /// Where long byte strings are read to, once there were any.
    apart: Option<Box<Apart>>,
}

impl Buffer {
    pub(super) fn new() -> Self {
        Buffer { bytes: Vec::new(), start: 0, room: SMALL, largest: 0, apart: None }
    }

    /// Bytes that came after the greeting, before the connection took over, in their buffer.
    pub(crate) fn preload(&mut self, bytes: Vec<u8>) {
        self.bytes = bytes;
    }

    /// Whether a frame was begun and has not arrived whole.
    #[inline]
    pub(crate) fn is_partial(&self) -> bool {
        self.start < self.bytes.len()
    }

    /// Bytes there that are not cut yet.
    pub(super) fn pending(&self) -> usize {
        let apart = self.apart.as_ref().map_or(0, |apart| apart.there());
        self.bytes.len().saturating_sub(self.start).saturating_add(apart)
    }

    /// Whether it is larger than what a quiet connection reads into.
    #[inline]
    pub(crate) fn is_large(&self) -> bool {
        self.bytes.capacity() > SMALL || self.apart.is_some()
    }

    /// Reads into it what `recv` appends to the bytes that are there.
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

    /// Bytes that the next read may bring.
    #[inline]
    fn offered(&self) -> usize {
        self.bytes.capacity().saturating_sub(self.bytes.len())
    }

    /// A read brought so many bytes of what was offered: the next is offered more, or less.
    #[inline]
    fn received(&mut self, n: usize, offered: usize) -> usize {
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

    /// Makes room for the rest of a begun frame, and for the usual.
    fn make_room_for_rest(&mut self) {
        let undecided = match self.make_room_apart() {
            apart::Room::Made => return,
            apart::Room::Undecided => true,
            apart::Room::NotApart => false,
        };
        let lead = copy::lead(&self.bytes);
        if self.start > lead {
            self.bytes.drain(lead..self.start);
            self.start = lead;
        }
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let whole = frame_length(rest).map_or(0, |n| n as usize).saturating_add(LENGTH_PREFIX);
        let missing = whole.saturating_sub(rest.len()).saturating_sub(self.apart());
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

    /// Most bytes that room is made for ahead of those that came, which are so many.
    fn ahead(&self, came: usize) -> usize {
        STEP.max(came).max(self.largest)
    }

    /// Moves what is there to a buffer with that much room behind it.
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

    /// Takes a buffer back that was handed over, unless its own is as large or in use; returns the
    /// one that is not wanted.
    pub(crate) fn take_back(&mut self, mut buf: Vec<u8>) -> Vec<u8> {
        if self.is_partial() || buf.capacity() <= self.bytes.capacity() {
            return buf;
        }
        buf.clear();
        self.start = 0;
        std::mem::replace(&mut self.bytes, buf)
    }

    /// Gives up what a quiet connection does not need.
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

    /// Bytes kept to read into.
    #[cfg(test)]
    pub(crate) fn kept(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets what is there: nobody wants it any more.
    pub(super) fn discard(&mut self) {
        self.bytes.clear();
        self.start = 0;
        self.apart = None;
    }

    /// Cuts the next whole frame off; the range is that of its content, behind the prefix.
    #[inline]
    pub(super) fn next(&mut self, limit: u32) -> Result<Option<Range<usize>>, TooLong> {
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let Some(length) = frame_length(rest) else { return Ok(None) };
        if length > limit {
            return Err(TooLong { announced: length, limit });
        }
        let from = self.start.saturating_add(LENGTH_PREFIX);
        let to = from.saturating_add(length as usize).saturating_sub(self.apart());
        if to > self.bytes.len() {
            return Ok(None);
        }
        self.start = to;
        self.largest = self.largest.max(length as usize);
        Ok(Some(from..to))
    }

    /// The bytes of a range that `next` gave.
    #[inline]
    pub(crate) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.bytes.get(range).unwrap_or(&[])
    }

    /// All that was received and is still there, from a place in a range that `next` gave.
    #[inline]
    pub(crate) fn rest_from(&self, at: usize) -> &[u8] {
        self.bytes.get(at..).unwrap_or(&[])
    }

    /// Whether what follows the last frame is at most the beginning of another, or that frame is
    /// most of what was read: then handing the buffer over is cheaper than a copy.
    ///
    /// A body that is not `alone` takes no buffer much larger than itself: a peer could fill our
    /// memory with small bodies in large buffers.
    #[inline]
    pub(crate) fn should_hand_over(&self, range: &Range<usize>, alone: bool) -> bool {
        let rest = self.bytes.len().saturating_sub(self.start);
        let fits = self.bytes.capacity() <= SMALL.max(range.len().saturating_mul(4));
        !range.is_empty() && (alone || fits) && (rest == 0 || range.len() / 2 > rest)
    }

    /// Hands the buffer over to the last frame that `next` cut; what follows it moves on.
    pub(crate) fn hand_over(&mut self) -> Vec<u8> {
        let mut next = take_spare();
        copy::append(&mut next, self.bytes.get(self.start..).unwrap_or(&[]));
        self.start = 0;
        std::mem::replace(&mut self.bytes, next)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        put_spare(std::mem::take(&mut self.bytes));
    }
}
