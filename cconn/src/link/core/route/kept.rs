//! The body of a frame, kept beyond the read that brought it.

use crate::link::core::bytes::Bytes;
use crate::link::core::inbox::Inbox;
use crate::wire;

/// The body of a received frame, and how it is kept.
pub(super) struct Kept<'a> {
    pub(super) inbox: &'a mut Inbox,
    pub(super) range: std::ops::Range<usize>,
}

impl Kept<'_> {
    /// Size of a body of which `length` bytes are in the buffer, including a long byte string that
    /// is apart.
    #[inline]
    pub(super) fn size(&self, length: usize) -> usize {
        length.saturating_add(self.inbox.buffer.apart())
    }

    /// Keeps the last `length` bytes of the frame. `alone`: no other body is kept for the same
    /// purpose.
    #[inline]
    pub(super) fn body(self, length: usize, alone: bool) -> Bytes {
        let from = self.range.end.saturating_sub(length);
        let body = from..self.range.end;
        if self.inbox.buffer.apart() > 0 {
            return self.parted(body);
        }
        // Copying a small body is as fast as handing the buffer over, and the thread needs no
        // second buffer.
        if !Bytes::fits_inline(length) && self.inbox.buffer.should_hand_over(&body, alone) {
            Bytes::Whole { buf: self.inbox.buffer.hand_over(), range: body }
        } else {
            Bytes::copy_first(length, self.inbox.buffer.rest_from(from))
        }
    }

    /// Keeps a body whose long byte string is apart.
    #[cold]
    fn parted(self, body: std::ops::Range<usize>) -> Bytes {
        let frame = self.range.start.saturating_sub(wire::LENGTH_PREFIX);
        let before = body.start.saturating_sub(frame);
        let (at, long) = self.inbox.buffer.take_apart();
        Bytes::parted(self.inbox.buffer.slice(body), at.saturating_sub(before), long)
    }
}
