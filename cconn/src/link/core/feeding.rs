//! Sending an item of a stream: when it may begin, and what it has to wait for.

use super::outbox::Item;
use super::outlet::{Halt, OutletId};
use super::sleepers::Sleep;
use super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{self, CallId};

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
        if let Some(outlets) = &mut self.outlets
            && outlets.spend(id, item.len())
        {
            self.open_argument_lane(id);
        }
        self.outbox.append_item(id.lane, item, most);
    }

    /// Appends the frame that opens the lane of an argument, before its first item.
    // [items.flags]
    #[cold]
    pub(super) fn open_argument_lane(&mut self, id: OutletId) {
        let is_fed = self.outlets.as_ref().is_some_and(|outlets| outlets.feed_at(id).is_some());
        self.outbox.open_lane(id.lane, if is_fed { wire::MAY_BE_SILENT } else { 0 });
    }

    /// Wakes the thread that waits to feed that stream.
    pub(super) fn wake_pump(&mut self, id: CallId) {
        // A thread that waits for room in the outbox has to see a stop too.
        self.wake(|sleep| {
            matches!(sleep, Sleep::Credit(call) if call == id) || sleep == Sleep::Room
        });
    }

    /// Wakes the thread that feeds the arguments of that call.
    pub(super) fn wake_feeder(&mut self, id: CallId) {
        if holds(Rule::CreditWakesFeeders) {
            // It waits for the answer, or for room in the outbox.
            self.wake(|sleep| {
                matches!(sleep, Sleep::Answer(call) if call == id) || sleep == Sleep::Room
            });
        }
    }
}
