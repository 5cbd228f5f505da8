//! Waiting until the outbox has room, or all of it is written.

use super::wait::Waited;
use crate::link::Link;
use crate::link::core::failure::{Failure, Phase};
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::Deadline;

impl Link {
    /// Waits until the outbox is below its high-water mark.
    #[cold]
    pub(in super::super) fn await_room<'a>(
        &'a self,
        state: Locked<'a>,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, Result<(), Failure>) {
        let done = |state: &State| !state.is_above_high_water();
        let (state, waited) = self.wait(state, Sleep::Room, deadline, done);
        let result = match waited {
            Waited::Expired => Err(Failure::Late { phase: Phase::Window, may_have_run: false }),
            Waited::Done | Waited::Closed => Ok(()),
        };
        (state, result)
    }

    /// Writes out everything that was sent; false if the deadline passed first. Where nothing can
    /// be written any more this waits for the end, which says so.
    pub(crate) fn write_out(&self, mut deadline: Deadline) -> bool {
        let mut state = self.lock();
        let end = state.outbox.end();
        let done = |state: &State| state.outbox.sent() >= end && state.can_write();
        let waited;
        (state, waited) = self.wait(state, Sleep::Room, &mut deadline, done);
        drop(state);
        waited != Waited::Expired
    }
}
