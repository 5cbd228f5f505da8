//! Connections on which neither side asks for anything: how long they may keep a place that others
//! could have.

use std::time::{Duration, Instant};

use crate::link::Link;
use crate::link::core::state::State;

/// How often an idle connection is looked at.
const TICK: Duration = Duration::from_millis(250);

impl Link {
    /// Asks the watchman to end the connection when it is idle for longer than its limit, if it has
    /// one.
    pub(crate) fn limit_idleness(&self) {
        if let Some(limit) = self.limits.idle {
            self.noted(|state| state.note_listed());
            self.call_watchman(limit.min(TICK));
        }
    }

    /// Ends a connection that was idle for too long; else returns when to look again.
    // [limit.idle]
    pub(in super::super) fn tend_idle(&self, state: &mut State, now: Instant) -> Option<Duration> {
        let left = state.idle_left(self.limits.idle?, now)?;
        Some(left.min(TICK))
    }

    /// Whether the connection was opened before `moment`.
    pub(crate) fn was_there(&self, moment: Instant) -> bool {
        self.born <= moment
    }

    /// Whether the connection was opened before `moment`, this side has sent nothing on it, and no
    /// command has come. Waits for the lock, because a lock that is held proves no use: the
    /// connection's own thread takes it when it begins.
    pub(crate) fn is_unused_since(&self, moment: Instant) -> bool {
        self.was_there(moment) && self.locked_soon(|state| state.is_unused())
    }
}
