//! Running the program's hooks on a server's own threads, which the server waits for when it stops.

use std::cell::Cell;

use crate::commande::fence;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Runs a hook; one that panics ends neither the client nor the server.
pub(super) fn run(hook: impl FnOnce()) {
    let before = INSIDE.replace(true);
    let _panicked = fence(hook);
    INSIDE.set(before);
}

/// Whether the calling thread runs a hook, of any server: it can't wait for its own end.
pub(super) fn is_inside() -> bool {
    INSIDE.get()
}
