//! Letting go of a connection that may take values of the program with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::link::Link;

/// Drops a reference to a connection. The last reference takes the values with it that the
/// connection's commands captured, and dropping a value of the program's may take any time or
/// panic: so a thread of its own does that. `stack` is that thread's stack size, `None` for the
/// platform's default.
pub(in super::super) fn let_go(link: Arc<Link>, stack: Option<usize>) {
    if let Some(last) = Arc::into_inner(link) {
        let drop_it = move || drop(last);
        // If no thread can be started, the value is dropped here after all.
        let spawn = || crate::sync::spawn("cconn-drop".to_owned(), stack, drop_it);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(spawn)) {
            // The payload is the program's too, and may panic when it is dropped.
            std::mem::forget(payload);
        }
    }
}
