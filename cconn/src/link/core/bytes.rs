//! The body of a received frame, kept while its receive buffer is used for further frames.

use std::cell::Cell;
use std::ops::Range;

use crate::body::{Apart, Body};
use crate::copy;
use crate::sync::{LocalKey, thread_local};

/// Bodies of at most this many bytes are copied into the value itself: most arguments and answers,
/// without an allocation.
const INLINE: usize = 46;

/// A spare buffer is kept up to this capacity, in bytes.
const LARGEST_SPARE: usize = 64 << 10;

/// A body that is kept.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// A copy of a small body.
    Inline { length: u8, bytes: [u8; INLINE] },
    /// A buffer that holds no other body, and the body's place in it.
    Whole { buf: Vec<u8>, range: Range<usize> },
    /// A body whose one long byte string is in a `Vec` of its own.
    Parted(Box<Parted>),
}

/// The parts of a body with a long byte string apart.
#[derive(Debug)]
pub(crate) struct Parted {
    /// The bytes before the long byte string.
    head: Vec<u8>,
    apart: Apart,
}

thread_local! {
    /// The thread's buffer for encoding frames.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// The thread's buffer for reading into.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Bytes {
    /// Whether a body of `length` bytes is copied without an allocation.
    pub(crate) fn fits_inline(length: usize) -> bool {
        length <= INLINE
    }

    /// Copies a body out of a buffer that holds other bodies too.
    #[inline]
    pub(crate) fn copy(body: &[u8]) -> Self {
        let mut bytes = [0; INLINE];
        match (u8::try_from(body.len()), bytes.get_mut(..body.len())) {
            (Ok(length), Some(place)) => {
                place.copy_from_slice(body);
                Bytes::Inline { length, bytes }
            }
            _ => Bytes::Whole { buf: copy::to_vec(body), range: 0..body.len() },
        }
    }

    /// Copies the first `length` bytes of `received`. For a small body the bytes behind it are
    /// copied too: a copy of fixed size is faster, and nothing reads the surplus.
    #[inline]
    pub(crate) fn copy_first(length: usize, received: &[u8]) -> Self {
        if let (Some(bytes), Ok(small)) = (received.first_chunk::<INLINE>(), u8::try_from(length))
            && length <= INLINE
        {
            return Bytes::Inline { length: small, bytes: *bytes };
        }
        Bytes::copy(received.get(..length).unwrap_or(&[]))
    }

    /// A body in which `long` belongs between the first `at` bytes of `around` and the others.
    #[cold]
    pub(crate) fn parted(around: &[u8], at: usize, long: Vec<u8>) -> Self {
        let (head, behind) = around.split_at_checked(at).unwrap_or((around, &[]));
        let apart = Apart::new(long, behind.to_vec());
        Bytes::Parted(Box::new(Parted { head: head.to_vec(), apart }))
    }

    /// Size of the body in bytes, including a part that is apart.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        match self {
            Bytes::Inline { length, .. } => usize::from(*length),
            Bytes::Whole { range, .. } => range.len(),
            Bytes::Parted(parted) => parted.head.len().saturating_add(parted.apart.len()),
        }
    }

    /// The first part of the body, and the long byte string behind it if there is one.
    #[inline]
    pub(crate) fn parts(&mut self) -> (&[u8], Option<&mut Apart>) {
        let head = match self {
            Bytes::Inline { length, bytes } => bytes.get(..usize::from(*length)),
            Bytes::Whole { buf, range } => buf.get(range.clone()),
            Bytes::Parted(parted) => return (&parted.head, Some(&mut parted.apart)),
        };
        (head.unwrap_or(&[]), None)
    }

    /// The body, for reading.
    #[inline]
    pub(crate) fn body(&mut self) -> Body<'_> {
        let (head, apart) = self.parts();
        Body::new(head, apart)
    }

    /// A body that is known to be in one piece.
    #[cfg(any(test, model))]
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Inline { length, bytes } => bytes.get(..usize::from(*length)),
            Bytes::Whole { buf, range } => buf.get(range.clone()),
            Bytes::Parted(parted) => panic!("{parted:?}"),
        }
        .unwrap_or(&[])
    }

    /// Gives a small buffer back to the thread, for the next read. Returns what is the connection's
    /// to keep. Only a body that was copied into the value stays readable.
    #[inline]
    pub(crate) fn recycle(&mut self) -> Option<Freed> {
        if let Bytes::Inline { .. } = self { None } else { self.recycle_buffer() }
    }

    fn recycle_buffer(&mut self) -> Option<Freed> {
        match self {
            Bytes::Inline { .. } => None,
            Bytes::Whole { buf, range } => {
                let buf = std::mem::take(buf);
                *range = 0..0;
                if buf.capacity() > LARGEST_SPARE {
                    return Some(Freed::Buffer(buf));
                }
                put_spare(buf);
                None
            }
            Bytes::Parted(parted) => {
                let place = std::mem::take(&mut parted.apart.long);
                (place.capacity() > 0).then_some(Freed::Long(place))
            }
        }
    }
}

/// Memory of a body that is not needed any more, for the connection to read into.
pub(crate) enum Freed {
    /// A large receive buffer.
    Buffer(Vec<u8>),
    /// The place of a long byte string.
    Long(Vec<u8>),
}

/// Takes the thread's buffer for encoding a frame. It is empty.
#[inline]
pub(crate) fn take_scratch() -> Vec<u8> {
    SCRATCH.try_with(Cell::take).unwrap_or_default()
}

/// Gives a frame's buffer back to the thread, whatever it holds.
#[inline]
pub(crate) fn put_scratch(buf: Vec<u8>) {
    keep(&SCRATCH, buf);
}

/// Takes the thread's buffer for reading into. It is empty.
#[inline]
pub(crate) fn take_spare() -> Vec<u8> {
    SPARE.try_with(Cell::take).unwrap_or_default()
}

/// Gives a buffer for reading back to the thread.
#[inline]
pub(crate) fn put_spare(buf: Vec<u8>) {
    keep(&SPARE, buf);
}

#[inline]
fn keep(place: &'static LocalKey<Cell<Vec<u8>>>, mut buf: Vec<u8>) {
    if buf.capacity() <= LARGEST_SPARE && buf.capacity() > 0 {
        buf.clear();
        // While the thread ends, its locals may be gone; then the buffer is dropped.
        let _thread_ends = place.try_with(|place| drop(place.replace(buf)));
    }
}

/// Frees this thread's buffers.
pub(crate) fn drop_spares() {
    drop((take_scratch(), take_spare()));
    copy::drop_spare();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_are_copied_whatever_stands_behind() {
        let received: Vec<u8> = (0..100).collect();
        for length in [0, 1, INLINE - 1, INLINE, INLINE + 1, 100] {
            for behind in [0, 1, INLINE, 100 - length] {
                let end = received.len().min(length + behind);
                let copy = Bytes::copy_first(length, &received[..end]);
                assert_eq!(copy.as_slice(), &received[..length], "{behind} behind {length}");
                let in_place = matches!(copy, Bytes::Inline { .. });
                assert_eq!(in_place, Bytes::fits_inline(length), "{behind} behind {length}");
            }
        }
    }
}
