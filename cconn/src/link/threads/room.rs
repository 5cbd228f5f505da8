//! Waiting until the outbox has room, or all of it is written.

use super::wait::Waited;
use crate::link::Link;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::io::telling::is_telling;
use crate::sync::Deadline;

impl Locked<'_> {
    /// Waits until the outbox is below its high-water mark.
    #[cold]
    pub(in super::super) fn await_room(&mut self, deadline: &mut Deadline) -> Result<(), Failure> {
        let done = |state: &State| !state.is_above_high_water();
        match self.wait(Sleep::Room, deadline, done) {
            Waited::Expired => Err(Failure::Late { phase: WaitedFor::Window, may_have_run: false }),
            Waited::Done | Waited::Closed | Waited::Unwanted => Ok(()),
        }
    }
}

impl Link {
    /// Writes out everything that was sent; false if the deadline passed first. If nothing can be
    /// written any more, this waits for the connection's end, whose reason the caller then reports.
    pub(crate) fn write_out(&self, mut deadline: Deadline) -> bool {
        if is_telling() {
            deadline = Deadline::NO_TIME;
        }
        self.locked(|state| {
            // Frames that other threads append later are not waited for.
            let end = state.end_of_outbox();
            let done = |state: &State| state.is_written(end);
            state.wait(Sleep::Room, &mut deadline, done) != Waited::Expired
        })
    }
}
