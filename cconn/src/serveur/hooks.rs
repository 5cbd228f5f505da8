//! Running the program's hooks on a server's own threads, which the server waits for when it stops.

use std::cell::RefCell;

use super::Serveur;
use crate::commande::fence;

thread_local! {
    /// The servers whose hooks the thread is inside of, by the address of what their clones share.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

impl Serveur {
    /// Runs a hook; one that panics ends neither the client nor the server.
    pub(super) fn run_hook(&self, hook: impl FnOnce()) {
        let itself = self.place();
        INSIDE.with_borrow_mut(|inside| inside.push(itself));
        let _panicked = fence(hook);
        INSIDE.with_borrow_mut(Vec::pop);
    }

    /// Whether the calling thread is part of what has to finish before this server can: it is
    /// inside a hook of it, or inside a command or a hook of one of its connections.
    pub(super) fn is_served_here(&self) -> bool {
        let itself = self.place();
        INSIDE.with_borrow(|inside| inside.contains(&itself))
            || self.shared.clients.connected().iter().any(|lien| lien.is_served_here())
    }

    fn place(&self) -> usize {
        std::sync::Arc::as_ptr(&self.shared).addr()
    }
}
