//! Streams that channels feed: no thread waits for them. Whoever pushes an item sends it while there
//! is credit and room; else whoever routes the credit, or makes the room, does.

use super::channel::{Feed, Finish, Gone};
use super::command::Ran;
use super::feeding::Feeding;
use super::outbox::{ANSWER, Item, Lane};
use super::outlet::{Halt, OutletId};
use super::sleepers::Sleep;
use super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{self, CallId, FailureCode, Frame, LENGTH_PREFIX, StreamEnd};

/// How many bytes a channel sends before the next one that has waited for room.
const SHARE: u64 = 16 << 10;

/// What became of a channel whose stream a command has returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attached {
    /// Its stream is open.
    Open(OutletId),
    /// It is not, for this reason.
    Not(Gone),
}

/// What became of an item that was pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It is on its way, or waits for its turn. So many older ones were dropped for it.
    Taken { dropped: u64 },
    /// There is no room for it.
    Full,
    /// The channel was ended on this side.
    Finished,
    /// The stream has ended, for whatever reason.
    Closed,
    /// The connection can't be written to any more.
    Ended,
}

impl State {
    /// Opens the stream of a command that has returned a channel's, if fewer than `most` are open.
    /// Its items move here, and those that there is credit and room for are sent.
    // [stream.open] [stream.most]
    pub(crate) fn attach(&mut self, ran: Ran, credit: u32, feed: Feed, most: usize) -> Attached {
        let given_up = |call| self.turn.is_cancelled(call);
        let Some(call) = ran.call.filter(|call| !given_up(*call)) else {
            return refuse(&feed, Gone::GivenUp);
        };
        if !self.can_append() {
            return refuse(&feed, Gone::Ended);
        }
        if self.is_stopping() && holds(Rule::StopEndsChannels) {
            return refuse(&feed, Gone::Stopping);
        }
        let outlets = self.outlets.get_or_insert_default();
        if outlets.channels() >= most {
            return refuse(&feed, Gone::Crowded);
        }
        let id = outlets.open_fed(Lane { call, lane: ANSWER }, credit, feed);
        self.outbox.open_lane(id.lane, wire::MAY_BE_SILENT);
        self.feed(id, u64::MAX);
        Attached::Open(id)
    }

    /// Feeds an argument stream from a channel, if fewer than `most` channels are open.
    // [stream.most]
    pub(crate) fn attach_argument(&mut self, id: OutletId, feed: Feed, most: usize) -> Attached {
        let is_open = self.outlets.as_ref().is_some_and(|outlets| outlets.is_open(id));
        if !self.can_append() {
            return refuse(&feed, Gone::Ended);
        }
        if !is_open {
            // The outcome has come already.
            return refuse(&feed, Gone::Stopped);
        }
        let refused = if self.is_stopping() && holds(Rule::StopEndsChannels) {
            Some((Gone::Stopping, FailureCode::Closed, "the connection is being stopped"))
        } else if self.outlets.as_ref().is_some_and(|outlets| outlets.channels() >= most) {
            Some((Gone::Crowded, FailureCode::OverloadedAfterwards, "too many channels are open"))
        } else {
            None
        };
        if let Some((gone, code, text)) = refused {
            self.fail_argument(id, code, text);
            return refuse(&feed, gone);
        }
        if let Some(outlets) = &mut self.outlets {
            outlets.feed_with(id, feed);
        }
        self.open_fed_lane(id.lane);
        self.tend_channel(id.lane);
        Attached::Open(id)
    }

    /// Whether any channel feeds a stream here.
    pub(super) fn has_channels(&self) -> bool {
        self.outlets.as_ref().is_some_and(|outlets| outlets.channels() > 0)
    }

    /// Takes an item for a channel's stream, if there is room for it. Its long bytes are taken too.
    pub(crate) fn push_item(
        &mut self,
        id: OutletId,
        item: &mut Item<'_>,
        drops_oldest: bool,
    ) -> Pushed {
        let (length, can_append) = (item.len(), self.can_append());
        let Some(feed) = self.feed_of(id) else { return Pushed::Closed };
        if !can_append {
            return Pushed::Ended;
        }
        if feed.queue.is_finished() {
            return Pushed::Finished;
        }
        let (is_first, max_frame) = (feed.queue.is_empty(), feed.max_frame);
        if is_first && self.feeding(id) == Feeding::Ready {
            let item = Item { head: item.head, long: std::mem::take(&mut item.long) };
            self.put_item(id, item, max_frame.saturating_add(LENGTH_PREFIX));
            return Pushed::Taken { dropped: 0 };
        }
        let Some(feed) = self.feed_of(id) else { return Pushed::Closed };
        let mut dropped = 0;
        if !feed.queue.has_room(length) {
            if !drops_oldest {
                return Pushed::Full;
            }
            dropped = feed.queue.make_room(length);
        }
        feed.queue.push(item);
        self.feed(id, u64::MAX);
        Pushed::Taken { dropped }
    }

    /// Whether an item of `length` bytes may be pushed, or what its emitter has to wait for.
    pub(crate) fn pushing(&self, id: OutletId, length: usize) -> Feeding {
        let has_room = |feed: &Feed| feed.queue.is_finished() || feed.queue.has_room(length);
        let feed = self.outlets.as_ref().and_then(|outlets| outlets.feed_at(id));
        match feed.filter(|_| self.can_append()).map(has_room) {
            None => Feeding::Halted,
            Some(true) => Feeding::Ready,
            Some(false) => match self.feeding(id) {
                // What is queued waits for room in the outbox: else it would not be queued.
                Feeding::Ready => Feeding::Waits(Sleep::Room),
                other => other,
            },
        }
    }

    /// Decides that no further item is pushed: the stream ends behind those that were.
    pub(crate) fn finish_channel(&mut self, id: OutletId, how: Finish) {
        let Some(feed) = self.feed_of(id) else { return };
        feed.queue.finish(how);
        self.feed(id, u64::MAX);
        // Emitters that wait for room see that there is none to wait for any more.
        self.wake_emitters(id.lane.call);
    }

    fn feed_of(&mut self, id: OutletId) -> Option<&mut Feed> {
        self.outlets.as_mut()?.feed(id)
    }

    /// Sends items of a channel's stream while there is credit and room, at most some `most` bytes;
    /// and the stream's end behind the last of them.
    // [credit.spend] [stop.end]
    fn feed(&mut self, id: OutletId, most: u64) {
        let begin = self.outbox.end();
        let mut moved = false;
        while let Some(feed) = self.feed_of(id) {
            let may_end = feed.may_end();
            if may_end && self.has_started(id) {
                let Some(feed) = self.feed_of(id) else { break };
                if let Some(how) = feed.queue.take_finish() {
                    self.end_channel(id, &how, None);
                }
                break;
            }
            let sent = self.outbox.end().saturating_sub(begin);
            match self.feeding(id) {
                Feeding::Ready if sent < most => {}
                Feeding::Ready | Feeding::Waits(Sleep::Room) => {
                    self.list_for_room(id);
                    break;
                }
                Feeding::Waits(_) | Feeding::Halted => break,
            }
            self.send_first(id);
            moved = true;
        }
        if moved {
            self.wake_emitters(id.lane.call);
        }
    }

    fn list_for_room(&mut self, id: OutletId) {
        if let Some(outlets) = &mut self.outlets {
            outlets.list_for_room(id);
        }
    }

    /// Sends the oldest item of a channel's stream. One that is larger than the peer accepts ends
    /// the stream: it was pushed before the peer was known.
    fn send_first(&mut self, id: OutletId) {
        let Some(feed) = self.feed_of(id) else { return };
        let limit = feed.max_frame;
        let Some(item) = feed.queue.pop() else { return };
        let size = frame_size(item.len());
        if size > limit {
            let text = format!("an item of {size} bytes; the limit there is {limit}");
            let (code, text) = (FailureCode::AnswerTooLarge, text.as_str());
            return self.end_fed(id, StreamEnd::Failure { code, text }, Some(Gone::TooLarge));
        }
        let item_of = Item { head: &item.head, long: item.long };
        self.put_item(id, item_of, limit.saturating_add(LENGTH_PREFIX));
    }

    /// Sends what has waited for room in the outbox: messages in slots, then items of streams, each
    /// stream in its turn.
    #[cold]
    pub(super) fn feed_waiting(&mut self) {
        self.send_latest_with_room();
        if !holds(Rule::RoomFeedsChannels) {
            return;
        }
        while self.has_items_room()
            && let Some(id) = self.outlets.as_mut().and_then(|outlets| outlets.next_for_room())
        {
            self.feed(id, SHARE);
        }
    }

    /// Whether items of channels, or messages in slots, wait for room in the outbox.
    #[inline]
    pub(super) fn has_items_waiting(&self) -> bool {
        self.outlets.as_ref().is_some_and(|outlets| outlets.is_any_waiting_for_room())
    }

    /// Goes on with a stream, if a channel feeds it, after credit, a stop or a cancel has come for it.
    // [stop.end] [cancel.stream]
    pub(super) fn tend_channel(&mut self, lane: Lane) {
        let Some((id, halt)) = self.outlets.as_ref().and_then(|outlets| outlets.fed(lane)) else {
            return;
        };
        match halt {
            Halt::None if holds(Rule::CreditFeedsChannels) => self.feed(id, u64::MAX),
            Halt::None => {}
            Halt::Stopped => self.end_channel(id, &Finish::Complete, Some(Gone::Stopped)),
            Halt::Cancelled => self.leave_channel(id, Gone::GivenUp),
        }
    }

    /// Ends every channel's stream, because the connection is being stopped.
    // [stream.retrait]
    pub(super) fn stop_channels(&mut self) {
        if !self.has_channels() || !holds(Rule::StopEndsChannels) {
            return;
        }
        let (code, text) = (FailureCode::Closed, "the connection is being stopped");
        for id in self.all_channels() {
            self.end_fed(id, StreamEnd::Failure { code, text }, Some(Gone::Stopping));
        }
    }

    /// Lets every channel go, because the connection has ended.
    pub(super) fn lose_channels(&mut self) {
        for id in self.all_channels() {
            self.leave_channel(id, Gone::Ended);
        }
    }

    fn all_channels(&self) -> Vec<OutletId> {
        self.outlets.as_ref().map(|outlets| outlets.all_fed()).unwrap_or_default()
    }

    fn end_channel(&mut self, id: OutletId, how: &Finish, gone: Option<Gone>) {
        let end = match how {
            Finish::Complete => StreamEnd::Complete,
            Finish::Failed(text) => StreamEnd::Failure { code: FailureCode::Handler, text },
        };
        self.end_fed(id, end, gone);
    }

    /// Sends the end of a channel's stream, and lets its emitters know if that is not their doing.
    fn end_fed(&mut self, id: OutletId, how: StreamEnd<'_>, gone: Option<Gone>) {
        if !self.has_started(id)
            && let StreamEnd::Failure { code, text } = how
        {
            self.leave_argument(id, gone);
            return self.fail_argument(id, code, text);
        }
        let Some(feed) = self.close_fed(id) else { return };
        if let Some(gone) = gone {
            feed.leave(gone);
        }
        let (of, lane, peer) = (id.lane.call, id.lane.lane, self.peer);
        self.append_with(|out| {
            Frame::End { id: of, lane, how }.write(out, peer);
        });
        self.channel_has_ended(id.lane);
    }

    /// Tells whoever waits for the end of a channel's stream.
    // [lane.outcome]
    fn channel_has_ended(&mut self, lane: Lane) {
        self.wake_emitters(lane.call);
        if lane.lane == ANSWER {
            self.end_lanes(Some(lane.call));
        } else {
            self.wake_feeder(lane.call);
        }
    }

    /// Lets a channel's stream go of which nothing more is to be said.
    fn leave_channel(&mut self, id: OutletId, gone: Gone) {
        if let Some(feed) = self.close_fed(id) {
            feed.leave(gone);
            self.channel_has_ended(id.lane);
        }
    }

    fn close_fed(&mut self, id: OutletId) -> Option<Box<Feed>> {
        self.outlets.as_mut()?.close_fed(id)
    }

    /// Wakes the threads that wait to push an item of that stream.
    fn wake_emitters(&mut self, id: CallId) {
        // A thread that waits for room in the outbox may find now that it has to wait for credit.
        self.wake(|sleep| {
            matches!(sleep, Sleep::Credit(call) if call == id) || sleep == Sleep::Room
        });
    }
}

/// The size of the frame that a single item of `length` bytes takes, without the frame's length.
pub(crate) fn frame_size(length: usize) -> usize {
    length.saturating_add(wire::ITEM_HEAD).saturating_sub(LENGTH_PREFIX)
}

fn refuse(feed: &Feed, why: Gone) -> Attached {
    feed.leave(why);
    Attached::Not(why)
}
