//! How many threads the process may run, and which purpose may have the next one.
//!
//! Starting a thread beyond the limit of the process's memory maps does not fail: the new thread
//! can't set itself up and aborts the process. So every thread that cconn starts is counted, the
//! program's own threads are counted now and then, and a part of what the system allows stays free.

#[cfg(target_os = "linux")]
#[path = "threads/linux.rs"]
mod system;

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One start in this many also counts the program's own threads, which takes a read of `/proc`.
const LOOK_EVERY: usize = 64;

/// What a thread is started for. One connection can ask for any number of stand-ins; they are
/// refused first, so that it can't take the threads that other connections need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Runs a further command of one connection. Stand-ins get at most seven eighths of all
    /// threads.
    StandIn,
    /// A connection's own thread, or one of the few that a process needs once.
    Own,
}

/// The count of a process's threads, and its limit.
#[derive(Debug)]
pub(crate) struct Threads {
    most: usize,
    /// Threads that cconn has started and that have not ended.
    started: AtomicUsize,
    /// Threads that the program has started itself, at the last count.
    others: AtomicUsize,
}

/// A thread's place among those that may run; dropped when the thread ends.
#[derive(Debug)]
pub(super) struct Seat(&'static Threads);

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.started.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Threads {
    /// The count for this process.
    pub(crate) fn of_process() -> &'static Threads {
        static THREADS: OnceLock<Threads> = OnceLock::new();
        THREADS.get_or_init(|| Threads::at_most(most()))
    }

    fn at_most(most: usize) -> Threads {
        Threads { most, started: AtomicUsize::new(0), others: AtomicUsize::new(0) }
    }

    /// The largest number of threads that cconn may start.
    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Whether more than half of the allowed threads run, so that an idle one should end instead of
    /// being kept.
    pub(crate) fn are_scarce(&self) -> bool {
        self.running() > self.most / 2
    }

    fn running(&self) -> usize {
        let started = self.started.load(Ordering::Relaxed);
        started.saturating_add(self.others.load(Ordering::Relaxed))
    }

    /// Takes a place for one more thread. Fails with `WouldBlock` if `purpose` has none left.
    pub(super) fn seat(&'static self, purpose: Purpose) -> io::Result<Seat> {
        let most = match purpose {
            Purpose::StandIn => self.most - self.most / 8,
            Purpose::Own => self.most,
        };
        let before = self.started.fetch_add(1, Ordering::Relaxed);
        // Made before the check: its drop takes the count back on failure.
        let seat = Seat(self);
        if before.is_multiple_of(LOOK_EVERY) && before > self.most / 8 {
            let others = system::running().saturating_sub(before);
            self.others.store(others, Ordering::Relaxed);
        }
        if self.running() > most {
            let text = format!("no thread to be had: {before} of {} run", self.most);
            return Err(io::Error::new(io::ErrorKind::WouldBlock, text));
        }
        Ok(seat)
    }
}

/// Nine tenths of what the system allows. The rest is a margin: a seat is given back a moment
/// before its thread has ended for the system.
fn most() -> usize {
    #[cfg(test)]
    if let Some(most) = tests::most() {
        return most;
    }
    system::most().map_or(usize::MAX, |most| (most - most / 10).max(1))
}

/// Systems other than Linux have no limit of threads that safe code can read: what they limit for
/// each user are processes. But there one thread too many is an error, not the end of the process.
#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn most() -> Option<usize> {
        None
    }

    /// Unknown, and compared with no limit.
    pub(super) fn running() -> usize {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit for a test that runs in a process of its own, from its environment.
    pub(super) fn most() -> Option<usize> {
        std::env::var("CCONN_TEST_THREADS").ok()?.parse().ok()
    }

    fn threads(most: usize) -> &'static Threads {
        Box::leak(Box::new(Threads::at_most(most)))
    }

    #[test]
    fn the_last_threads_are_for_no_stand_in() {
        let threads = threads(16);
        let stand_ins: Vec<_> = (0..14).map(|_| threads.seat(Purpose::StandIn).unwrap()).collect();
        assert!(threads.seat(Purpose::StandIn).is_err());
        let own: Vec<_> = (0..2).map(|_| threads.seat(Purpose::Own).unwrap()).collect();
        let error = threads.seat(Purpose::Own).unwrap_err();
        assert!(error.to_string().contains("no thread to be had: 16 of 16"), "{error}");
        drop(own);
        assert!(threads.seat(Purpose::StandIn).is_err());
        drop(stand_ins);
        assert_eq!(threads.running(), 0);
        assert!(threads.seat(Purpose::StandIn).is_ok());
    }

    #[test]
    fn the_threads_of_the_program_count() {
        let threads = threads(512);
        threads.started.store(128, Ordering::Relaxed);
        threads.others.store(384, Ordering::Relaxed);
        // 128 is a multiple of `LOOK_EVERY`, so the program's threads are counted anew: fewer than
        // 384 run.
        assert!(threads.seat(Purpose::Own).is_ok());
        assert!(threads.others.load(Ordering::Relaxed) < 384);
        threads.others.store(384, Ordering::Relaxed);
        threads.started.store(129, Ordering::Relaxed);
        assert!(threads.seat(Purpose::Own).is_err());
    }
}
