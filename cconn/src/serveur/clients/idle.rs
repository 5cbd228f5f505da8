//! Clients that were never used, and a server without clients, and since when.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Clients;
use crate::link::Link;
use crate::wire::EndReason;

impl Clients {
    /// Ends the connection of the client that has been there unused for longest, at least for
    /// `unused`. False if there is none.
    pub(super) fn send_unused_away(&self, unused: Duration) -> bool {
        let oldest = self.oldest_unused(unused);
        if let Some(link) = &oldest {
            link.close(EndReason::Closed, "it was never used, and another needs its place");
            // The client has sent nothing, so no thread need read what is left.
            link.end_linger();
        }
        oldest.is_some()
    }

    pub(super) fn oldest_unused(&self, unused: Duration) -> Option<Arc<Link>> {
        let moment = Instant::now().checked_sub(unused)?;
        let connected = self.connected().into_iter();
        connected.filter(|link| link.is_unused_since(moment)).min_by_key(|link| link.identity.id)
    }

    /// Waits until the server stops, at most for `most`. True if it does.
    pub(in crate::serveur) fn wait_for_stop(&self, most: Duration) -> bool {
        let until = Instant::now().checked_add(most);
        let mut state = self.state.lock();
        while !state.stopping && until.is_none_or(|until| Instant::now() < until) {
            state = self.fewer.wait(state, until);
        }
        state.stopping
    }

    /// Waits until there has been no client for `most`, and lets no more in. False if the server is
    /// stopped otherwise.
    pub(in crate::serveur) fn stop_when_idle(&self, most: Duration) -> bool {
        let (mut state, mut since) = (self.state.lock(), Instant::now());
        let mut seen = (true, state.last_id);
        while !state.stopping {
            let now = (state.clients() == 0, state.last_id);
            // The last client has left, or one has come and gone while this thread slept.
            if now != seen {
                (since, seen) = (Instant::now(), now);
            }
            let (is_deserted, _) = now;
            let until = since.checked_add(most).filter(|_| is_deserted);
            if until.is_some_and(|until| Instant::now() >= until) {
                state.stopping = true;
                return true;
            }
            state = self.fewer.wait(state, until);
        }
        false
    }
}
