//! Who sleeps on a connection, and for what. Oldest first.

use std::sync::Arc;

use crate::link::io::parker::Parker;
use crate::sync::{Rule, holds};
use crate::wire::CallId;

/// What a sleeping thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sleep {
    /// The executor, for commands or for the helm.
    Executor,
    /// The executor, for commands or for a moment: it leaves the helm to callers.
    Moment,
    /// A stand-in, for commands.
    StandIn,
    /// A caller, for the answer to its call.
    Answer(CallId),
    /// A caller, for the answer to any of several calls.
    Answers,
    /// A caller, for answers of several connections. It writes nothing that others leave: it may
    /// wait for no socket alone.
    Several,
    /// A sender, to become the first of those who wait for room in the peer's window. What ends
    /// this wait is another sender, not input: it must not block in a read.
    Line,
    /// The first of them, for room in the peer's window.
    Window,
    /// A sender, for room in the outbox.
    Room,
    /// The flusher, for the end of the helm holder's read pass.
    Pass,
    /// The holder of the helm, until more may be read of what changes nothing.
    Wasted,
    /// A thread that catches up, for the end of commands.
    Handled,
    /// A thread that stops the connection, for its end or for that of its stand-ins.
    End,
}

impl Sleep {
    /// Whether it also waits for what is still written, or run, once the end is known.
    pub(crate) fn outlasts_the_end(self) -> bool {
        matches!(self, Sleep::End | Sleep::Handled)
    }

    /// Whether input ends this wait, so that the thread may take the helm and block in a read.
    pub(crate) fn reads(self) -> bool {
        match self {
            Sleep::Answer(_) | Sleep::Answers | Sleep::Several | Sleep::Window | Sleep::End => true,
            Sleep::Room => !holds(Rule::RoomSleeps),
            Sleep::Executor
            | Sleep::Moment
            | Sleep::StandIn
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

    /// Forgets a thread that woke by itself.
    pub(crate) fn remove(&mut self, parker: &Arc<Parker>) {
        self.oldest_first.retain(|(p, _)| !Arc::ptr_eq(p, parker));
    }

    /// Takes the oldest sleeper of that sort.
    #[inline]
    pub(crate) fn take(&mut self, wanted: impl Fn(Sleep) -> bool) -> Option<Arc<Parker>> {
        let at = self.oldest_first.iter().position(|(_, sleep)| wanted(*sleep))?;
        Some(self.oldest_first.remove(at).0)
    }

    #[inline]
    pub(crate) fn any(&self, wanted: impl Fn(Sleep) -> bool) -> bool {
        self.oldest_first.iter().any(|(_, sleep)| wanted(*sleep))
    }
}
