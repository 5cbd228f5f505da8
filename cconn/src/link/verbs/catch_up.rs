//! Catching up: waiting until every command that had arrived is handled.
//!
//! Commands are counted as they arrive. Who catches up notes how many had arrived and how many of
//! them are not handled; each of those that is handled, cancelled or refused is struck off.

use std::sync::Arc;

use super::send::{Failure, Phase};
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::threads::handler;
use crate::link::threads::wait::Waited;
use crate::sync::Deadline;

/// The threads that catch up on one connection.
#[derive(Debug, Default)]
pub(in super::super) struct CatchingUp {
    marks: Vec<Mark>,
    next: u64,
}

#[derive(Debug)]
struct Mark {
    id: u64,
    /// Commands with a lower number had arrived.
    below: u64,
    /// So many of them are not handled yet.
    left: usize,
}

impl State {
    /// A command was handled, or never will be.
    #[inline]
    pub(in super::super) fn handled(&mut self, number: u64) {
        if !self.turn.catching_up.marks.is_empty() {
            self.strike_off(number);
        }
    }

    #[cold]
    fn strike_off(&mut self, number: u64) {
        let mut caught_up = false;
        for mark in &mut self.turn.catching_up.marks {
            if number < mark.below {
                mark.left = mark.left.saturating_sub(1);
                caught_up |= mark.left == 0;
            }
        }
        if caught_up {
            self.wake(|sleep| sleep == Sleep::Handled);
        }
    }

    fn begin_catching_up(&mut self) -> u64 {
        let (left, below) = self.turn.unhandled();
        let CatchingUp { marks, next } = &mut self.turn.catching_up;
        *next = next.wrapping_add(1);
        marks.push(Mark { id: *next, below, left });
        *next
    }

    fn has_caught_up(&self, id: u64) -> bool {
        self.turn.catching_up.marks.iter().all(|mark| mark.id != id || mark.left == 0)
    }

    fn end_catching_up(&mut self, id: u64) -> bool {
        let done = self.has_caught_up(id);
        self.turn.catching_up.marks.retain(|mark| mark.id != id);
        done
    }
}

impl Link {
    /// Waits until every command that has arrived by now is handled. Refused inside a command of
    /// this connection, which is one of them.
    pub(crate) fn catch_up(&self, mut deadline: Deadline) -> Result<(), Failure> {
        // A hook that comes before the first command waits in vain for them too.
        if handler::serves(|served| std::ptr::eq(served, self)) {
            return Err(Failure::InsideOne);
        }
        let handler = handler::current();
        let (state, away) = self.leave(handler.as_ref())?;
        // What stands in the socket has arrived too.
        let mut state = self.look(state);
        let mark = state.begin_catching_up();
        state.turn.callers = state.turn.callers.saturating_add(1);
        // Whoever wanted the helm during that look sleeps.
        state.pass_on();
        state.offer_turn();
        let waited;
        let done = |state: &State| state.has_caught_up(mark);
        (state, waited) = self.wait(state, Sleep::Handled, &mut deadline, done);
        state.turn.callers_left(1);
        let result = match (state.end_catching_up(mark), waited) {
            (true, _) => Ok(()),
            (false, Waited::Closed) => {
                let ending = state.ended().cloned().unwrap_or_else(|| Arc::new(Ending::vanished()));
                Err(Failure::Ended { ending, may_have_run: false })
            }
            (false, _) => Err(Failure::Late { phase: Phase::CatchUp, may_have_run: false }),
        };
        drop(self.come_back(state, away));
        result
    }
}
