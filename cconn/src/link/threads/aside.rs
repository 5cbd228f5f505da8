//! The turn of a command that waits: given up meanwhile, and taken back.

use super::ambient::{Working, works};
use super::handler::{self, Handler};
use crate::link::Link;
use crate::link::core::failure::Failure;
use crate::link::io::lock::Locked;
use crate::link::io::telling::may_wait;
use crate::sync::{Rule, holds};

/// A handler's turn, given up while it waits; taken back by `Link::come_back`.
#[must_use]
pub(in super::super) struct Away(Handler);

impl Away {
    /// Takes the turn back, even if another handler runs.
    pub(in super::super) fn take_turn_back(self) {
        self.0.link.locked(|its| its.take_turn_back(self.0.marks.parallel));
    }
}

/// The turn of the command that the calling thread is inside of, given up while the thread waits
/// for the end of something else. Dropping this takes the turn back.
pub(crate) struct Aside(Option<Away>);

impl Aside {
    /// If too many commands wait already, this one keeps its turn.
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

/// Fails if the command that the calling thread works for is not wanted any more: such a thread does
/// not begin to wait.
fn check_wanted() -> Result<(), Failure> {
    let Some(working) = Working::here() else { return Ok(()) };
    match working.unwanted() {
        Some(why) => Err(Failure::Unwanted { why, may_have_run: false }),
        None => Ok(()),
    }
}

/// Gives up the turn of the command that the calling thread is inside of, if it is inside one.
#[inline(never)]
fn step_aside() -> Result<Option<Away>, Failure> {
    check_wanted()?;
    match handler::current() {
        Some(handler) => give_up_turn(&handler),
        None => Ok(None),
    }
}

/// Gives up the turn of a handler that is about to wait.
#[inline]
pub(in super::super) fn give_up_turn(handler: &Handler) -> Result<Option<Away>, Failure> {
    // An iterator is pulled without a turn.
    if !holds(Rule::TurnIsLeft) || handler.marks.pumping {
        return Ok(None);
    }
    let limit = handler.link.limits.max_waiting;
    handler.link.locked(|its| {
        its.leave_turn(handler.marks.parallel).map_err(|_| Failure::TooManyWaiting { limit })?;
        Ok(Some(Away(handler.clone())))
    })
}

impl Link {
    /// Gives up the turn of the command that the calling thread is inside of, runs `act` under this
    /// connection's lock, and takes the turn back. The argument of `act` is true if there was a turn
    /// to give up.
    #[inline]
    pub(in super::super) fn locked_aside<R>(
        &self,
        act: impl FnOnce(&mut Locked<'_>, bool) -> Result<R, Failure>,
    ) -> Result<R, Failure> {
        may_wait()?;
        let away = if works() { step_aside()? } else { None };
        self.locked(|state| {
            let result = act(state, away.is_some());
            self.come_back(state, away);
            result
        })
    }

    /// Takes the turn back, even if another handler runs.
    #[inline]
    pub(in super::super) fn come_back(&self, state: &mut Locked<'_>, away: Option<Away>) {
        if let Some(away) = away {
            self.come_back_from(state, away);
        }
    }

    fn come_back_from(&self, state: &mut Locked<'_>, Away(handler): Away) {
        // No thread holds the locks of two connections at once.
        if std::ptr::eq(&raw const *handler.link, self) {
            state.take_turn_back(handler.marks.parallel);
        } else {
            state.unlocked(|| Away(handler).take_turn_back());
        }
    }
}
