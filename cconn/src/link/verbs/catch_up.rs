//! Catching up: waiting until every command that had arrived is handled.

use std::sync::Arc;

use crate::link::Link;
use crate::link::core::failure::{Failure, WaitedFor};
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::threads::handler;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;

impl Link {
    /// Waits until every command that has arrived by now is handled. Refused inside a command of
    /// this connection, because that command is one of them.
    pub(crate) fn catch_up(&self, mut deadline: Deadline) -> Result<(), Failure> {
        // A hook that runs before the first command would wait for commands in vain too.
        if handler::serves(|served| std::ptr::eq(served, self)) {
            return Err(Failure::InsideOne);
        }
        self.locked_aside(|state, _| {
            // Commands that are still in the socket have arrived too.
            state.look();
            let mark = state.begin_catching_up();
            state.begin_calling(true);
            // Threads that wanted the helm during the look are asleep.
            state.pass_on();
            state.offer_turn();
            let done = |state: &State| state.has_caught_up(mark);
            let waited = state.wait(Sleep::Handled, &mut deadline, done);
            state.end_calling(true);
            match (state.end_catching_up(mark), waited) {
                (true, _) => Ok(()),
                (false, Waited::Closed) => {
                    let ending = state.ended().cloned();
                    let ending = ending.unwrap_or_else(|| Arc::new(Ending::vanished()));
                    Err(Failure::Ended { ending, may_have_run: false })
                }
                (false, _) => Err(Failure::Late { phase: WaitedFor::CatchUp, may_have_run: false }),
            }
        })
    }
}
