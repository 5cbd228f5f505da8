//! A parker: where one thread sleeps until another thread signals it.

use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use super::{Bell, BorrowedFd, Condvar, Mutex, poll_any, thread_local};

/// One thread's place to sleep. A signal that comes before the sleep is kept.
#[derive(Debug)]
pub(crate) struct Parker {
    signal: Mutex<Signal>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Signal {
    given: bool,
    /// The bell by which the owner notices the signal while it also sleeps for input.
    bell: Option<Arc<Bell>>,
}

thread_local! {
    static MINE: Arc<Parker> = Arc::new(Parker::new());
}

impl Parker {
    fn new() -> Self {
        Parker { signal: Mutex::default(), wake: Condvar::new() }
    }

    /// The calling thread's parker. While the thread's locals are being destroyed (a handle dropped
    /// there may still have to wait), a fresh parker is made.
    pub(crate) fn mine() -> Arc<Parker> {
        MINE.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Parker::new()))
    }

    /// Sleeps until signalled or until the deadline; true if signalled. The signal may be left over
    /// from an earlier sleep, so callers check what they wait for again.
    pub(crate) fn park(&self, deadline: Option<Instant>) -> bool {
        let mut signal = self.signal.lock();
        while !signal.given {
            if deadline.is_some_and(|d| super::now() >= d) {
                return false;
            }
            signal = self.wake.wait(signal, deadline);
        }
        signal.given = false;
        true
    }

    /// Sleeps like `park`, but also until one of the sockets has input. Returns whether it was
    /// signalled, and which sockets have input. Without a bell, only a signal that came before ends
    /// the sleep.
    pub(crate) fn park_for_input(
        &self,
        sockets: &[BorrowedFd<'_>],
        bell: Option<&Arc<Bell>>,
        mut deadline: Option<Instant>,
    ) -> (bool, Vec<bool>) {
        let mut signal = self.signal.lock();
        let earlier = std::mem::take(&mut signal.given);
        if earlier {
            deadline = Some(super::now());
        }
        signal.bell = bell.cloned();
        drop(signal);
        let found = poll_any(sockets, bell.map(|bell| &**bell), deadline);
        let mut signal = self.signal.lock();
        let heard = std::mem::take(&mut signal.given);
        if let Some(bell) = signal.bell.take().filter(|_| heard) {
            bell.silence();
        }
        drop(signal);
        (earlier || heard, found)
    }

    /// Ends the owner's current sleep, or its next one.
    pub(crate) fn unpark(&self) {
        let mut signal = self.signal.lock();
        let before = std::mem::replace(&mut signal.given, true);
        if let Some(bell) = signal.bell.as_ref().filter(|_| !before) {
            bell.ring();
        }
        drop(signal);
        self.wake.notify_one();
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.unpark();
    }
}
