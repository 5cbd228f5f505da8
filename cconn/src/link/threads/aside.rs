//! The turn of a command that waits: given up meanwhile, and taken back.

use super::handler::{self, Handler};
use crate::link::Link;
use crate::link::core::failure::Failure;
use crate::link::core::sleepers::Sleep;
use crate::link::io::lock::Locked;
use crate::sync::{Rule, holds};

/// A handler's turn, given up while it waits; given back by `Link::come_back`.
#[must_use]
pub(in super::super) struct Away(Handler);

impl Away {
    /// Takes the turn back, whoever runs.
    pub(in super::super) fn take_turn_back(self) {
        self.0.link.lock().turn.come_back(self.0.marks.parallel);
    }
}

/// The turn of the command that the calling thread is inside of, given up while it waits for the end
/// of something else; taken back when this is dropped.
pub(crate) struct Aside(Option<Away>);

impl Aside {
    /// Where too many commands wait already, this one keeps its turn.
    pub(crate) fn step() -> Self {
        let handler = handler::current();
        let away = handler.and_then(|handler| give_up_turn(&handler).unwrap_or(None));
        Aside(away)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(away) = self.0.take() {
            away.take_turn_back();
        }
    }
}

/// Gives up the turn of a handler that is about to wait.
#[inline]
pub(in super::super) fn give_up_turn(handler: &Handler) -> Result<Option<Away>, Failure> {
    if !holds(Rule::TurnIsLeft) {
        return Ok(None);
    }
    let mut its = handler.link.lock();
    let limit = handler.link.limits.max_waiting;
    its.turn.leave(handler.marks.parallel).map_err(|_| Failure::TooManyWaiting { limit })?;
    if its.goodbye.stopping {
        // Who stops it from inside what this command asks for does not wait for it.
        its.wake(|sleep| sleep == Sleep::End);
    }
    its.pass_on();
    Ok(Some(Away(handler.clone())))
}

impl Link {
    /// Gives up the turn of the handler that is about to wait here, and locks this connection.
    #[inline]
    pub(in super::super) fn leave(
        &self,
        handler: Option<&Handler>,
    ) -> Result<(Locked<'_>, Option<Away>), Failure> {
        let Some(handler) = handler else { return Ok((self.lock(), None)) };
        let away = give_up_turn(handler)?;
        Ok((self.lock(), away))
    }

    /// Takes the turn back, whoever runs.
    #[inline]
    pub(in super::super) fn come_back<'a>(
        &'a self,
        mut state: Locked<'a>,
        away: Option<Away>,
    ) -> Locked<'a> {
        let Some(Away(handler)) = away else { return state };
        if std::ptr::eq(&raw const *handler.link, self) {
            state.turn.come_back(handler.marks.parallel);
            return state;
        }
        drop(state);
        Away(handler).take_turn_back();
        self.lock()
    }
}
