//! The lookout: the thread that reads a connection while only wakers wait for its answers.
//!
//! A program that polls futures has no thread of its own inside this crate. So while a call is
//! followed by a waker and no other thread reads, a thread of the connection's own does. It reads
//! and routes, and runs no command. It is kept for a while, for the next followed call.

use std::sync::Arc;
use std::time::Duration;

use crate::link::Link;
use crate::link::core::sleepers::Sleep;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Purpose};

/// The lookout ends after this long without a followed call.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long it is kept if the process has few threads left, which others need.
const SCARCE_PATIENCE: Duration = Duration::from_millis(10);

impl Link {
    /// Starts the lookout. If no thread can be had, the watchman reads instead, every few
    /// milliseconds.
    pub(super) fn start_lookout(&self) {
        let Some(link) = self.me.upgrade() else { return };
        let (name, stack) = (self.identity.lookout_name(), self.limits.stack);
        let body = move || link.look_out();
        let started = crate::sync::spawn_for(Purpose::StandIn, name, stack, body).is_ok();
        self.noted(|state| state.note_lookout(started));
    }

    fn look_out(self: &Arc<Self>) {
        self.locked(|state| {
            let mut idle = false;
            while !state.is_closed() && !idle {
                idle = look_out_once(state);
            }
            state.end_lookout();
            state.pass_on();
        });
    }
}

/// Reads until no call is followed any more, or sleeps until one is. True once none was for long.
fn look_out_once(state: &mut Locked<'_>) -> bool {
    if state.is_any_followed() {
        let mut deadline = Deadline::from(state.followed_until());
        state.wait(Sleep::Followed, &mut deadline, |state| !state.is_any_followed());
        state.expire_followed(crate::sync::now());
        return false;
    }
    let scarce = crate::sync::are_threads_scarce();
    let patience = if scarce { SCARCE_PATIENCE } else { PATIENCE };
    let idle = state.sleep(Sleep::Lookout, crate::sync::now().checked_add(patience));
    idle && !state.is_any_followed()
}
