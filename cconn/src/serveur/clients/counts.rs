//! How many clients have come, and how many newcomers were refused.

use super::Clients;

impl Clients {
    /// Counts a newcomer that did not become a client.
    pub(in crate::serveur) fn count_refused(&self) {
        self.state.lock().refused += 1;
    }

    /// How many clients have come since the server was opened, and how many newcomers did not become
    /// clients.
    pub(in crate::serveur) fn counts(&self) -> (u64, u64) {
        let state = self.state.lock();
        (state.accepted, state.refused)
    }
}
