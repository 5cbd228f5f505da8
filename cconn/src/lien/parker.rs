//! Where a thread sleeps: one parker a thread, signalled by whoever removed it from a list.

use std::sync::Arc;
use std::time::Instant;

use crate::sync::{Condvar, Mutex, thread_local};

/// A thread's own place to sleep. A signal that comes first is kept.
#[derive(Debug)]
pub(super) struct Parker {
    signalled: Mutex<bool>,
    wake: Condvar,
}

thread_local! {
    static MINE: Arc<Parker> = Arc::new(Parker::new());
}

impl Parker {
    fn new() -> Self {
        Parker { signalled: Mutex::new(false), wake: Condvar::new() }
    }

    /// The calling thread's parker. While the thread's locals are being destroyed (a handle
    /// dropped there may still have to wait), a fresh one serves.
    pub(super) fn mine() -> Arc<Parker> {
        MINE.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Parker::new()))
    }

    /// Sleeps until signalled or until the deadline. May also return for a signal left over
    /// from an earlier sleep: callers look again at what they wait for.
    pub(super) fn park(&self, deadline: Option<Instant>) {
        let mut signalled = self.signalled.lock();
        while !*signalled {
            if deadline.is_some_and(|d| crate::sync::now() >= d) {
                return;
            }
            signalled = self.wake.wait(signalled, deadline);
        }
        *signalled = false;
    }

    /// Ends the owner's sleep, or its next one.
    pub(super) fn unpark(&self) {
        *self.signalled.lock() = true;
        self.wake.notify_one();
    }
}
