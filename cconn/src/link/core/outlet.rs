//! The sending ends of streams: the credit of each, and whether its receiver still wants it.
//!
//! Messages in slots stand here too: like the items of channels they wait with no thread, and most
//! connections have neither.

mod fed;
mod heard;

use std::collections::{HashMap, VecDeque};

use super::channel::Feed;
use super::latest::Latest;
use super::outbox::{ANSWER, Lane};
use crate::wire::{self, CallId, FailureCode};

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
    /// Whether its first frame is still to be sent: that of an argument's stream stands before its
    /// first item.
    opens: bool,
    /// Whether the receiver has given credit, or a stop. What an argument's stream has to say waits
    /// until then.
    heard: bool,
    /// How the stream ends once the receiver was heard.
    late: Option<Box<LateEnd>>,
}

/// The end of a stream that has failed before its receiver could be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LateEnd {
    pub(crate) code: FailureCode,
    pub(crate) text: Box<str>,
}

/// The arguments of one call that are streams, kept until the call is over.
#[derive(Clone, Copy, Debug, Default)]
struct ArgumentCount {
    /// The number of the last one.
    last: u8,
    /// How many are open.
    open: u8,
    /// How often the receiver has given credit, also for those that have ended: what it had not
    /// taken yet it takes behind their ends.
    given: u64,
    /// Whether the call is over.
    is_over: bool,
}

/// The sending ends of all streams of one connection.
#[derive(Debug, Default)]
pub(crate) struct Outlets {
    places: Vec<Option<Outlet>>,
    free: Vec<u32>,
    by_lane: HashMap<Lane, u32>,
    /// The calls whose arguments are streams that are sent.
    calls: HashMap<CallId, ArgumentCount>,
    /// How many of the streams channels feed.
    channels: usize,
    /// Streams of channels whose items wait for room in the outbox, the longest first.
    waiting: VecDeque<OutletId>,
    /// Messages that wait in slots.
    pub(super) latest: Latest,
}

/// More credit was given than a stream may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooMuch;

impl Outlets {
    /// Whether no stream is sent.
    #[cfg(any(test, model))]
    pub(crate) fn is_empty(&self) -> bool {
        self.by_lane.is_empty()
    }

    /// The number of streams that are sent.
    pub(crate) fn len(&self) -> usize {
        self.by_lane.len()
    }

    /// Opens the sending end of a stream: of the answer to a call of the peer's, which is lane 0, or
    /// of an argument of a call of ours.
    pub(crate) fn open(&mut self, lane: Lane, credit: u32) -> OutletId {
        let credit = i64::from(credit);
        let is_answer = lane.lane == ANSWER;
        let outlet = Some(Outlet {
            lane,
            credit,
            halt: Halt::None,
            feed: None,
            opens: !is_answer,
            heard: is_answer,
            late: None,
        });
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            u32::try_from(self.places.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        if let Some(free) = self.places.get_mut(place as usize) {
            *free = outlet;
        }
        self.by_lane.insert(lane, place);
        if !is_answer {
            let count = self.calls.entry(lane.call).or_default();
            count.last = count.last.max(lane.lane);
            count.open = count.open.saturating_add(1);
        }
        OutletId { place, lane }
    }

    /// Closes a sending end.
    pub(crate) fn close(&mut self, id: OutletId) {
        if self.at(id).is_some() {
            self.by_lane.remove(&id.lane);
            if id.lane.lane != ANSWER {
                self.close_lane_of(id.lane.call);
            }
            if let Some(place) = self.places.get_mut(id.place as usize) {
                *place = None;
                self.free.push(id.place);
            }
        }
    }

    fn close_lane_of(&mut self, call: CallId) {
        if let Some(count) = self.calls.get_mut(&call) {
            count.open = count.open.saturating_sub(1);
            if count.open == 0 && count.is_over {
                self.calls.remove(&call);
            }
        }
    }

    /// Forgets the arguments of a call that is over, once the last of them is closed.
    pub(crate) fn forget_arguments(&mut self, call: CallId) {
        if let Some(count) = self.calls.get_mut(&call) {
            count.is_over = true;
            if count.open == 0 {
                self.calls.remove(&call);
            }
        }
    }

    #[inline]
    fn at(&self, id: OutletId) -> Option<&Outlet> {
        let outlet = self.places.get(id.place as usize)?.as_ref();
        outlet.filter(|outlet| outlet.lane == id.lane)
    }

    fn of_lane(&mut self, lane: Lane) -> Option<&mut Outlet> {
        let place = *self.by_lane.get(&lane)?;
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

    /// Takes the cost of an item from the credit. True if a frame that opens the lane is to stand
    /// before the item.
    // [credit.spend]
    #[inline]
    pub(crate) fn spend(&mut self, id: OutletId, length: usize) -> bool {
        let place = self.places.get_mut(id.place as usize).and_then(Option::as_mut);
        let Some(outlet) = place else { return false };
        let cost = i64::try_from(wire::item_cost(length)).unwrap_or(i64::MAX);
        outlet.credit = outlet.credit.saturating_sub(cost);
        std::mem::take(&mut outlet.opens)
    }

    /// Takes in credit from the receiver. `Ok(false)` if no such stream is sent.
    // [credit.most]
    pub(crate) fn credit(&mut self, lane: Lane, bytes: u32) -> Result<bool, TooMuch> {
        if lane.lane != ANSWER
            && let Some(count) = self.calls.get_mut(&lane.call)
        {
            count.given = count.given.saturating_add(1);
        }
        let Some(outlet) = self.of_lane(lane) else { return Ok(false) };
        outlet.credit = outlet.credit.saturating_add(i64::from(bytes));
        outlet.heard = true;
        if outlet.credit > wire::MAX_CREDIT { Err(TooMuch) } else { Ok(true) }
    }

    /// Halts a stream. False if that changes nothing, because there is no such stream or it was
    /// halted before.
    pub(crate) fn halt_lane(&mut self, lane: Lane, halt: Halt) -> bool {
        let Some(outlet) = self.of_lane(lane) else { return false };
        let before = (outlet.heard, outlet.halt);
        outlet.heard = true;
        // A cancel that comes behind a stop says more.
        if outlet.halt != Halt::Cancelled {
            outlet.halt = halt;
        }
        before != (outlet.heard, outlet.halt)
    }

    /// Whether the receiver of a stream wants no more of it.
    pub(crate) fn is_halted(&self, lane: Lane) -> bool {
        let outlet = self.by_lane.get(&lane).and_then(|place| self.places.get(*place as usize));
        outlet.and_then(Option::as_ref).is_some_and(|outlet| outlet.halt != Halt::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANE: Lane = Lane { call: CallId(7), lane: 0 };
    const OTHER: Lane = Lane { call: CallId(8), lane: 0 };

    #[test]
    fn a_sending_end_spends_what_it_was_given() {
        // [credit.spend] [credit.most]
        let mut outlets = Outlets::default();
        let id = outlets.open(LANE, 20);
        assert!(outlets.has_credit(id) && !outlets.is_empty());
        outlets.spend(id, 100);
        assert!(!outlets.has_credit(id), "a large item takes it below zero");
        assert_eq!(outlets.credit(LANE, 97), Ok(true));
        assert!(outlets.has_credit(id));
        assert_eq!(outlets.credit(OTHER, 1), Ok(false));
        assert_eq!(outlets.credit(LANE, 1 << 31), Err(TooMuch));
        outlets.close(id);
        assert!(outlets.is_empty() && !outlets.has_credit(id));
    }

    #[test]
    fn a_place_that_is_used_again_does_not_obey_its_old_name() {
        let mut outlets = Outlets::default();
        let old = outlets.open(LANE, 20);
        outlets.close(old);
        let new = outlets.open(OTHER, 20);
        assert_eq!(old.place, new.place);
        outlets.close(old);
        assert_eq!(outlets.halt(old), Halt::Cancelled);
        assert_eq!(outlets.halt(new), Halt::None);
    }

    #[test]
    fn a_cancel_says_more_than_a_stop() {
        // [stop.end] [cancel.stream]
        let mut outlets = Outlets::default();
        let id = outlets.open(LANE, 20);
        assert!(!outlets.is_halted(LANE));
        assert!(outlets.halt_lane(LANE, Halt::Stopped));
        assert_eq!(outlets.halt(id), Halt::Stopped);
        assert!(!outlets.halt_lane(LANE, Halt::Stopped), "a second stop changes nothing");
        assert!(outlets.halt_lane(LANE, Halt::Cancelled));
        assert!(!outlets.halt_lane(LANE, Halt::Stopped));
        assert_eq!(outlets.halt(id), Halt::Cancelled);
        assert!(outlets.is_halted(LANE) && !outlets.halt_lane(OTHER, Halt::Stopped));
    }

    #[test]
    fn the_receiver_of_an_argument_is_heard_behind_its_end_until_the_call_is_over() {
        // [lane.silence]
        let mut outlets = Outlets::default();
        let lane = Lane { lane: 1, ..LANE };
        assert_eq!(outlets.given(LANE.call), None);
        let id = outlets.open(lane, 0);
        assert_eq!(outlets.credit(lane, 5), Ok(true));
        outlets.close(id);
        assert_eq!(outlets.credit(lane, 5), Ok(false), "the stream has ended");
        assert_eq!(outlets.given(LANE.call), Some(2));
        outlets.forget_arguments(LANE.call);
        assert_eq!(outlets.credit(lane, 5), Ok(false));
        assert_eq!((outlets.given(LANE.call), outlets.calls.len()), (None, 0));

        let id = outlets.open(lane, 0);
        outlets.forget_arguments(LANE.call);
        assert_eq!(outlets.given(LANE.call), None, "the call is over, the stream is still closed");
        outlets.close(id);
        assert_eq!(outlets.calls.len(), 0);
    }

    #[test]
    fn the_lanes_of_a_call_are_apart() {
        let mut outlets = Outlets::default();
        let [first, second] = [1, 2].map(|lane| Lane { lane, ..LANE });
        let (one, two) = (outlets.open(first, 0), outlets.open(second, 0));
        assert_eq!(outlets.credit(second, 5), Ok(true));
        assert!(!outlets.has_credit(one) && outlets.has_credit(two));
        assert!(outlets.halt_lane(first, Halt::Stopped));
        assert_eq!((outlets.halt(one), outlets.halt(two)), (Halt::Stopped, Halt::None));
        assert!(!outlets.is_halted(LANE) && !outlets.halt_lane(LANE, Halt::Stopped));
    }

    #[test]
    fn a_stream_may_have_so_much_credit_and_no_more_and_begins_no_item_at_none() {
        // [credit.most] [credit.spend]
        let mut outlets = Outlets::default();
        let id = outlets.open(LANE, 16);
        outlets.spend(id, 0);
        assert!(!outlets.has_credit(id), "spent to the last byte");
        let most = u32::try_from(wire::MAX_CREDIT).unwrap();
        assert_eq!(outlets.credit(LANE, most), Ok(true));
        assert_eq!(outlets.credit(LANE, 1), Err(TooMuch));
    }

    #[test]
    fn only_the_first_item_of_an_argument_opens_its_lane() {
        let mut outlets = Outlets::default();
        let answer = outlets.open(LANE, 20);
        let argument = outlets.open(Lane { lane: 1, ..LANE }, 20);
        assert_eq!(outlets.len(), 2);
        assert!(!outlets.spend(answer, 1));
        assert!(outlets.spend(argument, 1) && !outlets.spend(argument, 1));
        assert!(outlets.is_heard(answer) && !outlets.is_heard(argument));
        outlets.close(answer);
        assert_eq!((outlets.len(), outlets.spend(answer, 1)), (1, false));
    }

    #[test]
    fn a_stop_is_news_of_a_lane_whose_receiver_was_not_heard() {
        // [lane.opens]
        let mut outlets = Outlets::default();
        let lane = Lane { lane: 1, ..LANE };
        let id = outlets.open(lane, 0);
        let end = |text: &str| LateEnd { code: FailureCode::Panic, text: text.into() };
        assert!(outlets.is_open(id) && outlets.end_later(id, end("first")));
        assert!(!outlets.is_open(id) && outlets.end_later(id, end("second")));
        assert!(outlets.halt_lane(lane, Halt::Stopped) && outlets.is_heard(id));
        assert!(!outlets.end_later(id, end("third")), "it is heard");
        assert_eq!(outlets.take_late_end(lane), Some((id, end("first"))));
        assert_eq!(outlets.take_late_end(lane), None);
        assert!(outlets.is_open(id));
    }

    #[test]
    fn the_open_arguments_of_a_call_are_found_by_it() {
        let mut outlets = Outlets::default();
        outlets.open(LANE, 0);
        let of = |call: CallId, lane| Lane { call, lane };
        let [one, two, other] = [of(LANE.call, 1), of(LANE.call, 3), of(OTHER.call, 2)]
            .map(|lane| outlets.open(lane, 0));
        assert_eq!(outlets.arguments_of(LANE.call), [one, two]);
        assert_eq!(outlets.arguments_of(OTHER.call), [other]);
        outlets.close(one);
        assert_eq!(outlets.arguments_of(LANE.call), [two]);
        outlets.forget_arguments(LANE.call);
        outlets.close(two);
        assert_eq!(outlets.arguments_of(LANE.call), []);
        assert_eq!(outlets.calls.len(), 1, "of the other call");
    }
}
