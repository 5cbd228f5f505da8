//! Who sleeps on a connection, and for what. Oldest first.

use std::sync::Arc;

use super::parker::Parker;
use super::window::{Ticket, Window};
use crate::sync::{Rule, holds};
use crate::wire::CallId;

/// What a sleeping thread waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sleep {
    /// The executor, for commands or for the helm.
    Executor,
    /// A stand-in, for commands.
    StandIn,
    /// A caller, for the answer to its call.
    Answer(CallId),
    /// A sender in the line for the peer's window, for its turn or for room.
    Window(Ticket),
    /// A sender, for room in the outbox.
    Room,
    /// The flusher, for the end of the helm holder's read pass.
    Pass,
    /// A thread that stops the connection, for its end.
    End,
}

impl Sleep {
    /// Whether input ends this wait, so that the thread may take the helm and block in a read.
    ///
    /// Of those who wait for the window only the first in line is let go by input; the others
    /// are by whoever leaves the line in front of them.
    pub(super) fn reads(self, window: &Window) -> bool {
        match self {
            Sleep::Answer(_) | Sleep::End => true,
            Sleep::Window(ticket) => window.is_first(ticket),
            Sleep::Room => !holds(Rule::RoomSleeps),
            Sleep::Executor | Sleep::StandIn | Sleep::Pass => false,
        }
    }
}

/// The sleeping threads of one connection.
#[derive(Debug, Default)]
pub(super) struct Sleepers {
    oldest_first: Vec<(Arc<Parker>, Sleep)>,
}

impl Sleepers {
    pub(super) fn push(&mut self, parker: Arc<Parker>, sleep: Sleep) {
        self.oldest_first.push((parker, sleep));
    }

    /// Forgets a thread that woke by itself.
    pub(super) fn remove(&mut self, parker: &Arc<Parker>) {
        self.oldest_first.retain(|(p, _)| !Arc::ptr_eq(p, parker));
    }

    /// Takes the oldest sleeper of that sort.
    pub(super) fn take(&mut self, wanted: impl Fn(Sleep) -> bool) -> Option<Arc<Parker>> {
        let at = self.oldest_first.iter().position(|(_, sleep)| wanted(*sleep))?;
        Some(self.oldest_first.remove(at).0)
    }

    pub(super) fn any(&self, wanted: impl Fn(Sleep) -> bool) -> bool {
        self.oldest_first.iter().any(|(_, sleep)| wanted(*sleep))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_those_who_wait_for_the_window_only_the_first_reads() {
        let mut window = Window::new(100, 0);
        let (first, second) = (window.queue_up(), window.queue_up());
        assert!(Sleep::Window(first).reads(&window));
        assert!(!Sleep::Window(second).reads(&window));
        window.leave(first, 1);
        assert!(Sleep::Window(second).reads(&window));
    }
}
