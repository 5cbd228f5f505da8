//! Counts what arrives on many connections, and wakes the one who waits for the last.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Thread;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// How long a message may take to reach everyone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Made by the thread that waits.
pub(crate) struct Tally {
    arrived: AtomicUsize,
    goal: usize,
    waiting: Thread,
}

impl Tally {
    pub(crate) fn new(goal: usize) -> Tally {
        Tally { arrived: AtomicUsize::new(0), goal, waiting: std::thread::current() }
    }

    /// One more has arrived.
    pub(crate) fn count(&self) {
        if self.arrived.fetch_add(1, Ordering::AcqRel) + 1 == self.goal {
            self.waiting.unpark();
        }
    }

    /// Waits until all have arrived, and begins anew.
    pub(crate) fn wait(&self) -> Outcome<()> {
        let end = Instant::now() + PATIENCE;
        loop {
            let arrived = self.arrived.load(Ordering::Acquire);
            if arrived >= self.goal {
                self.arrived.store(0, Ordering::Release);
                return Ok(());
            }
            let Some(rest) = end.checked_duration_since(Instant::now()) else {
                return Err(format!("only {arrived} of {} got the message", self.goal).into());
            };
            std::thread::park_timeout(rest);
        }
    }
}
