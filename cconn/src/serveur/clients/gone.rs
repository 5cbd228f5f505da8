//! Whether all places are taken, also by clients whose peer is gone.

use std::time::Duration;

use super::Clients;

/// The largest number of sockets that are checked for a vanished peer for one newcomer.
const LOOKED_AT: usize = 1024;

impl Clients {
    /// Whether a place will soon be free: the peer of a client is gone, or may be, which the
    /// client's own thread has not noticed yet; or an unused client is sent away now.
    pub(super) fn make_room(&self, unused: Duration) -> bool {
        let gone = self.is_one_gone();
        // Where that is not known, what can be done at once is better than to wait.
        gone == Some(true) || self.send_unused_away(unused) || gone.is_none()
    }

    /// Whether the system knows that a client's peer is gone, which the client's own thread has not
    /// noticed. `None` if that is not known of a client, whose thread has not read all its bytes.
    fn is_one_gone(&self) -> Option<bool> {
        let mut found = Some(false);
        let some: Vec<_> = {
            let state = self.state.lock();
            state.connected.values().take(LOOKED_AT).cloned().collect()
        };
        for link in some {
            match link.is_peer_gone() {
                Some(true) => return Some(true),
                Some(false) => {}
                None => found = None,
            }
        }
        found
    }

    /// Whether all places are taken, and no client is about to leave or can be sent away.
    pub(in crate::serveur) fn are_full(&self, most: usize, unused: Duration) -> bool {
        let state = self.state.lock();
        let full = state.clients() >= most && !state.is_one_leaving();
        drop(state);
        full && self.is_one_gone() == Some(false) && self.oldest_unused(unused).is_none()
    }
}
