//! Promises: answers that a command leaves to another thread.

use std::time::{Duration, Instant};

use super::alarm::Unwanted;
use super::served::Owed;
use super::state::State;
use crate::wire::CallId;

/// Why a command gets no promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoPromise;

impl State {
    /// Gives a running call a promise.
    pub(crate) fn promise(&mut self, call: CallId) -> Result<(), NoPromise> {
        if self.turn.promise(call) { Ok(()) } else { Err(NoPromise) }
    }

    /// Takes the right to answer a call out of its promise. An error says why no answer is wanted.
    pub(crate) fn keep_promise(&mut self, call: CallId) -> Result<(), Unwanted> {
        let is_cancelled = self.turn.is_cancelled(call);
        let is_open = self.turn.keep_promise(call);
        self.end_reports(call);
        if is_open {
            self.end_lanes_answered(call);
        }
        if is_open && !is_cancelled {
            return Ok(());
        }
        Err(self.why_void(is_cancelled))
    }

    fn why_void(&self, is_cancelled: bool) -> Unwanted {
        if is_cancelled {
            return Unwanted::GivenUp;
        }
        self.end_of_commands().unwrap_or(Unwanted::Lost)
    }

    /// Notes that a command, which has not returned, has let go of its promise.
    pub(crate) fn drop_promise(&mut self, call: CallId) {
        self.turn.drop_promise(call);
    }

    /// What is owed to the caller of a command that has returned and left its answer to its
    /// promise: nothing, unless the promise was dropped.
    pub(crate) fn left_to_promise(&self, call: CallId) -> Owed {
        self.turn.left_to_promise(call)
    }

    /// What is owed to the caller of a command that has failed. Its promise is void.
    pub(crate) fn command_failed(&mut self, call: CallId) -> Owed {
        self.call_is_void(call);
        self.turn.failed(call)
    }

    /// Why the answer of an open promise is not wanted any more, or soon will not be: a stop is told
    /// at once, because nothing but the promise may know of it.
    pub(crate) fn promise_unwanted(&self, call: CallId, now: Instant) -> Option<Unwanted> {
        self.unwanted(Some(call), Duration::ZERO, || now)
    }
}
