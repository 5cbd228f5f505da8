//! Sending an item of a stream: when it may begin, and what it has to wait for.

use super::outbox::Item;
use super::outlet::{Halt, OutletId};
use super::sleepers::Sleep;
use super::state::State;

/// Bytes in the outbox above which streams wait, so that answers and commands keep their room.
const ITEMS_ROOM: u64 = 256 << 10;

/// What a thread that feeds a stream may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Feeding {
    /// An item may begin.
    Ready,
    /// No item may begin yet: the thread sleeps for this.
    Waits(Sleep),
    /// The stream has to end.
    Halted,
}

impl State {
    /// Whether the stream may be fed.
    #[inline]
    pub(crate) fn feeding(&self, id: OutletId) -> Feeding {
        let Some(outlets) = &self.outlets else { return Feeding::Halted };
        if outlets.halt(id) != Halt::None || !self.can_append() {
            return Feeding::Halted;
        }
        if !outlets.has_credit(id) {
            return Feeding::Waits(Sleep::Credit(id.lane.call));
        }
        if self.has_items_room() { Feeding::Ready } else { Feeding::Waits(Sleep::Room) }
    }

    /// Whether the outbox has room for items.
    #[inline]
    pub(super) fn has_items_room(&self) -> bool {
        self.outbox.bytes() <= ITEMS_ROOM.min(self.high_water)
    }

    /// Appends an item, which `feeding` must allow. Frames are at most `most` bytes long.
    #[inline]
    pub(crate) fn put_item(&mut self, id: OutletId, item: Item<'_>, most: usize) {
        if let Some(outlets) = &mut self.outlets {
            outlets.spend(id, item.len());
        }
        self.outbox.append_item(id.lane, item, most);
    }
}
