//! Taking items out of the streams that answer calls of this side.

use std::sync::Arc;
use std::time::Duration;

use super::answers::{sent, unwanted};
use crate::link::Link;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::flows::Row;
use crate::link::core::goodbye::Ending;
use crate::link::core::inlet::Taken;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;
use crate::wire::CallId;

impl Link {
    /// Takes the next row of a stream out, or its end. `taken`: what was taken of the last row.
    ///
    /// Blocks until one has come; at most for `silence`, unless the stream says that it may be
    /// silent. A command that waits gives up its turn meanwhile.
    pub(crate) fn next_row(
        &self,
        call: CallId,
        taken: Taken,
        silence: Duration,
    ) -> Result<Row, Failure> {
        let row = self.locked(|state| {
            let row = state.take_row(call, taken);
            if !matches!(row, Row::Nothing) {
                // Credit that was given again must not wait while the program handles the items.
                state.flush(&mut self.patience());
            }
            row
        });
        match row {
            Row::Nothing => self.await_row(call, silence),
            Row::Lost => Err(self.lost_stream()),
            row => Ok(row),
        }
    }

    fn await_row(&self, call: CallId, silence: Duration) -> Result<Row, Failure> {
        let row = self.locked_aside(|state, from_handler| {
            let quiet = state.may_be_silent(call);
            let mut until = if quiet { Deadline::Never } else { Deadline::After(silence) };
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let news = |state: &State| state.has_news(call);
            let waited = state.wait_working(self, Sleep::Answer(call), &mut until, news);
            state.end_calling(caller);
            let row = state.take_row(call, Taken::default());
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
    pub(crate) fn took(&self, call: CallId, taken: Taken) -> u64 {
        self.locked(|state| {
            let until_due = state.took(call, taken);
            state.flush(&mut self.patience());
            until_due
        })
    }

    /// Lets a stream go that is not wanted any more. Never waits, and writes nothing itself.
    pub(crate) fn drop_stream(&self, call: CallId, taken: Taken) {
        self.locked_soon(|state| {
            state.drop_stream(call, taken);
            self.leave_stop(state);
        });
    }

    /// Leaves a stop to other threads.
    pub(in super::super) fn leave_stop(&self, state: &mut Locked<'_>) {
        if self.watch.is_some() {
            state.leave_unflushed();
        } else {
            state.flush_ready();
        }
    }

    /// The failure of a stream whose connection has ended.
    fn lost_stream(&self) -> Failure {
        let ending = self.locked(|state| state.ended().cloned());
        let ending = ending.unwrap_or_else(|| Arc::new(Ending::vanished()));
        Failure::Ended { ending, may_have_run: true }
    }
}
