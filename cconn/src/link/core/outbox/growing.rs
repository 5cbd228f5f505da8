//! What the outbox knows about items of streams: their lane, their bytes, the frame that takes more.

use crate::wire::CallId;

/// The lane of a call's answer; the others are those of its arguments.
pub(crate) const ANSWER: u8 = 0;

/// The stream that an item belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    pub(crate) call: CallId,
    pub(crate) lane: u8,
}

/// The last frame of the outbox, if further items of its lane may be added to it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Growing {
    pub(super) lane: Lane,
    /// Where the frame starts in the last segment.
    pub(super) start: usize,
    /// Position behind the frame: if the outbox ends elsewhere, another frame is behind this one.
    pub(super) end: u64,
}

/// An item that is about to be appended: `head`, then `long`.
pub(crate) struct Item<'a> {
    pub(crate) head: &'a [u8],
    /// Long bytes, which are not copied.
    pub(crate) long: Vec<u8>,
}

impl Item<'_> {
    pub(crate) fn len(&self) -> usize {
        self.head.len().saturating_add(self.long.len())
    }
}
