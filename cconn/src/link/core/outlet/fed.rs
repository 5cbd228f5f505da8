//! The sending ends of streams that a channel feeds: each keeps the items that were pushed and can't
//! be sent yet.

use std::collections::VecDeque;

use super::{Halt, Outlet, OutletId, Outlets};
use crate::link::core::channel::Feed;
use crate::link::core::outbox::Lane;

impl Outlets {
    /// How many streams of channels are sent.
    pub(crate) fn channels(&self) -> usize {
        self.channels
    }

    /// Opens the sending end of a channel's stream.
    pub(crate) fn open_fed(&mut self, lane: Lane, credit: u32, feed: Feed) -> OutletId {
        let id = self.open(lane, credit);
        self.feed_with(id, feed);
        id
    }

    /// Makes a channel feed a stream.
    pub(crate) fn feed_with(&mut self, id: OutletId, feed: Feed) {
        if let Some(outlet) = self.at_mut(id) {
            outlet.feed = Some(Box::new(feed));
            self.channels = self.channels.saturating_add(1);
        }
    }

    pub(super) fn at_mut(&mut self, id: OutletId) -> Option<&mut Outlet> {
        let outlet = self.places.get_mut(id.place as usize)?.as_mut();
        outlet.filter(|outlet| outlet.lane == id.lane)
    }

    /// What feeds that stream, if it is open and a channel's.
    pub(crate) fn feed_at(&self, id: OutletId) -> Option<&Feed> {
        self.at(id)?.feed.as_deref()
    }

    /// What feeds that stream, to be changed, if it is open and a channel's.
    pub(crate) fn feed(&mut self, id: OutletId) -> Option<&mut Feed> {
        self.at_mut(id)?.feed.as_deref_mut()
    }

    /// The sending end of that stream, if a channel feeds it; and why the stream has to end.
    pub(crate) fn fed(&self, lane: Lane) -> Option<(OutletId, Halt)> {
        let place = *self.by_lane.get(&lane)?;
        let outlet = self.places.get(place as usize)?.as_ref()?;
        outlet.feed.as_ref()?;
        Some((OutletId { place, lane: outlet.lane }, outlet.halt))
    }

    /// Closes the sending end of a channel's stream, and returns what fed it.
    pub(crate) fn close_fed(&mut self, id: OutletId) -> Option<Box<Feed>> {
        let feed = self.take_feed(id)?;
        self.close(id);
        Some(feed)
    }

    /// Takes away what feeds that stream.
    pub(crate) fn take_feed(&mut self, id: OutletId) -> Option<Box<Feed>> {
        let feed = self.at_mut(id)?.feed.take()?;
        self.channels = self.channels.saturating_sub(1);
        Some(feed)
    }

    /// All streams that channels feed.
    pub(crate) fn all_fed(&self) -> Vec<OutletId> {
        let fed = |(place, outlet): (u32, &Option<Outlet>)| {
            let outlet = outlet.as_ref().filter(|outlet| outlet.feed.is_some())?;
            Some(OutletId { place, lane: outlet.lane })
        };
        if self.channels == 0 {
            Vec::new()
        } else {
            (0..).zip(&self.places).filter_map(fed).collect()
        }
    }

    /// Lists a stream as one whose items wait for room in the outbox.
    pub(crate) fn list_for_room(&mut self, id: OutletId) {
        let Some(feed) = self.feed(id) else { return };
        if !feed.set_listed(true) {
            self.waiting.push_back(id);
        }
    }

    /// Whether items, or messages in slots, wait for room in the outbox.
    #[inline]
    pub(crate) fn is_any_waiting_for_room(&self) -> bool {
        !self.waiting.is_empty() || self.latest.waits_for_room()
    }

    /// Takes the stream off the list that has waited longest for room.
    pub(crate) fn next_for_room(&mut self) -> Option<OutletId> {
        while let Some(id) = self.waiting.pop_front() {
            // A stream that has ended meanwhile stays in the list until here.
            if let Some(feed) = self.feed(id) {
                feed.set_listed(false);
                return Some(id);
            }
        }
        self.waiting = VecDeque::new();
        None
    }
}
