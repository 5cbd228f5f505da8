//! Taking items out of streams: those that answer calls of this side, and those that are arguments
//! of the peer's.

use std::sync::Arc;
use std::time::Duration;

use super::answers::{sent, unwanted};
use crate::link::Link;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::goodbye::Ending;
use crate::link::core::inlet::Taken;
use crate::link::core::outbox::{ANSWER, Lane};
use crate::link::core::rows::Row;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::threads::ambient::forget_deadline;
use crate::link::threads::handler;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;

impl Link {
    /// Takes the next row of a stream out, or its end. `taken`: what was taken of the last row.
    ///
    /// Blocks until one has come; at most for `silence`, unless the stream says that it may be
    /// silent. A command that waits gives up its turn meanwhile.
    #[inline]
    pub(crate) fn next_row(
        &self,
        lane: Lane,
        taken: Taken,
        silence: Duration,
    ) -> Result<Row, Failure> {
        let row = self.locked(|state| {
            let row = state.take_row(lane, taken);
            if !matches!(row, Row::Nothing) {
                // Credit that was given again must not wait while the program handles the items.
                state.flush(&mut self.patience());
            }
            row
        });
        match row {
            Row::Nothing => self.await_row(lane, silence),
            Row::Lost => Err(self.lost_stream()),
            row => Ok(row),
        }
    }

    #[inline]
    fn await_row(&self, lane: Lane, silence: Duration) -> Result<Row, Failure> {
        let row = self.locked_aside(|state, from_handler| {
            let quiet = state.may_be_silent(lane);
            let mut until = if quiet { Deadline::Never } else { Deadline::After(silence) };
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let news = |state: &State| state.has_news(lane);
            let sleep = sleep_for(lane);
            let mut waited = state.wait_working(self, sleep, &mut until, news);
            let mut is_lenient = true;
            while waited == Waited::Expired && may_wait_on(state, lane, &mut is_lenient) {
                until = Deadline::After(silence);
                waited = state.wait_working(self, sleep, &mut until, news);
            }
            state.end_calling(caller);
            let row = state.take_row(lane, Taken::default());
            state.flush(&mut self.patience());
            match (row, waited) {
                // [stream.silence]
                (Row::Nothing, Waited::Expired) => {
                    Err(Failure::Late { phase: WaitedFor::Silence, may_have_run: true })
                }
                (Row::Nothing, Waited::Unwanted) => Err(unwanted(state, true)),
                (Row::Nothing, _) => Ok(Row::Lost),
                (row, _) => Ok(row),
            }
        });
        let row = row.map_err(sent)?;
        if matches!(row, Row::Lost) { Err(self.lost_stream()) } else { Ok(row) }
    }

    /// Notes what was taken of a row that is not used up yet, so that its sender gets credit.
    /// Returns the cost of further items after which that is due next.
    #[inline]
    pub(crate) fn took(&self, lane: Lane, taken: Taken) -> u64 {
        self.locked(|state| {
            let until_due = state.took(lane, taken);
            state.flush(&mut self.patience());
            until_due
        })
    }

    /// Lets a stream go that is not wanted any more. Never waits, and writes nothing itself.
    #[inline]
    pub(crate) fn drop_stream(&self, lane: Lane, taken: Taken) {
        self.locked_soon(|state| {
            state.drop_stream(lane, taken);
            self.leave_stop(state);
        });
    }

    /// Opens the next argument stream of the command that the calling thread is inside of.
    ///
    /// An error if the caller does not feed it.
    // [lane.declared] [lane.count]
    #[inline]
    pub(crate) fn open_argument(&self) -> Result<Lane, NoArgument> {
        let marks = handler::marks().filter(|marks| marks.fed > 0);
        let marks = marks.ok_or(NoArgument { given: 0 })?;
        let none = NoArgument { given: marks.fed };
        let call = marks.call.ok_or(NoArgument { given: 0 })?;
        // [context.opening]
        forget_deadline();
        self.locked(|state| {
            let credit = self.limits.stream_credit;
            let lane = state.open_lane(call, credit, marks.fed).ok_or(none)?;
            // The caller can't send before it has this, and the command is about to wait for it.
            state.flush(&mut self.patience());
            Ok(lane)
        })
    }

    /// Leaves a stop to other threads.
    #[inline]
    pub(in super::super) fn leave_stop(&self, state: &mut Locked<'_>) {
        if self.watch.is_some() {
            state.leave_unflushed();
        } else {
            state.flush(&mut self.patience());
        }
    }

    /// The failure of a stream whose connection has ended.
    #[inline]
    pub(super) fn lost_stream(&self) -> Failure {
        let ending = self.locked(|state| state.ended().cloned());
        let ending = ending.unwrap_or_else(|| Arc::new(Ending::vanished()));
        Failure::Ended { ending, may_have_run: true }
    }
}

/// A command takes an argument stream that its caller does not feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoArgument {
    /// How many the caller feeds.
    pub(crate) given: u8,
}

/// What a thread sleeps for that waits for items.
#[inline]
fn sleep_for(lane: Lane) -> Sleep {
    if lane.lane == ANSWER { Sleep::Answer(lane.call) } else { Sleep::Argument(lane.call) }
}

/// Whether a stream that has brought nothing may still be waited for: it has said meanwhile that it
/// may be silent; or its call's arguments are streams too, and the peer waits for items of theirs, or
/// did until a moment ago.
// [stream.silence]
#[cold]
#[inline]
fn may_wait_on(state: &mut State, lane: Lane, is_lenient: &mut bool) -> bool {
    if lane.lane != ANSWER {
        return state.may_be_silent(lane);
    }
    let (are_open, are_waited_for) = state.arguments_open(lane.call);
    let goes_on = are_waited_for || (are_open && *is_lenient);
    *is_lenient = are_waited_for;
    goes_on
}
