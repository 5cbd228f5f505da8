//! A busy lock is given up to those who want it: an end, a stop, a broadcast, the watchman.
//!
//! The lock is unfair: a thread that gives it up and takes it again at once leaves it to nobody who
//! sleeps for it. A peer that keeps its window full makes just that of the threads that read and
//! run its commands, and where more threads are ready than there are processors, whoever else wants
//! the lock would have it after half a second, for each such connection anew. So the threads of a
//! connection look, each time they have given the lock up, whether somebody wants it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::lock::Locked;
use crate::link::Link;
use crate::link::threads::wait::is_past;
use crate::sync::{Condvar, Mutex};

/// How long a thread of a connection gives way at most before it goes on for one more command.
const MOST: Duration = Duration::from_millis(10);

/// Who wants the lock of a connection.
#[derive(Debug, Default)]
pub(in super::super) struct Wanted {
    /// Threads that want it.
    threads: AtomicUsize,
    lock: Mutex<()>,
    /// For the connection's own threads: nobody wants the lock any more.
    over: Condvar,
}

/// The lock is wanted until this is dropped.
///
/// It holds nothing, so nobody can wait for its owner in a circle. The owner must not run the
/// connection's commands meanwhile: it would give way to itself.
pub(crate) struct Want<'a>(&'a Wanted);

impl Drop for Want<'_> {
    fn drop(&mut self) {
        if self.0.threads.fetch_sub(1, Ordering::Relaxed) == 1 {
            // Who saw the old number under this lock sleeps by now.
            drop(self.0.lock.lock());
            self.0.over.notify_all();
        }
    }
}

impl Wanted {
    #[cold]
    fn give_way(&self) {
        // On a machine that has processors to spare this is enough.
        crate::sync::yield_now();
        let until = crate::sync::now().checked_add(MOST);
        let mut guard = self.lock.lock();
        while self.threads.load(Ordering::Relaxed) > 0 && !is_past(until) {
            guard = self.over.wait(guard, until);
        }
    }
}

impl Link {
    /// Has the connection's own threads give its lock up, and not take it again at once.
    pub(crate) fn want(&self) -> Want<'_> {
        self.wanted.threads.fetch_add(1, Ordering::Relaxed);
        Want(&self.wanted)
    }

    /// The lock, before the connection's own threads take it again.
    #[inline]
    pub(in super::super) fn lock_soon(&self) -> Locked<'_> {
        match self.try_lock() {
            Some(state) => state,
            None => self.lock_wanted(),
        }
    }

    #[cold]
    fn lock_wanted(&self) -> Locked<'_> {
        let _want = self.want();
        self.lock()
    }

    /// Lets those who want the lock have it first. For the connection's own threads, with nothing
    /// locked, before they take it again.
    #[inline]
    pub(in super::super) fn give_way(&self) {
        if self.wanted.threads.load(Ordering::Relaxed) > 0 {
            self.wanted.give_way();
        }
    }
}
