//! The sending ends of argument streams: those of calls of this side.
//!
//! A lane gets its first credit once its command has started; nothing is sent on it before, its end
//! neither.

use super::channel::Gone;
use super::outbox::Lane;
use super::outlet::{LateEnd, OutletId, Outlets};
use super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{CallId, FailureCode, Frame, StreamEnd};

/// The text of an end that the taker of the answer has brought about.
const LET_GO: &str = "the caller takes no more of the answer";

impl State {
    /// Opens the sending ends of the argument streams of a call, without credit.
    // [lane.number] [lane.opens]
    pub(crate) fn open_arguments(&mut self, call: CallId, count: usize) -> Vec<OutletId> {
        let outlets = self.outlets.get_or_insert_default();
        let lanes = (1..=u8::MAX).take(count);
        lanes.map(|lane| outlets.open(Lane { call, lane }, 0)).collect()
    }

    /// Opens the lane of an argument that a channel feeds, once its receiver was heard: the receiver
    /// has to know that it may be silent.
    pub(super) fn open_fed_lane(&mut self, lane: Lane) {
        let opens = |outlets: &mut Box<Outlets>| outlets.take_opening_of_channel(lane);
        if let Some(id) = self.outlets.as_mut().and_then(opens) {
            self.open_argument_lane(id);
        }
    }

    /// Whether an argument stream goes on, as far as this side knows.
    pub(crate) fn is_argument_open(&self, id: OutletId) -> bool {
        self.outlets.as_ref().is_some_and(|outlets| outlets.is_open(id))
    }

    /// Whether the receiver of an argument stream has said that it takes items, or that it wants
    /// none: its command has started.
    pub(crate) fn has_started(&self, id: OutletId) -> bool {
        let is_heard = self.outlets.as_ref().is_none_or(|outlets| outlets.is_heard(id));
        is_heard || !holds(Rule::LanesWaitToBeHeard)
    }

    /// Whether an argument stream of that call is open, and whether the receiver of one waits for
    /// items that this side has not made yet.
    pub(crate) fn arguments_open(&self, call: CallId) -> (bool, bool) {
        let Some(outlets) = &self.outlets else { return (false, false) };
        let open = outlets.arguments_of(call);
        (!open.is_empty(), open.into_iter().any(|id| outlets.has_credit(id)))
    }

    /// Ends an argument stream that a thread feeds, and tells its receiver how.
    // [end.how] [stop.end]
    pub(crate) fn end_argument(&mut self, id: OutletId, how: StreamEnd<'_>) {
        if !self.is_argument_open(id) {
            return;
        }
        let (Lane { call: id_of, lane }, peer) = (id.lane, self.peer);
        self.append_with(|out| {
            Frame::End { id: id_of, lane, how }.write(out, peer);
        });
        self.close_argument(id, Gone::Stopped);
    }

    /// Ends an argument stream with a failure, at once or as soon as its receiver was heard.
    // [lane.opens]
    pub(crate) fn fail_argument(&mut self, id: OutletId, code: FailureCode, text: &str) {
        let end = LateEnd { code, text: text.into() };
        let later = self.outlets.as_mut().is_some_and(|outlets| outlets.end_later(id, end));
        if !later {
            self.end_argument(id, StreamEnd::Failure { code, text });
        }
    }

    /// Sends the end of an argument stream that had to wait until its receiver was heard.
    // [lane.opens]
    pub(super) fn end_heard_argument(&mut self, lane: Lane) {
        let kept = self.outlets.as_mut().and_then(|outlets| outlets.take_late_end(lane));
        if let Some((id, LateEnd { code, text })) = kept {
            self.end_argument(id, StreamEnd::Failure { code, text: &text });
        }
    }

    /// Closes an argument stream of which nothing more is said, because its call is over, or its
    /// end was sent.
    // [lane.outcome]
    pub(crate) fn close_argument(&mut self, id: OutletId, gone: Gone) {
        self.leave_argument(id, Some(gone));
        if let Some(outlets) = &mut self.outlets {
            outlets.close(id);
        }
        self.wake_pump(id.lane.call);
    }

    /// Lets a channel go that feeds an argument stream, which goes on without it until its end.
    pub(super) fn leave_argument(&mut self, id: OutletId, gone: Option<Gone>) {
        let feed = self.outlets.as_mut().and_then(|outlets| outlets.take_feed(id));
        if let (Some(feed), Some(gone)) = (feed, gone) {
            feed.leave(gone);
        }
    }

    /// Ends the argument streams of a call whose answer, a stream, is not taken any more.
    // [lane.let-go]
    pub(super) fn let_arguments_go(&mut self, call: CallId) {
        let Some(outlets) = &self.outlets else { return };
        let open = outlets.arguments_of(call);
        if !open.is_empty() {
            for id in open {
                self.fail_argument(id, FailureCode::Closed, LET_GO);
            }
            self.wake_feeder(call);
        }
        self.forget_arguments(call);
    }

    fn forget_arguments(&mut self, call: CallId) {
        if let Some(outlets) = &mut self.outlets {
            outlets.forget_arguments(call);
        }
    }

    /// The argument streams of a call that are open.
    pub(crate) fn arguments_of(&self, call: CallId) -> Vec<OutletId> {
        self.outlets.as_ref().map(|outlets| outlets.arguments_of(call)).unwrap_or_default()
    }

    /// What changes whenever the receiver of a call's arguments gives credit, and when the last of
    /// them ends; `None` without such a call. The second part says whether the receiver waits for
    /// items of this side.
    pub(crate) fn progress_of_arguments(&self, call: CallId) -> Option<(u64, bool)> {
        let outlets = self.outlets.as_ref()?;
        let given = outlets.given(call)?;
        let open = outlets.arguments_of(call);
        let is_waited_for = open.iter().any(|id| outlets.has_credit(*id));
        Some((given.wrapping_mul(2).wrapping_add(u64::from(open.is_empty())), is_waited_for))
    }

    /// Forgets the argument streams of a call that has its outcome, or was given up: no thread may be
    /// waiting for it that would.
    // [lane.outcome]
    #[inline]
    pub(super) fn outcome_ends_arguments(&mut self, call: CallId) {
        if self.outlets.is_some() && holds(Rule::OutcomeEndsArguments) {
            self.close_arguments(call);
        }
    }

    /// Forgets the argument streams of a call of this side that is over.
    // [lane.outcome]
    pub(super) fn close_arguments(&mut self, call: CallId) {
        let Some(outlets) = &self.outlets else { return };
        let open = outlets.arguments_of(call);
        if !open.is_empty() {
            for id in open {
                self.close_argument(id, Gone::Stopped);
            }
            self.wake_feeder(call);
        }
        self.forget_arguments(call);
    }
}
