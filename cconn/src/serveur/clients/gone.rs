//! Whether all places are taken, also by clients whose peer is gone.

use std::time::Duration;

use super::Clients;

/// The largest number of sockets that are checked for a vanished peer for one newcomer.
const LOOKED_AT: usize = 1024;

impl Clients {
    /// Whether the system knows that a client's peer is gone, which the client's own thread has not
    /// noticed.
    pub(super) fn is_one_gone(&self) -> bool {
        self.connected().iter().take(LOOKED_AT).any(|link| link.is_peer_gone())
    }

    /// Whether all places are taken, and no client is about to leave or can be sent away.
    pub(in crate::serveur) fn are_full(&self, most: usize, unused: Duration) -> bool {
        let state = self.state.lock();
        let full = state.clients() >= most && !state.is_one_leaving();
        drop(state);
        full && !self.is_one_gone() && self.oldest_unused(unused).is_none()
    }
}
