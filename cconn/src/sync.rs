//! The threads, locks and clock that the connection core is built on.
//!
//! The core uses no blocking item of `std::sync` or `std::thread` directly. So the model checker
//! can compile the same core against a `sync` module of its own, in which a scheduler decides which
//! thread runs.

mod bell;
mod deadline;
mod parker;
mod rule;
mod threads;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, TryLockError};
use std::time::Instant;

pub(crate) use std::sync::MutexGuard;
pub(crate) use std::thread::LocalKey;
pub(crate) use std::thread_local;

pub(crate) use rustix::fd::{AsFd, BorrowedFd};

pub(crate) use bell::{Bell, first_piece, poll_any, timespec};
pub(crate) use deadline::Deadline;
pub(crate) use parker::Parker;
pub(crate) use rule::Rule;
pub(crate) use threads::{Purpose, Threads};

/// Whether the core obeys `rule`: always here; only the models switch a rule off.
pub(crate) const fn holds(_: Rule) -> bool {
    true
}

/// A lock that a panic does not poison: every change of the guarded state is made by code that
/// can't panic half-way.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock if it is free; `None` if another thread holds it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A condition variable whose waits end at an absolute deadline.
///
/// Waking costs a system call even if no thread sleeps. A connection that begins or ends notifies
/// several of these, and seldom does a thread sleep on one: so the sleepers are counted, and a
/// notification without sleepers costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    inner: std::sync::Condvar,
    /// Threads between the start and the end of a wait. A sleeper is counted while it still holds
    /// the lock it waits with: so a thread that changes the state under that lock and notifies
    /// afterwards can't miss it.
    sleepers: AtomicUsize,
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Condvar::default()
    }

    /// Sleeps until notified or until the deadline. Spurious wake-ups happen: the caller checks its
    /// condition again.
    pub(crate) fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        self.sleepers.fetch_add(1, Ordering::Relaxed);
        let guard = match deadline {
            None => self.inner.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let rest = deadline.saturating_duration_since(now());
                self.inner.wait_timeout(guard, rest).unwrap_or_else(PoisonError::into_inner).0
            }
        };
        self.sleepers.fetch_sub(1, Ordering::Relaxed);
        guard
    }

    /// Wakes one sleeper. Call it after changing, under the lock, the state that the sleeper waits
    /// for.
    pub(crate) fn notify_one(&self) {
        if self.has_sleepers() {
            self.inner.notify_one();
        }
    }

    /// Wakes every sleeper. Call it after changing, under the lock, the state that the sleepers
    /// wait for.
    pub(crate) fn notify_all(&self) {
        if self.has_sleepers() {
            self.inner.notify_all();
        }
    }

    fn has_sleepers(&self) -> bool {
        self.sleepers.load(Ordering::Relaxed) > 0
    }
}

/// The present moment of the monotonic clock.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Whether the process runs so many threads that an idle one should end instead of being kept for
/// later.
pub(crate) fn are_threads_scarce() -> bool {
    Threads::of_process().are_scarce()
}

/// The number of this process. A child made by `fork` has another, which is how its copies of the
/// handles are told.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// A number that is hard to guess and is most likely not used twice: the standard library seeds its
/// hash tables from the system's random numbers.
pub(crate) fn random() -> u64 {
    std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), process_id())
}

/// Lets other threads that are ready run first.
pub(crate) fn yield_now() {
    std::thread::yield_now();
}

/// Starts a thread called `name` for a connection's own work (`Purpose::Own`). No thread joins it.
///
/// `stack` is the size in bytes; `None` means the platform's default. Fails if the process already
/// runs as many threads as it may.
pub(crate) fn spawn(
    name: String,
    stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    spawn_for(Purpose::Own, name, stack, body)
}

/// Starts a thread called `name` for `purpose`; otherwise as `spawn`.
pub(crate) fn spawn_for(
    purpose: Purpose,
    name: String,
    stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    spawn_boxed(purpose, name, stack, Box::new(body))
}

/// The body is boxed, because the standard library's side of a thread is a thousand lines of
/// intermediate code for each type of body.
fn spawn_boxed(
    purpose: Purpose,
    name: String,
    stack: Option<usize>,
    body: Box<dyn FnOnce() + Send>,
) -> io::Result<()> {
    let seat = Threads::of_process().seat(purpose)?;
    let body = move || {
        // The seat is given back when the thread's body is over, by a panic too.
        let _until_it_ends = seat;
        body();
    };
    let builder = std::thread::Builder::new().name(name);
    let builder = match stack {
        Some(bytes) => builder.stack_size(bytes),
        None => builder,
    };
    builder.spawn(body).map(drop)
}
