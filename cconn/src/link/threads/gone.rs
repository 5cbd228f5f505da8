//! Letting go of a connection that may take values of the program with it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::link::Link;

/// Lets go of a connection. If nobody else holds it any more the values that its commands captured
/// go with it, and to drop a value of the program's may take any time, or panic: that is done by a
/// thread of its own, whose stack has the platform's default size where `stack` is `None`.
pub(in super::super) fn let_go(link: Arc<Link>, stack: Option<usize>) {
    if let Some(last) = Arc::into_inner(link) {
        let drop_it = move || drop(last);
        // Where no thread can be had it is dropped here after all.
        let spawn = || crate::sync::spawn("cconn-drop".to_owned(), stack, drop_it);
        if let Err(payload) = catch_unwind(AssertUnwindSafe(spawn)) {
            // It is the program's, and may panic when it is dropped.
            std::mem::forget(payload);
        }
    }
}
