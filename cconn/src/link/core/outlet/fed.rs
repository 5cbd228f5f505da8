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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::link::core::channel::{Capacity, ItemQueue};
    use crate::wire::CallId;

    pub(in super::super) fn feed() -> Feed {
        Feed::new(ItemQueue::new(Capacity { items: 1, bytes: 1 }), Arc::default(), 1024)
    }

    fn answer_to(call: u64) -> Lane {
        Lane { call: CallId(call), lane: 0 }
    }

    #[test]
    fn a_stream_is_a_channels_until_its_feed_is_taken() {
        let mut outlets = Outlets::default();
        let plain = outlets.open(answer_to(1), 0);
        assert_eq!((outlets.channels(), outlets.all_fed()), (0, vec![]));
        assert!(outlets.feed_at(plain).is_none() && outlets.feed(plain).is_none());
        assert!(outlets.fed(plain.lane).is_none() && outlets.close_fed(plain).is_none());
        assert_eq!(outlets.len(), 1, "it is still open");

        let fed = outlets.open_fed(answer_to(2), 0, feed());
        assert_eq!((outlets.channels(), outlets.all_fed()), (1, vec![fed]));
        assert!(outlets.feed_at(fed).is_some() && outlets.feed(fed).is_some());
        assert_eq!(outlets.fed(fed.lane), Some((fed, Halt::None)));
        outlets.halt_lane(fed.lane, Halt::Stopped);
        assert_eq!(outlets.fed(fed.lane), Some((fed, Halt::Stopped)));

        outlets.feed_with(plain, feed());
        assert_eq!((outlets.channels(), outlets.all_fed()), (2, vec![plain, fed]));
        assert!(outlets.take_feed(plain).is_some() && outlets.take_feed(plain).is_none());
        assert_eq!((outlets.channels(), outlets.len()), (1, 2));
        assert!(outlets.close_fed(fed).is_some() && outlets.close_fed(fed).is_none());
        assert_eq!((outlets.channels(), outlets.len()), (0, 1));
        outlets.feed_with(fed, feed());
        assert_eq!(outlets.channels(), 0, "a stream that is closed is nobody's");
    }

    #[test]
    fn streams_get_room_in_the_order_in_which_they_were_listed_and_each_once() {
        let mut outlets = Outlets::default();
        let [one, two, gone] = [1, 2, 3].map(|n| outlets.open_fed(answer_to(n), 0, feed()));
        let plain = outlets.open(answer_to(4), 0);
        outlets.list_for_room(plain);
        assert!(!outlets.is_any_waiting_for_room(), "no channel feeds it");
        for id in [two, gone, one, two] {
            outlets.list_for_room(id);
        }
        assert!(outlets.is_any_waiting_for_room());
        outlets.close_fed(gone);
        assert_eq!(outlets.next_for_room(), Some(two));
        outlets.list_for_room(two);
        assert_eq!([(); 3].map(|()| outlets.next_for_room()), [Some(one), Some(two), None]);
        assert!(!outlets.is_any_waiting_for_room());
    }
}
