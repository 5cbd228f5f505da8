//! The sleep of a thread on a connection.

use std::time::Instant;

use super::lock::Locked;
use crate::link::Link;
use crate::link::core::sleepers::Sleep;
use crate::sync::Parker;

impl Link {
    /// Sleeps until woken or until the deadline; says whether the deadline has passed.
    pub(in super::super) fn sleep<'a>(
        &'a self,
        mut state: Locked<'a>,
        sleep: Sleep,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, bool) {
        let parker = Parker::mine();
        state.sleepers.push(parker.clone(), sleep);
        drop(state);
        parker.park(deadline);
        state = self.lock();
        state.sleepers.remove(&parker);
        (state, is_past(deadline))
    }
}

/// Whether that moment has come; never for `None`.
pub(in super::super) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| crate::sync::now() >= deadline)
}
