//! The sending ends of streams: the credit of each, and whether its receiver still wants it.

mod fed;

use std::collections::{HashMap, VecDeque};

use super::channel::Feed;
use super::outbox::Lane;
use crate::wire::{self, CallId};

/// Names the sending end of a stream, for the thread that feeds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutletId {
    place: u32,
    pub(crate) lane: Lane,
}

/// Whether, and why, a stream has to end before its last item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Halt {
    /// It goes on.
    None,
    /// The receiver wants no more items; exactly one end is still owed.
    Stopped,
    /// The receiver has given the call up; nothing is owed any more.
    Cancelled,
}

/// The sending end of one stream.
#[derive(Debug)]
struct Outlet {
    lane: Lane,
    /// What may still be spent. An item may begin while this is positive.
    credit: i64,
    halt: Halt,
    /// What feeds it, if that is a channel and no thread.
    feed: Option<Box<Feed>>,
}

/// The sending ends of all streams of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outlets {
    places: Vec<Option<Outlet>>,
    free: Vec<u32>,
    by_call: HashMap<CallId, u32>,
    /// How many of the streams channels feed.
    channels: usize,
    /// Streams of channels whose items wait for room in the outbox, the longest first.
    waiting: VecDeque<OutletId>,
}

/// More credit was given than a stream may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl Outlets {
    /// Whether no stream is sent.
    #[cfg(any(test, model))]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_call.is_empty()
    }

    /// The number of streams that are sent.
    pub(crate) fn len(&self) -> usize {
        self.by_call.len()
    }

    /// Opens the sending end of the stream that answers a call of the peer's.
    pub(crate) fn open(&mut self, call: CallId, credit: u32) -> OutletId {
        let lane = Lane { call, lane: 0 };
        let credit = i64::from(credit);
        let outlet = Some(Outlet { lane, credit, halt: Halt::None, feed: None });
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(free) = self.places.get_mut(place as usize) {
            *free = outlet;
        }
        self.by_call.insert(call, place);
        OutletId { place, lane }
    }

    /// Closes a sending end.
    pub(crate) fn close(&mut self, id: OutletId) {
        if self.at(id).is_some() {
            self.by_call.remove(&id.lane.call);
            if let Some(place) = self.places.get_mut(id.place as usize) {
                *place = None;
                self.free.push(id.place);
            }
        }
    }

    #[inline]
    fn at(&self, id: OutletId) -> Option<&Outlet> {
        let outlet = self.places.get(id.place as usize)?.as_ref();
        outlet.filter(|outlet| outlet.lane == id.lane)
    }

    fn of_call(&mut self, call: CallId) -> Option<&mut Outlet> {
        let place = *self.by_call.get(&call)?;
        self.places.get_mut(place as usize)?.as_mut()
    }

    /// Whether an item may begin, as far as credit goes.
    #[inline]
    pub(crate) fn has_credit(&self, id: OutletId) -> bool {
        self.at(id).is_some_and(|outlet| outlet.credit > 0)
    }

    /// Why the stream has to end.
    #[inline]
    pub(crate) fn halt(&self, id: OutletId) -> Halt {
        self.at(id).map_or(Halt::Cancelled, |outlet| outlet.halt)
    }

    /// Takes the cost of an item from the credit.
    // [credit.spend]
    #[inline]
    pub(crate) fn spend(&mut self, id: OutletId, length: usize) {
        let place = self.places.get_mut(id.place as usize).and_then(Option::as_mut);
        if let Some(outlet) = place {
            let cost = i64::try_from(wire::item_cost(length)).unwrap_or(i64::MAX);
            outlet.credit = outlet.credit.saturating_sub(cost);
        }
    }

    /// Takes in credit from the receiver. `Ok(false)` if no such stream is sent.
    // [credit.most]
    pub(crate) fn credit(&mut self, call: CallId, bytes: u32) -> Result<bool, TooMuch> {
        let Some(outlet) = self.of_call(call) else { return Ok(false) };
        outlet.credit = outlet.credit.saturating_add(i64::from(bytes));
        if outlet.credit > wire::MAX_CREDIT { Err(TooMuch) } else { Ok(true) }
    }

    /// Halts the stream of a call; false if there is none.
    pub(crate) fn halt_call(&mut self, call: CallId, halt: Halt) -> bool {
        let Some(outlet) = self.of_call(call) else { return false };
        // A cancel that comes behind a stop says more.
        if outlet.halt != Halt::Cancelled {
            outlet.halt = halt;
        }
        true
    }

    /// Whether the receiver of a call's stream wants no more of it.
    pub(crate) fn is_halted(&self, call: CallId) -> bool {
        let outlet = self.by_call.get(&call).and_then(|place| self.places.get(*place as usize));
        outlet.and_then(Option::as_ref).is_some_and(|outlet| outlet.halt != Halt::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallId = CallId(7);

    #[test]
    fn a_sending_end_spends_what_it_was_given() {
        // [credit.spend] [credit.most]
        let mut outlets = Outlets::default();
        let id = outlets.open(CALL, 20);
        assert!(outlets.has_credit(id) && !outlets.is_empty());
        outlets.spend(id, 100);
        assert!(!outlets.has_credit(id), "a large item takes it below zero");
        assert_eq!(outlets.credit(CALL, 97), Ok(true));
        assert!(outlets.has_credit(id));
        assert_eq!(outlets.credit(CallId(8), 1), Ok(false));
        assert_eq!(outlets.credit(CALL, 1 << 31), Err(TooMuch));
        outlets.close(id);
        assert!(outlets.is_empty() && !outlets.has_credit(id));
    }

    #[test]
    fn a_place_that_is_used_again_does_not_obey_its_old_name() {
        let mut outlets = Outlets::default();
        let old = outlets.open(CALL, 20);
        outlets.close(old);
        let new = outlets.open(CallId(8), 20);
        assert_eq!(old.place, new.place);
        outlets.close(old);
        assert_eq!(outlets.halt(old), Halt::Cancelled);
        assert_eq!(outlets.halt(new), Halt::None);
    }

    #[test]
    fn a_cancel_says_more_than_a_stop() {
        // [stop.end] [cancel.stream]
        let mut outlets = Outlets::default();
        let id = outlets.open(CALL, 20);
        assert!(!outlets.is_halted(CALL));
        assert!(outlets.halt_call(CALL, Halt::Stopped));
        assert_eq!(outlets.halt(id), Halt::Stopped);
        assert!(outlets.halt_call(CALL, Halt::Cancelled));
        assert!(outlets.halt_call(CALL, Halt::Stopped));
        assert_eq!(outlets.halt(id), Halt::Cancelled);
        assert!(outlets.is_halted(CALL) && !outlets.halt_call(CallId(9), Halt::Stopped));
    }
}
