//! The body of a message. One long byte string of it may be apart: in a `Vec` of its own, into
//! which it was read from the stream and in which it can stay.
//!
//! This file knows how codec 1 writes the length of a byte string, and nothing else of any format.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::copy;

/// Byte strings of at least this length, in bytes, are read apart: copying a shorter one costs less
/// than one more system call.
pub(crate) const LONG: usize = 32 << 10;

/// Bytes at the beginning of a body in which the length of a long byte string is looked for.
pub(crate) const LOOK: usize = 128;

/// The most bytes of a body that may follow a byte string apart: if more follow, the byte string is
/// not the one large part of its message.
const MOST_BEHIND: usize = 512;

/// The most bytes that a length takes.
pub(crate) const MAX_LENGTH_BYTES: usize = 9;

/// Appends the length that precedes a byte string.
#[inline]
pub(crate) fn write_length(length: u64, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(byte @ 0..=250) => out.push(byte),
        _ => write_wide_length(length, out),
    }
}

/// Appends a length that takes more than one byte.
fn write_wide_length(length: u64, out: &mut Vec<u8>) {
    let [a, b, c, d, ..] = length.to_le_bytes();
    if length <= u16::MAX.into() {
        out.extend_from_slice(&[251, a, b]);
    } else if length <= u32::MAX.into() {
        out.extend_from_slice(&[252, a, b, c, d]);
    } else {
        out.push(253);
        out.extend_from_slice(&length.to_le_bytes());
    }
}

/// The place at which a long byte string seems to be in a body of `length` bytes that begins with
/// `head`.
///
/// It is recognised by a length that fits the number of bytes behind it. Other bytes may look like
/// such a length by chance: a decoder that then reads over the edge of the part apart finds the
/// parts joined, at the cost of one copy.
pub(crate) fn find_long(head: &[u8], length: usize) -> Option<Range<usize>> {
    (0..head.len().min(LOOK)).find_map(|at| {
        let (size, long) = length_at(head.get(at..)?)?;
        let from = at.saturating_add(size);
        let behind = length.checked_sub(from)?.checked_sub(long)?;
        (long >= LONG && behind <= MOST_BEHIND).then_some(from..from.saturating_add(long))
    })
}

/// The length at the beginning of `bytes`, if it is one of more than a byte, with the number of
/// bytes it takes.
fn length_at(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [251, a, b, ..] => Some((3, usize::from(u16::from_le_bytes([a, b])))),
        [252, a, b, c, d, ..] => Some((5, usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?)),
        _ => None,
    }
}

/// A byte string in a `Vec` of its own, and the rest of its body.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    /// The byte string; empty once it was taken.
    pub(crate) long: Vec<u8>,
    tail: Tail,
}

/// The part of a body behind a byte string apart.
#[derive(Debug, Default)]
struct Tail {
    /// The bytes behind the byte string.
    behind: Vec<u8>,
    /// Where parts are joined if a value reaches over an edge.
    joined: Vec<u8>,
}

impl Apart {
    pub(crate) fn new(long: Vec<u8>, behind: Vec<u8>) -> Self {
        Apart { long, tail: Tail { behind, joined: Vec::new() } }
    }

    /// Bytes of the body in these parts.
    pub(crate) fn len(&self) -> usize {
        self.long.len().saturating_add(self.tail.behind.len())
    }
}

/// The part of a body that is still to be read.
#[derive(Debug)]
pub(crate) struct Body<'b> {
    /// The bytes that can be read in one piece.
    rest: &'b [u8],
    next: Next<'b>,
}

/// What follows the bytes in `rest`.
#[derive(Debug)]
enum Next<'b> {
    Nothing,
    /// A byte string apart, and the bytes behind it.
    Apart(&'b mut Apart),
    /// The bytes behind a byte string apart.
    Behind(&'b mut Tail),
}

impl<'b> Body<'b> {
    /// A body that begins with `head`, and ends there too if `apart` is `None`.
    #[inline]
    pub(crate) fn new(head: &'b [u8], apart: Option<&'b mut Apart>) -> Self {
        Body { rest: head, next: apart.map_or(Next::Nothing, Next::Apart) }
    }

    /// Bytes that are left to be read.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let next = match &self.next {
            Next::Nothing => 0,
            Next::Apart(apart) => apart.len(),
            Next::Behind(tail) => tail.behind.len(),
        };
        // Both parts are in memory, so their lengths can't overflow.
        self.rest.len().wrapping_add(next)
    }

    /// Whether a byte string apart is still to be read.
    #[inline]
    pub(crate) fn has_apart(&self) -> bool {
        matches!(self.next, Next::Apart(_))
    }

    /// Reads `length` bytes, which are copied only if they are in two parts.
    #[inline]
    pub(crate) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        match self.rest.split_at_checked(length) {
            Some((taken, rest)) => {
                self.rest = rest;
                Some(taken)
            }
            None => self.take_on(length),
        }
    }

    /// The next bytes, without reading them: everything that is left, or the first part of it.
    #[inline]
    pub(crate) fn peek(&self) -> &'b [u8] {
        self.rest
    }

    /// Leaves out the first `length` bytes of those that `peek` returns.
    #[inline]
    pub(crate) fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or(&[]);
    }

    /// Reads `N` bytes.
    #[inline]
    pub(crate) fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        match self.rest.split_first_chunk() {
            Some((taken, rest)) => {
                self.rest = rest;
                Some(*taken)
            }
            None => self.take_on(N)?.first_chunk().copied(),
        }
    }

    /// Reads `length` bytes, more than `rest` holds.
    #[cold]
    fn take_on(&mut self, length: usize) -> Option<&'b [u8]> {
        if length > self.len() {
            return None;
        }
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Nothing => return None,
            Next::Apart(Apart { long, tail }) => {
                if self.rest.is_empty() && length <= long.len() {
                    (self.rest, self.next) = (long, Next::Behind(tail));
                } else {
                    self.join(long, tail);
                }
            }
            Next::Behind(tail) => self.join(&[], tail),
        }
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// Copies everything that is left into one place.
    fn join(&mut self, long: &[u8], Tail { behind, joined }: &'b mut Tail) {
        let parts = [self.rest, long, behind];
        let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        joined.reserve_exact(length);
        for part in parts {
            copy::append(joined, part);
        }
        self.rest = joined;
    }

    /// Reads `length` bytes into a `Vec` of their own. If they are exactly the byte string apart,
    /// its `Vec` is returned without a copy.
    #[inline]
    pub(crate) fn take_vec(&mut self, length: usize) -> Option<Vec<u8>> {
        if self.has_apart()
            && let Some(long) = self.take_long(length)
        {
            return Some(long);
        }
        self.take(length).map(copy::to_vec)
    }

    /// Takes the byte string apart, if it is the next to be read and has this length.
    #[cold]
    fn take_long(&mut self, length: usize) -> Option<Vec<u8>> {
        let is_next = matches!(&self.next, Next::Apart(apart) if apart.long.len() == length);
        if !is_next || !self.rest.is_empty() {
            return None;
        }
        match std::mem::replace(&mut self.next, Next::Nothing) {
            Next::Apart(Apart { long, tail }) => {
                self.next = Next::Behind(tail);
                Some(std::mem::take(long))
            }
            // Not reached, because this was checked just before.
            other => {
                self.next = other;
                None
            }
        }
    }

    /// Everything that is left, in one place.
    pub(crate) fn into_slice(mut self) -> &'b [u8] {
        let length = self.len();
        self.take(length).unwrap_or(&[])
    }
}

impl<'b> From<&'b [u8]> for Body<'b> {
    #[inline]
    fn from(bytes: &'b [u8]) -> Self {
        Body::new(bytes, None)
    }
}
