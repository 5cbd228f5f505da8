//! Which handler a thread is inside of, if any.

use std::cell::RefCell;
use std::sync::Arc;

use super::Lien;
use crate::sync::thread_local;
use crate::wire::CallId;

/// The handler that a thread runs.
#[derive(Clone)]
pub(super) struct Handler {
    /// The connection whose command it runs.
    pub(super) lien: Arc<Lien>,
    /// How deep that command was sent.
    pub(super) depth: u8,
    pub(super) call: Option<CallId>,
    pub(super) parallel: bool,
}

thread_local! {
    static CURRENT: RefCell<Option<Handler>> = const { RefCell::new(None) };
}

/// The handler that the calling thread is inside of.
pub(super) fn current() -> Option<Handler> {
    CURRENT.try_with(|current| current.borrow().clone()).ok().flatten()
}

/// Marks the calling thread as inside a handler while `run` lasts.
pub(super) fn inside<R>(handler: Handler, run: impl FnOnce() -> R) -> R {
    let before = swap(Some(handler));
    let result = run();
    drop(swap(before));
    result
}

fn swap(handler: Option<Handler>) -> Option<Handler> {
    CURRENT.try_with(|current| current.replace(handler)).ok().flatten()
}
