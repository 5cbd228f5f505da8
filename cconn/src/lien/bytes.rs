//! The body of a received frame, kept after the buffer it came in has moved on.

use std::cell::Cell;
use std::ops::Range;

use crate::sync::thread_local;

/// Bodies up to this many bytes are copied in place: most arguments and answers, no allocation.
const INLINE: usize = 46;

/// Larger spare buffers are not kept.
const LARGEST_SPARE: usize = 64 << 10;

/// A body.
#[derive(Debug)]
pub(crate) enum Bytes {
    /// A copy of a small body.
    Inline { length: u8, bytes: [u8; INLINE] },
    /// A buffer that is this body's alone, and where the body stands in it.
    Whole { buf: Vec<u8>, range: Range<usize> },
}

thread_local! {
    static SPARE: [Place; 2] =
        const { [Place(Cell::new(Vec::new())), Place(Cell::new(Vec::new()))] };
}

impl Bytes {
    /// Whether a body of that size is copied without an allocation.
    pub(super) fn fits_inline(length: usize) -> bool {
        length <= INLINE
    }

    /// Copies a body out of a buffer that holds others too.
    pub(super) fn copy(body: &[u8]) -> Self {
        match u8::try_from(body.len()) {
            Ok(length) if Bytes::fits_inline(body.len()) => {
                let mut bytes = [0; INLINE];
                bytes.iter_mut().zip(body).for_each(|(to, from)| *to = *from);
                Bytes::Inline { length, bytes }
            }
            _ => Bytes::Whole { buf: body.to_vec(), range: 0..body.len() },
        }
    }

    /// Bytes held for this body beyond its own size.
    pub(super) fn len(&self) -> usize {
        self.as_slice().len()
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Inline { length, bytes } => bytes.get(..usize::from(*length)),
            Bytes::Whole { buf, range } => buf.get(range.clone()),
        }
        .unwrap_or(&[])
    }

    /// Gives the buffer back to the thread, for its next read.
    pub(crate) fn recycle(self) {
        if let Bytes::Whole { buf, .. } = self {
            put_spare(buf);
        }
    }
}

/// Keeps a buffer for the thread's next use, emptied.
pub(crate) fn put_spare(mut buf: Vec<u8>) {
    if buf.capacity() <= LARGEST_SPARE && buf.capacity() > 0 {
        buf.clear();
        let _thread_ends = SPARE.try_with(|spare| {
            let [first, second] = spare;
            let place = if first.is_free() { first } else { second };
            place.0.set(buf);
        });
    }
}

/// Takes one of the thread's spare buffers, empty but with what capacity it had.
pub(crate) fn take_spare() -> Vec<u8> {
    SPARE
        .try_with(|[first, second]| {
            let buf = first.0.take();
            if buf.capacity() > 0 { buf } else { second.0.take() }
        })
        .unwrap_or_default()
}

/// Gives the thread's spare buffers back to the system.
pub(super) fn drop_spares() {
    drop((take_spare(), take_spare()));
}

/// A place for a spare buffer: one is being written to while another is read into.
struct Place(Cell<Vec<u8>>);

impl Place {
    /// Whether the place is free. Looking means taking out and putting back.
    fn is_free(&self) -> bool {
        let buf = self.0.take();
        let empty = buf.capacity() == 0;
        self.0.set(buf);
        empty
    }
}
