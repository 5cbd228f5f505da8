//! The sending ends of argument streams: nothing is said on one before its receiver was heard.

use super::{LateEnd, OutletId, Outlets};
use crate::link::core::outbox::Lane;
use crate::wire::CallId;

impl Outlets {
    /// Whether that sending end is open.
    pub(crate) fn is_open(&self, id: OutletId) -> bool {
        self.at(id).is_some_and(|outlet| outlet.late.is_none())
    }

    /// Whether the receiver has given credit, or a stop; a stream that is closed counts as heard.
    pub(crate) fn is_heard(&self, id: OutletId) -> bool {
        self.at(id).is_none_or(|outlet| outlet.heard)
    }

    /// Whether that stream's first frame is to be sent now, because a channel feeds it and its
    /// receiver was heard.
    pub(crate) fn take_opening_of_channel(&mut self, lane: Lane) -> Option<OutletId> {
        let place = *self.by_lane.get(&lane)?;
        let outlet = self.places.get_mut(place as usize)?.as_mut()?;
        let opens = outlet.opens && outlet.heard && outlet.feed.is_some();
        outlet.opens &= !opens;
        opens.then_some(OutletId { place, lane })
    }

    /// Keeps the end of a stream until its receiver is heard. False if it was heard already, or is
    /// gone.
    // [lane.opens]
    pub(crate) fn end_later(&mut self, id: OutletId, end: LateEnd) -> bool {
        let Some(outlet) = self.at_mut(id).filter(|outlet| !outlet.heard) else { return false };
        outlet.late.get_or_insert(Box::new(end));
        true
    }

    /// Takes out the end of a stream that was kept until now, when its receiver was heard.
    pub(crate) fn take_late_end(&mut self, lane: Lane) -> Option<(OutletId, LateEnd)> {
        let place = *self.by_lane.get(&lane)?;
        let end = self.places.get_mut(place as usize)?.as_mut()?.late.take()?;
        Some((OutletId { place, lane }, *end))
    }

    /// The sending ends of the argument streams of a call that are open.
    pub(crate) fn arguments_of(&self, call: CallId) -> Vec<OutletId> {
        let last = self.calls.get(&call).map_or(0, |count| count.last);
        let lanes = (1..=last).map(|lane| Lane { call, lane });
        let id = |lane| Some(OutletId { place: *self.by_lane.get(&lane)?, lane });
        lanes.filter_map(id).collect()
    }

    /// How often the receiver has given credit for arguments of that call, whether they have ended
    /// or not; `None` if none is a stream that is sent, or the call is over.
    pub(crate) fn given(&self, call: CallId) -> Option<u64> {
        self.calls.get(&call).filter(|count| !count.is_over).map(|count| count.given)
    }
}

#[cfg(test)]
mod tests {
    use super::super::fed::tests::feed;
    use super::*;

    #[test]
    fn a_channel_opens_its_lane_once_and_only_when_the_receiver_was_heard() {
        // [lane.opens]
        let mut outlets = Outlets::default();
        let lane = |lane| Lane { call: CallId(7), lane };
        let (fed, pulled) = (outlets.open_fed(lane(1), 0, feed()), outlets.open(lane(2), 0));
        outlets.open_fed(lane(0), 0, feed());
        assert_eq!(outlets.take_opening_of_channel(lane(0)), None, "an answer opens by itself");
        assert_eq!(outlets.take_opening_of_channel(lane(1)), None, "nobody was heard");
        for lane in [lane(1), lane(2)] {
            assert_eq!(outlets.credit(lane, 9), Ok(true));
        }
        assert_eq!(outlets.take_opening_of_channel(lane(2)), None, "a thread opens it");
        assert!(outlets.spend(pulled, 1));
        assert_eq!(outlets.take_opening_of_channel(lane(1)), Some(fed));
        assert_eq!(outlets.take_opening_of_channel(lane(1)), None);
        assert!(!outlets.spend(fed, 1));
    }
}
