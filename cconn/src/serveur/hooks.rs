//! Running the program's hooks on a server's own threads, which the server waits for when it stops.

use super::Serveur;
use crate::commande::fence;
use crate::link::{inside, is_inside};

impl Serveur {
    /// Runs a hook; one that panics ends neither the client nor the server.
    pub(super) fn run_hook(&self, hook: impl FnOnce()) {
        let _panicked = inside(self.place(), || fence(hook));
    }

    /// Whether the calling thread is part of what has to finish before this server can: it is
    /// inside a hook of it, or inside a command or a hook of one of its connections.
    pub(super) fn is_served_here(&self) -> bool {
        is_inside(self.place())
            || self.shared.clients.connected().iter().any(|link| link.is_served_here())
    }

    /// What stands for this server and its clones: the address of what they share.
    pub(super) fn place(&self) -> usize {
        std::sync::Arc::as_ptr(&self.shared).addr()
    }
}
