//! The threads that sleep on a connection, oldest first, each with what it waits for.

use std::sync::Arc;

use crate::sync::{Parker, Rule, holds};
use crate::wire::CallId;

/// What a sleeping thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// The executor, waiting for commands or for the helm.
    Executor,
    /// The executor, waiting for commands or for a moment to pass, in which it leaves the helm to
    /// callers.
    Moment,
    /// A stand-in, waiting for commands.
    StandIn,
    /// The lookout, with nothing to read for.
    Lookout,
    /// The lookout, waiting until no call is followed any more.
    Followed,
    /// A caller, waiting for the answer to its call.
    Answer(CallId),
    /// A caller, waiting for the answer to any of several calls.
    Answers,
    /// A caller, waiting for answers of several connections. It writes no bytes that other threads
    /// leave: it must not block on one socket alone.
    Several,
    /// A sender, waiting to become the first in the line for room in the peer's window. Another
    /// sender ends this wait, not input: the thread must not block in a read.
    Line,
    /// The first sender in the line, waiting for room in the peer's window.
    Window,
    /// A command, waiting for an item of an argument stream of that call of the peer's.
    Argument(CallId),
    /// A thread that feeds the stream of that call, waiting for credit.
    Credit(CallId),
    /// A sender, waiting for room in the outbox.
    Room,
    /// The flusher, waiting for the end of the read pass of the thread at the helm.
    Pass,
    /// The thread at the helm, waiting until it may read more of a flood (see `waste`).
    Wasted,
    /// A thread that catches up, waiting until commands are handled.
    Handled,
    /// A thread that stops the connection, waiting for its end or for the end of its stand-ins.
    End,
}

impl Sleep {
    /// Whether this wait goes on after the reason of the end is known, until everything is written
    /// and run.
    pub(crate) fn outlasts_the_end(self) -> bool {
        matches!(self, Sleep::End | Sleep::Handled)
    }

    /// Whether input ends this wait, so that the thread may take the helm and block in a read.
    pub(crate) fn reads(self) -> bool {
        match self {
            Sleep::Followed
            | Sleep::Answer(_)
            | Sleep::Argument(_)
            | Sleep::Answers
            | Sleep::Several
            | Sleep::Window
            | Sleep::End => true,
            Sleep::Credit(_) => holds(Rule::PumpsRead),
            // A write ends this wait, so the thread must not block in a read.
            Sleep::Room => !holds(Rule::RoomSleeps),
            Sleep::Executor
            | Sleep::Moment
            | Sleep::StandIn
            | Sleep::Lookout
            | Sleep::Line
            | Sleep::Pass
            | Sleep::Wasted
            | Sleep::Handled => false,
        }
    }
}

/// The sleeping threads of one connection.
#[derive(Debug, Default)]
pub(crate) struct Sleepers {
    oldest_first: Vec<(Arc<Parker>, Sleep)>,
}

impl Sleepers {
    pub(crate) fn push(&mut self, parker: Arc<Parker>, sleep: Sleep) {
        self.oldest_first.push((parker, sleep));
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.oldest_first.is_empty()
    }

    /// Takes a thread that woke by itself off the list.
    pub(crate) fn remove(&mut self, parker: &Arc<Parker>) {
        self.oldest_first.retain(|(p, _)| !Arc::ptr_eq(p, parker));
    }

    /// Takes the oldest sleeper for which `wanted` holds off the list.
    pub(crate) fn take(&mut self, wanted: &dyn Fn(Sleep) -> bool) -> Option<Arc<Parker>> {
        let at = self.oldest_first.iter().position(|(_, sleep)| wanted(*sleep))?;
        Some(self.oldest_first.remove(at).0)
    }

    #[inline]
    pub(crate) fn any(&self, wanted: impl Fn(Sleep) -> bool) -> bool {
        self.oldest_first.iter().any(|(_, sleep)| wanted(*sleep))
    }
}
