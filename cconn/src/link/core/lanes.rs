//! The receiving ends of argument streams: those that come with calls of the peer.
//!
//! A lane is open here from the start of its command, which gives it its first credit. It stays in
//! the table until its command has returned, its end is known, and the program is done with it.

mod flows;

use super::inlet::{Ended, Inlet};
use super::outbox::Lane;
use crate::table::Table;
use crate::wire::{CallId, FailureCode};

/// The argument streams of all calls of one connection.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    calls: Table<Row>,
}

/// The argument streams of one call.
#[derive(Debug, Default)]
struct Row {
    /// The n-th is lane n + 1.
    lanes: Vec<Inlet>,
    /// Whether the command has returned, and its answer has ended.
    returned: bool,
}

impl Lanes {
    /// Opens the next argument stream of a call. `None` if the call has `most` already.
    pub(crate) fn open(&mut self, call: CallId, credit: u32, most: u8) -> Option<Lane> {
        let lanes = &mut self.calls.get_or_insert_with(call.0, Row::default).lanes;
        let lane = u8::try_from(lanes.len()).ok()?.checked_add(1)?;
        if lane > most {
            return None;
        }
        lanes.push(Inlet::awaited(credit));
        Some(Lane { call, lane })
    }

    /// The receiving end of a lane.
    pub(crate) fn get(&mut self, lane: Lane) -> Option<&mut Inlet> {
        let place = usize::from(lane.lane).checked_sub(1)?;
        self.calls.get_mut(lane.call.0)?.lanes.get_mut(place)
    }

    /// The same, for looking.
    pub(crate) fn look(&self, lane: Lane) -> Option<&Inlet> {
        let place = usize::from(lane.lane).checked_sub(1)?;
        self.calls.get(lane.call.0)?.lanes.get(place)
    }

    /// Ends every lane of a call that has not ended yet. False if there is none.
    pub(crate) fn end_all(&mut self, call: CallId, text: &str) -> bool {
        let Some(row) = self.calls.get_mut(call.0) else { return false };
        let mut ended = false;
        for lane in row.lanes.iter_mut().filter(|lane| !lane.has_ended()) {
            lane.hear_end(Ended::Failure { code: FailureCode::Closed, text: text.into() });
            ended = true;
        }
        self.tidy(call);
        ended
    }

    /// Notes that a command has returned, and its answer has ended.
    pub(crate) fn note_return(&mut self, call: CallId) {
        if let Some(row) = self.calls.get_mut(call.0) {
            row.returned = true;
        }
    }

    /// Forgets a call that is over, and of which every lane has ended and is not wanted any more.
    pub(crate) fn tidy(&mut self, call: CallId) {
        let is_over = |lane: &Inlet| lane.has_ended() && lane.is_unwanted();
        if self.calls.get(call.0).is_some_and(|row| row.returned && row.lanes.iter().all(is_over)) {
            self.calls.remove(call.0);
        }
    }

    /// Forgets every lane that the program wants no more: the connection has ended.
    pub(crate) fn lose_unwanted(&mut self) {
        self.calls.retain(|row| !row.lanes.iter().all(Inlet::is_unwanted));
    }

    #[cfg(any(test, model))]
    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: CallId = CallId(7);

    #[test]
    fn lanes_are_numbered_from_one_and_stay_until_both_sides_are_done() {
        let mut lanes = Lanes::default();
        let (first, second) =
            (lanes.open(CALL, 1024, 2).unwrap(), lanes.open(CALL, 1024, 2).unwrap());
        assert_eq!(lanes.open(CALL, 1024, 2), None, "one more than its caller feeds");
        assert_eq!((first.lane, second.lane), (1, 2));
        assert!(lanes.get(Lane { call: CALL, lane: 0 }).is_none());
        assert!(lanes.get(Lane { call: CALL, lane: 3 }).is_none());
        assert!(lanes.get(Lane { call: CallId(8), lane: 1 }).is_none());
        lanes.get(first).unwrap().hear_end(Ended::Complete);
        lanes.get(first).unwrap().forget();
        lanes.tidy(CALL);
        assert!(lanes.look(second).is_some_and(|lane| !lane.has_ended()));
        assert!(lanes.end_all(CALL, "over") && !lanes.end_all(CallId(8), "over"));
        let end = lanes.get(second).unwrap().take_end();
        assert!(matches!(end, Some(Ended::Failure { code: FailureCode::Closed, .. })));
        lanes.get(second).unwrap().forget();
        lanes.tidy(CALL);
        assert!(!lanes.is_empty(), "what comes yet is known to come behind an end");
        lanes.note_return(CALL);
        lanes.tidy(CALL);
        assert!(lanes.is_empty());
    }

    #[test]
    fn a_call_has_as_many_lanes_as_a_number_of_one_byte_names() {
        // [lane.number]
        let mut lanes = Lanes::default();
        for lane in 1..=u8::MAX {
            assert_eq!(lanes.open(CALL, 1024, u8::MAX).map(|lane| lane.lane), Some(lane));
        }
        assert_eq!(lanes.open(CALL, 1024, u8::MAX), None);
        lanes.end_all(CALL, "");
        for lane in 1..=u8::MAX {
            lanes.get(Lane { call: CALL, lane }).unwrap().forget();
        }
        lanes.lose_unwanted();
        assert!(lanes.is_empty());
    }
}
