//! Runs the program's hooks on the server's own threads. A stop of the server waits for them.

use super::Serveur;
use crate::commande::fence;
use crate::link::{inside, is_inside};

impl Serveur {
    /// Runs a hook. A panic in the hook ends neither the client nor the server.
    pub(super) fn run_hook(&self, hook: impl FnOnce()) {
        let _panicked = inside(self.place(), || fence(hook));
    }

    /// Whether the calling thread is part of what must finish before this server can: whether it is
    /// inside a hook of the server, or inside a command or hook of one of its connections.
    pub(super) fn is_served_here(&self) -> bool {
        is_inside(self.place())
            || crate::link::is_telling()
            || self.shared.clients.connected().iter().any(|link| link.is_served_here())
    }

    /// The name of this server and its clones in the table of stops: the address of what they
    /// share.
    pub(super) fn place(&self) -> usize {
        std::sync::Arc::as_ptr(&self.shared).addr()
    }
}
