//! Argument streams of one connection: their frames as they come, and what the commands take.

use super::super::bytes::Bytes;
use super::super::goodbye::Ending;
use super::super::inlet::{Ended, Inlet, Taken};
use super::super::outbox::Lane;
use super::super::rows::{Row, bad, overspent};
use super::super::sleepers::Sleep;
use super::super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{self, CallId, EndReason, WireError};

/// What a command learns of a stream whose call was given up.
const GIVEN_UP: &str = "the caller has given the call up";

/// What is told of a stream that outlives the answer which a promise has given.
const ANSWERED: &str = "the call was answered, and its argument streams have ended with it";

/// What is told of a stream that outlives its command.
const RETURNED: &str = "the command has returned, and its argument streams have ended with it";

impl State {
    fn lane(&mut self, lane: Lane) -> Option<&mut Inlet> {
        self.lanes.as_mut()?.get(lane)
    }

    // Frames that come.

    /// Takes in a frame of items. Returns how many of its last bytes are kept.
    // [lane.unknown] [lane.opens] [stop.crossing] [end.crossing]
    #[cold]
    pub(in super::super) fn lane_items_came(
        &mut self,
        lane: Lane,
        rest: &[u8],
    ) -> Result<usize, Ending> {
        let Some(inlet) = self.lanes.as_mut().and_then(|lanes| lanes.get(lane)) else {
            return self.unopened(lane).map(|()| 0);
        };
        let items = inlet.begin(rest).ok_or_else(|| bad(WireError::Truncated))?;
        if !inlet.has_ended() {
            inlet.spend(items).map_err(overspent)?;
        }
        if inlet.drops_items() || items.is_empty() {
            self.waste.note();
            return Ok(0);
        }
        Ok(items.len())
    }

    /// What a frame means for a lane that is not open: nothing if its call is over, and else that
    /// the peer breaks the protocol.
    // [lane.opens] [lane.unknown]
    fn unopened(&mut self, lane: Lane) -> Result<(), Ending> {
        if self.turn.knows(lane.call) {
            let Lane { call: CallId(call), lane } = lane;
            let text = format!("lane {lane} of call {call:#x} was not open, and something came");
            return Err(Ending::here(EndReason::Window, text));
        }
        self.waste.note();
        Ok(())
    }

    pub(in super::super) fn keeps_no_lane_items(&mut self, lane: Lane) -> bool {
        self.lane(lane).is_none_or(|inlet| inlet.is_empty())
    }

    /// Keeps a row of items for the command.
    // [stream.kept]
    #[cold]
    pub(in super::super) fn keep_lane_items(&mut self, lane: Lane, row: Bytes, most: usize) {
        let bytes = row.len();
        let Some(inlet) = self.lanes.as_mut().and_then(|lanes| lanes.get(lane)) else { return };
        if self.calls.may_keep(bytes, most) {
            inlet.keep(row);
        } else {
            inlet.break_off();
            self.append_with(|out| wire::write_credit(out, lane.call, lane.lane, 0));
        }
        self.wake_taker(lane.call);
    }

    /// Takes in the end of a lane.
    // [end.crossing] [end.twice] [lane.opens]
    #[cold]
    pub(in super::super) fn lane_end_came(&mut self, lane: Lane, end: Ended) -> Result<(), Ending> {
        let Some(inlet) = self.lane(lane) else { return self.unopened(lane) };
        if inlet.has_ended() {
            self.waste.note();
            return Ok(());
        }
        inlet.hear_end(end);
        self.tidy_lanes(lane.call);
        self.wake_taker(lane.call);
        Ok(())
    }

    /// Ends the argument streams of a call that the peer has given up. False if that changes
    /// nothing.
    // [cancel.stream]
    pub(in super::super) fn cancel_lanes(&mut self, call: CallId) -> bool {
        holds(Rule::CancelEndsLanes) && self.end_lanes_of(call, GIVEN_UP)
    }

    fn end_lanes_of(&mut self, call: CallId, text: &str) -> bool {
        let ended = self.lanes.as_mut().is_some_and(|lanes| lanes.end_all(call, text));
        if ended {
            self.wake_taker(call);
        }
        ended
    }

    /// Wakes the threads that wait for an item of an argument stream of that call.
    fn wake_taker(&mut self, id: CallId) {
        self.wake(|sleep| matches!(sleep, Sleep::Argument(call) if call == id));
    }

    // What the program takes.

    /// Opens the next argument stream of a running command, and gives it its first credit. `None`
    /// if there are too many.
    // [lane.opens] [lane.number]
    pub(crate) fn open_lane(&mut self, call: CallId, credit: u32, most: u8) -> Option<Lane> {
        let lanes = self.lanes.get_or_insert_default();
        let lane = lanes.open(call, credit, most)?;
        if self.turn.is_cancelled(call) || self.ended().is_some() {
            // The cancel came between the command's start and now.
            self.end_lanes_of(call, GIVEN_UP);
        } else {
            self.append_with(|out| wire::write_credit(out, call, lane.lane, credit));
        }
        Some(lane)
    }

    pub(in super::super) fn take_lane_row(&mut self, lane: Lane) -> Row {
        let is_over = self.ended().is_some();
        let Some(inlet) = self.lane(lane) else { return Row::Lost };
        if let Some(row) = inlet.next_row() {
            let until_due = inlet.until_due();
            return Row::Items { row, until_due };
        }
        let Some(end) = inlet.take_end() else {
            return if is_over { Row::Lost } else { Row::Nothing };
        };
        inlet.forget();
        self.tidy_lanes(lane.call);
        Row::End(end)
    }

    /// Notes what the command has taken, and gives credit again if that is due.
    // [credit.due]
    pub(in super::super) fn took_of_lane(&mut self, lane: Lane, taken: Taken) -> u64 {
        self.calls.let_go(taken.bytes);
        let Some(inlet) = self.lane(lane) else { return u64::MAX };
        let (credit, until_due) = (inlet.took(taken), inlet.until_due());
        if let Some(credit) = credit {
            self.append_with(|out| wire::write_credit(out, lane.call, lane.lane, credit));
        }
        until_due
    }

    pub(in super::super) fn has_news_of_lane(&self, lane: Lane) -> bool {
        let inlet = self.lanes.as_ref().and_then(|lanes| lanes.look(lane));
        inlet.is_none_or(Inlet::has_news)
    }

    pub(in super::super) fn may_lane_be_silent(&mut self, lane: Lane) -> bool {
        self.lane(lane).is_some_and(|inlet| inlet.may_be_silent())
    }

    /// Notes that the command takes nothing more of a lane, and tells its sender.
    // [stop.end]
    pub(in super::super) fn drop_lane(&mut self, lane: Lane, taken: Taken) {
        self.calls.let_go(taken.bytes);
        let Some(inlet) = self.lane(lane) else { return };
        let stops = !inlet.has_ended() && !inlet.is_unwanted();
        let bytes = inlet.forget();
        self.calls.let_go(bytes);
        if stops {
            self.append_with(|out| wire::write_credit(out, lane.call, lane.lane, 0));
        }
        self.tidy_lanes(lane.call);
    }

    fn tidy_lanes(&mut self, call: CallId) {
        let is_over = self.ended().is_some();
        let Some(lanes) = &mut self.lanes else { return };
        lanes.tidy(call);
        if is_over {
            lanes.lose_unwanted();
        }
    }

    /// Whether an argument stream is received.
    #[cfg(model)]
    pub(crate) fn takes_lanes(&self) -> bool {
        self.lanes.as_ref().is_some_and(|lanes| !lanes.is_empty())
    }

    /// Ends the argument streams of a call that its promise answers now.
    // [lane.outcome]
    pub(in super::super) fn end_lanes_answered(&mut self, call: CallId) {
        let has_returned = !self.turn.knows(call);
        let Some(lanes) = &mut self.lanes else { return };
        if has_returned {
            lanes.note_return(call);
        }
        self.end_lanes_of(call, ANSWERED);
    }

    /// Ends the argument streams of a command that has returned, and whose answer has ended. Those
    /// of a command that has left its answer to a promise go on until that is kept.
    // [lane.outcome]
    #[inline]
    pub(crate) fn end_lanes(&mut self, call: Option<CallId>) {
        if self.lanes.is_some() {
            self.end_lanes_returned(call);
        }
    }

    #[cold]
    fn end_lanes_returned(&mut self, call: Option<CallId>) {
        let goes_on = |call: CallId| self.turn.is_promised(call) && holds(Rule::PromisedLanesGoOn);
        let call = call.filter(|call| !goes_on(*call));
        if let (Some(call), Some(lanes)) = (call, &mut self.lanes) {
            lanes.note_return(call);
            // Behind the end of the connection they have ended with that.
            if self.ended().is_none() {
                self.end_lanes_of(call, RETURNED);
            } else {
                self.tidy_lanes(call);
            }
        }
    }
}
