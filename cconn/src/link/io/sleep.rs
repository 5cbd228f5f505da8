//! The sleep of a thread on a connection.

use std::time::Instant;

use super::lock::Locked;
use crate::link::core::sleepers::Sleep;
use crate::sync::Parker;

impl Locked<'_> {
    /// Sleeps unlocked until another thread wakes this one, or until the deadline. True if the
    /// deadline has passed.
    pub(in super::super) fn sleep(&mut self, sleep: Sleep, deadline: Option<Instant>) -> bool {
        let parker = Parker::mine();
        self.begin_sleep(parker.clone(), sleep);
        self.unlocked(|| parker.park(deadline));
        // A thread that woke by its deadline is still on the list.
        self.end_sleep(&parker);
        is_past(deadline)
    }
}

/// Whether that moment has come; never for `None`.
pub(in super::super) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| crate::sync::now() >= deadline)
}
