//! The body of a message, of which one long byte string may stand apart: read from the stream to
//! a place of its own, where it can stay.
//!
//! Knows how codec 1 writes the length in front of bytes, and nothing else of any format.

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

/// Byte strings of at least this length are read to a place of their own, bytes: to copy fewer
/// costs less than a further system call.
pub(crate) const LONG: usize = 32 << 10;

/// Bytes of a body that are looked at for the length of a long byte string.
pub(crate) const LOOK: usize = 128;

/// Most bytes of a body behind a byte string that stands apart: with more, it is not the one large
/// part of its message.
const MOST_BEHIND: usize = 512;

/// Largest number of bytes that a length takes.
pub(crate) const MAX_LENGTH_BYTES: usize = 9;

/// Appends a length as it stands in front of bytes.
#[inline]
pub(crate) fn write_length(length: u64, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(byte @ 0..=250) => out.push(byte),
        _ => write_wide_length(length, out),
    }
}

/// The same of one that takes more than a byte.
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

/// Where a long byte string seems to stand in a body of that length, which begins with `head`.
///
/// Told by its length, which fits what follows it. Other bytes may happen to look like that; who
/// reads them over the edge of what stands apart finds the parts joined, by a copy.
pub(crate) fn find_long(head: &[u8], length: usize) -> Option<Range<usize>> {
    (0..head.len().min(LOOK)).find_map(|at| {
        let (size, long) = length_at(head.get(at..)?)?;
        let from = at.saturating_add(size);
        let behind = length.checked_sub(from)?.checked_sub(long)?;
        (long >= LONG && behind <= MOST_BEHIND).then_some(from..from.saturating_add(long))
    })
}

/// The length that stands there, where it is one of more than a byte, and how many bytes it takes.
fn length_at(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [251, a, b, ..] => Some((3, usize::from(u16::from_le_bytes([a, b])))),
        [252, a, b, c, d, ..] => Some((5, usize::try_from(u32::from_le_bytes([a, b, c, d])).ok()?)),
        _ => None,
    }
}

/// A byte string that stands apart from the rest of its body.
#[derive(Debug, Default)]
pub(crate) struct Apart {
    /// The byte string; empty once it was taken.
    pub(crate) long: Vec<u8>,
    tail: Tail,
}

/// What stands behind a byte string that stands apart.
#[derive(Debug, Default)]
struct Tail {
    /// The rest of the body.
    behind: Vec<u8>,
    /// For what is read over an edge.
    joined: Vec<u8>,
}

impl Apart {
    pub(crate) fn new(long: Vec<u8>, behind: Vec<u8>) -> Self {
        Apart { long, tail: Tail { behind, joined: Vec::new() } }
    }

    /// Bytes of the body that are here.
    pub(crate) fn len(&self) -> usize {
        self.long.len().saturating_add(self.tail.behind.len())
    }
}

/// What is left to be read of a body.
#[derive(Debug)]
pub(crate) struct Body<'b> {
    /// What can be read in one piece.
    rest: &'b [u8],
    next: Next<'b>,
}

/// What follows.
#[derive(Debug)]
enum Next<'b> {
    Nothing,
    /// The byte string that stands apart, and what is behind it.
    Apart(&'b mut Apart),
    /// What is behind it.
    Behind(&'b mut Tail),
}

impl<'b> Body<'b> {
    /// A body that begins with these bytes, which are all where no part of it stands apart.
    #[inline]
    pub(crate) fn new(head: &'b [u8], apart: Option<&'b mut Apart>) -> Self {
        Body { rest: head, next: apart.map_or(Next::Nothing, Next::Apart) }
    }

    /// Bytes that are left.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let next = match &self.next {
            Next::Nothing => 0,
            Next::Apart(apart) => apart.len(),
            Next::Behind(tail) => tail.behind.len(),
        };
        // Both are in memory, which has room for both.
        self.rest.len().wrapping_add(next)
    }

    /// Whether a long byte string that is still to be read stands apart.
    #[inline]
    pub(crate) fn has_apart(&self) -> bool {
        matches!(self.next, Next::Apart(_))
    }

    /// Reads so many bytes, which are copied only where they stand in two places.
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

    /// What can be looked at without reading it: all that is left, or the first part of that.
    #[inline]
    pub(crate) fn peek(&self) -> &'b [u8] {
        self.rest
    }

    /// Leaves out the first bytes of what can be looked at.
    #[inline]
    pub(crate) fn skip(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or(&[]);
    }

    /// Reads a few bytes of a known number.
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

    /// Reads so many bytes, more than are left in one piece.
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

    /// What is left stands in one place afterwards.
    fn join(&mut self, long: &[u8], Tail { behind, joined }: &'b mut Tail) {
        let parts = [self.rest, long, behind];
        let length = parts.iter().fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        joined.reserve_exact(length);
        for part in parts {
            copy::append(joined, part);
        }
        self.rest = joined;
    }

    /// Reads so many bytes into a `Vec` of their own: the one that they stand in, where they are
    /// what stands apart.
    #[inline]
    pub(crate) fn take_vec(&mut self, length: usize) -> Option<Vec<u8>> {
        if self.has_apart()
            && let Some(long) = self.take_long(length)
        {
            return Some(long);
        }
        self.take(length).map(copy::to_vec)
    }

    /// Takes what stands apart, if that is what is read next and as long.
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
            // Not reached: it was looked at just before.
            other => {
                self.next = other;
                None
            }
        }
    }

    /// All that is left, in one place.
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
