//! A busy lock is given up to a thread that wants it for an end, a stop, a broadcast or the
//! watchman.
//!
//! The lock is unfair: a thread that gives it up and takes it again at once starves the threads
//! that sleep for it. A peer that keeps its window full makes the threads that read and run its
//! commands do just that. If more threads are ready than there are processors, another thread would
//! then get the lock after half a second, on each such connection anew. So the threads of a
//! connection check, each time they have given the lock up, whether another thread wants it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::sync::{Condvar, Deadline, Mutex};

/// The longest time for which a thread of a connection gives way before it runs one more command.
const MOST: Duration = Duration::from_millis(10);

/// The threads that want the lock of one connection.
#[derive(Debug, Default)]
pub(in super::super) struct Wanted {
    /// How many threads want the lock.
    threads: AtomicUsize,
    lock: Mutex<()>,
    /// Wakes the connection's own threads once no thread wants the lock any more.
    over: Condvar,
}

/// The lock is wanted as long as this value lives.
///
/// The owner holds nothing by it, so no thread can wait for the owner in a circle. The owner must
/// not run the connection's commands meanwhile: it would give way to itself.
pub(crate) struct Want<'a>(&'a Wanted);

impl Drop for Want<'_> {
    fn drop(&mut self) {
        if self.0.threads.fetch_sub(1, Ordering::Relaxed) == 1 {
            // A thread that saw the old number under `lock` sleeps by now, so the notification
            // reaches it.
            drop(self.0.lock.lock());
            self.0.over.notify_all();
        }
    }
}

impl Wanted {
    /// The calling thread wants the lock until it drops the value returned.
    pub(super) fn want(&self) -> Want<'_> {
        self.threads.fetch_add(1, Ordering::Relaxed);
        Want(self)
    }

    /// Lets threads that want the lock have it first.
    #[inline]
    pub(super) fn give_way(&self) {
        if self.threads.load(Ordering::Relaxed) > 0 {
            self.wait();
        }
    }

    #[cold]
    fn wait(&self) {
        // Enough on a machine with idle processors.
        crate::sync::yield_now();
        let until = crate::sync::now().checked_add(MOST);
        let mut guard = self.lock.lock();
        while self.threads.load(Ordering::Relaxed) > 0 && !Deadline::from(until).has_passed() {
            guard = self.over.wait(guard, until);
        }
    }
}

#[cfg(all(test, not(model)))]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;
    use std::thread;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_thread_that_gives_the_lock_up_goes_on_every_ten_milliseconds() {
        let wanted = Arc::new(Wanted::default());
        let (done, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let start = Instant::now();
        let want = wanted.want();
        let gives_way = thread::spawn({
            let (wanted, done, rounds) = (wanted.clone(), done.clone(), rounds.clone());
            move || {
                while !done.load(Ordering::SeqCst) {
                    wanted.give_way();
                    rounds.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        while rounds.load(Ordering::SeqCst) < 5 {
            thread::yield_now();
        }
        let (time, seen) = (start.elapsed(), rounds.load(Ordering::SeqCst));
        assert!(time >= MOST * 5, "five rounds after {time:?}");
        drop(want);
        // Nothing is wanted any more, so nothing is waited for: the rounds follow each other.
        while rounds.load(Ordering::SeqCst) < seen + 100_000 {
            thread::yield_now();
        }
        done.store(true, Ordering::SeqCst);
        gives_way.join().unwrap();
    }
}
