//! Streams of one connection: their frames as they come, what the program takes out of them, and
//! what this side sends.

use super::bytes::Bytes;
use super::command::Ran;
use super::goodbye::Ending;
use super::inlet::{Ended, Stream, Taken};
use super::outbox::{ANSWER, Lane};
use super::outlet::{Halt, OutletId};
use super::rows::{Row, bad, overspent};
use super::sleepers::Sleep;
use super::state::State;
use super::turn::StandInTerm;
use crate::sync::{Rule, holds};
use crate::wire::{self, CallId, EndReason, WireError};

/// What became of a command that has returned an iterator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Its stream is open.
    Open(OutletId),
    /// The caller has given the call up.
    Cancelled,
    /// As many iterators are pulled as may be.
    Crowded,
}

impl State {
    // Frames that come.

    /// Takes in a frame of items. Returns how many of its last bytes are kept, with `keep_items`.
    // [stream.open] [stream.unexpected]
    pub(super) fn items_came(
        &mut self,
        id: CallId,
        lane: u8,
        rest: &[u8],
    ) -> Result<usize, Ending> {
        if lane != ANSWER {
            return self.lane_items_came(Lane { call: id, lane }, rest);
        }
        let items = match self.calls.stream(id) {
            Stream::Unknown => {
                self.waste.note();
                return Ok(0);
            }
            Stream::NotExpected => {
                let text = format!("a stream came to call {:#x}, which expects none", id.0);
                return Err(Ending::here(EndReason::Protocol, text));
            }
            Stream::Expected => {
                let (flags, items) = rest.split_first().ok_or_else(|| bad(WireError::Truncated))?;
                self.calls.open_stream(id, *flags);
                self.wake_for_answer(id);
                items
            }
            Stream::Open(_) => rest,
        };
        let Some(inlet) = self.calls.inlet(id) else { return Ok(0) };
        if !inlet.has_ended() {
            inlet.spend(items).map_err(overspent)?;
        }
        if inlet.drops_items() || items.is_empty() {
            self.waste.note();
            return Ok(0);
        }
        Ok(items.len())
    }

    /// Whether no row of that stream is kept yet.
    pub(super) fn keeps_no_items(&mut self, id: CallId, lane: u8) -> bool {
        if lane != ANSWER {
            return self.keeps_no_lane_items(Lane { call: id, lane });
        }
        self.calls.inlet(id).is_none_or(|inlet| inlet.is_empty())
    }

    /// Keeps a row of items for the program.
    pub(super) fn keep_items(&mut self, id: CallId, lane: u8, row: Bytes, most: usize) {
        if lane != ANSWER {
            return self.keep_lane_items(Lane { call: id, lane }, row, most);
        }
        if !self.calls.keep_items(id, row, most) {
            self.append_with(|out| wire::write_credit(out, id, ANSWER, 0));
        }
        self.wake(|sleep| matches!(sleep, Sleep::Answer(call) if call == id));
    }

    /// Takes in the end of a stream.
    // [end.crossing] [end.twice] [end.unopened]
    pub(super) fn end_came(&mut self, id: CallId, lane: u8, end: Ended) -> Result<(), Ending> {
        if lane != ANSWER {
            return self.lane_end_came(Lane { call: id, lane }, end);
        }
        if matches!(self.calls.stream(id), Stream::Expected | Stream::NotExpected) {
            let text = format!("a stream ended that call {:#x} had not opened", id.0);
            return Err(Ending::here(EndReason::Protocol, text));
        }
        if self.calls.end_stream(id, end) {
            self.close_arguments(id);
            self.wake(|sleep| matches!(sleep, Sleep::Answer(call) if call == id));
            return Ok(());
        }
        self.waste.note();
        Ok(())
    }

    /// Takes in credit for a stream of ours, or its stop.
    // [credit.unknown] [stop.end]
    pub(super) fn credit_came(&mut self, id: CallId, lane: u8, bytes: u32) -> Result<(), Ending> {
        let of = Lane { call: id, lane };
        let changed = match self.outlets.as_mut() {
            None => false,
            Some(outlets) if bytes == 0 => {
                holds(Rule::StopHaltsPumps) && outlets.halt_lane(of, Halt::Stopped)
            }
            Some(outlets) => outlets.credit(of, bytes).map_err(|_| {
                // [credit.most]
                Ending::here(EndReason::Window, "a stream was given more credit than it may have")
            })?,
        };
        if !changed {
            self.waste.note();
            if lane != ANSWER {
                // [lane.silence]
                self.wake_feeder(id);
            }
            return Ok(());
        }
        if lane == ANSWER {
            self.wake_pump(id);
            if bytes == 0 {
                self.call_is_unwanted(id);
            }
        } else {
            self.end_heard_argument(of);
            self.open_fed_lane(of);
            self.wake_feeder(id);
        }
        self.tend_channel(of);
        Ok(())
    }

    /// Halts the stream of a call that the peer has given up. False if that changes nothing.
    // [cancel.stream]
    pub(super) fn cancel_stream(&mut self, id: CallId) -> bool {
        let lane = Lane { call: id, lane: ANSWER };
        let Some(outlets) = &mut self.outlets else { return false };
        let halted = outlets.halt_lane(lane, Halt::Cancelled);
        if halted {
            self.wake_pump(id);
            self.tend_channel(lane);
        }
        halted
    }

    // What the program takes.

    /// Takes the next row of a stream out, after noting what was taken of the last one.
    // [stream.cut]
    pub(crate) fn take_row(&mut self, lane: Lane, taken: Taken) -> Row {
        self.took(lane, taken);
        let id = lane.call;
        if lane.lane != ANSWER {
            return self.take_lane_row(lane);
        }
        let Some(inlet) = self.calls.inlet(id) else { return Row::Lost };
        if let Some(row) = inlet.next_row() {
            let until_due = inlet.until_due();
            return Row::Items { row, until_due };
        }
        match self.calls.take_end(id) {
            Some(end) => Row::End(end),
            None if self.ended().is_some() => Row::Lost,
            None => Row::Nothing,
        }
    }

    /// Notes what the program has taken, and gives credit again if that is due. Returns the cost of
    /// further items after which it is due next.
    // [credit.due]
    pub(crate) fn took(&mut self, lane: Lane, taken: Taken) -> u64 {
        let id = lane.call;
        if lane.lane != ANSWER {
            return self.took_of_lane(lane, taken);
        }
        if let Some(credit) = self.calls.took(id, taken) {
            self.append_with(|out| wire::write_credit(out, id, ANSWER, credit));
        }
        self.calls.inlet(id).map_or(u64::MAX, |inlet| inlet.until_due())
    }

    /// Whether a stream's wait is over: something has come, or nothing will.
    pub(crate) fn has_news(&self, lane: Lane) -> bool {
        if lane.lane != ANSWER {
            return self.has_news_of_lane(lane);
        }
        self.calls.has_news(lane.call)
    }

    /// Whether that stream may be silent for long.
    pub(crate) fn may_be_silent(&mut self, lane: Lane) -> bool {
        if lane.lane != ANSWER {
            return self.may_lane_be_silent(lane);
        }
        self.calls.inlet(lane.call).is_some_and(|inlet| inlet.may_be_silent())
    }

    /// Notes that the program takes nothing more of a stream, and tells its sender. The frame is
    /// left to others: a thread that drops a stream must not wait.
    // [stop.end]
    pub(crate) fn drop_stream(&mut self, lane: Lane, taken: Taken) {
        let id = lane.call;
        if lane.lane != ANSWER {
            return self.drop_lane(lane, taken);
        }
        let _no_credit = self.calls.took(id, Taken { cost: 0, ..taken });
        if self.calls.forget_stream(id) {
            self.append_with(|out| wire::write_credit(out, id, ANSWER, 0));
        }
        self.let_arguments_go(id);
        if self.ended().is_some() {
            self.calls.lose_unwanted();
        }
        self.advance_goodbye();
    }

    /// Whether that call is answered by a stream that the program has not let go of.
    pub(crate) fn has_stream(&mut self, id: CallId) -> bool {
        self.calls.inlet(id).is_some()
    }

    // What this side sends.

    /// Begins to feed the stream of a command that has returned an iterator: its turn ends for
    /// good, and its first frame is appended. At most `most` iterators are pulled at once.
    // [stream.open]
    pub(crate) fn begin_pump(&mut self, ran: Ran, credit: u32, most: usize) -> Begun {
        let Some(call) = ran.call else { return Begun::Cancelled };
        if self.turn.is_cancelled(call) && holds(Rule::CancelStopsPumps) {
            return Begun::Cancelled;
        }
        if self.turn.pumping() >= most {
            return Begun::Crowded;
        }
        self.turn.begin_pump(ran.parallel);
        self.handled(ran.number);
        self.end_reports(call);
        let lane = Lane { call, lane: ANSWER };
        let id = self.outlets.get_or_insert_default().open(lane, credit);
        if self.can_append() {
            self.outbox.open_lane(id.lane, 0);
        }
        Begun::Open(id)
    }

    /// Gives a stand-in the executor's role, if that is offered.
    pub(crate) fn take_role(&mut self) -> Option<StandInTerm> {
        self.turn.take_role()
    }

    /// Whether a stand-in still has the executor's role.
    pub(crate) fn has_role(&self, term: StandInTerm) -> bool {
        self.turn.has_role(term)
    }

    /// Notes that a stand-in does the executor's work no more, and passes the baton.
    pub(crate) fn end_term(&mut self) {
        self.turn.end_term();
        self.pass_on();
    }

    /// Whether the executor's role waits for a stand-in.
    pub(crate) fn is_role_offered(&self) -> bool {
        self.turn.is_role_offered()
    }

    /// How many iterators are pulled.
    pub(crate) fn pumping(&self) -> usize {
        self.turn.pumping()
    }

    /// Whether an end is still owed to the receiver of a stream.
    pub(crate) fn owes_end(&self, id: OutletId) -> bool {
        self.outlets.as_ref().is_some_and(|outlets| outlets.halt(id) != Halt::Cancelled)
    }

    /// Notes that the iterator of a stream has ended, and that its thread is free.
    pub(crate) fn end_pump(&mut self, ran: Ran, id: OutletId) {
        if let Some(outlets) = &mut self.outlets {
            outlets.close(id);
        }
        self.turn.end_pump(ran.call);
    }

    /// Whether a stream is sent.
    #[cfg(model)]
    pub(crate) fn feeds_streams(&self) -> bool {
        self.outlets.as_ref().is_some_and(|outlets| !outlets.is_empty())
    }
}
