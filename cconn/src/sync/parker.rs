//! Where a thread sleeps: one parker a thread, signalled by whoever removed it from a list.

use std::sync::Arc;
use std::task::Wake;
use std::time::Instant;

use super::{Bell, BorrowedFd, Condvar, Mutex, poll_any, thread_local};

/// A thread's own place to sleep. A signal that comes first is kept.
#[derive(Debug)]
pub(crate) struct Parker {
    signal: Mutex<Signal>,
    wake: Condvar,
}

#[derive(Debug, Default)]
struct Signal {
    given: bool,
    /// What the owner hears the signal by while it sleeps for input too.
    bell: Option<Arc<Bell>>,
}

thread_local! {
    static MINE: Arc<Parker> = Arc::new(Parker::new());
}

impl Parker {
    fn new() -> Self {
        Parker { signal: Mutex::default(), wake: Condvar::new() }
    }

    /// The calling thread's parker. While the thread's locals are being destroyed (a handle
    /// dropped there may still have to wait), a fresh one serves.
    pub(crate) fn mine() -> Arc<Parker> {
        MINE.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Parker::new()))
    }

    /// Sleeps until signalled or until the deadline; says whether it was signalled. That may also
    /// be a signal left over from an earlier sleep: callers look again at what they wait for.
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

    /// The same until one of those sockets has input, too; says which have. Without a bell a signal
    /// ends the sleep only if it came before.
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

    /// Ends the owner's sleep, or its next one.
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
