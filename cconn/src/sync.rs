//! The threads, locks and clock that the connection core is built on.
//!
//! The core names nothing of `std::sync` or `std::thread` that blocks: the model checker compiles
//! the same core against a `sync` of its own, where a scheduler decides who runs.

mod bell;
mod deadline;
mod rule;
mod threads;

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, TryLockError};
use std::time::Instant;

pub(crate) use std::sync::MutexGuard;
pub(crate) use std::thread::LocalKey;
pub(crate) use std::thread_local;

pub(crate) use bell::{Bell, first_piece, poll_any, timespec};
pub(crate) use deadline::Deadline;
pub(crate) use rule::Rule;
pub(crate) use threads::{Purpose, Threads};

/// Whether that rule holds: always, except in the models.
pub(crate) const fn holds(_: Rule) -> bool {
    true
}

/// A lock that a panic does not spoil: the state it guards is changed only by code that can't
/// panic half-way.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(std::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(std::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lock, unless somebody has it.
    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// A condition variable with an absolute deadline.
///
/// Waking costs a system call even where nobody sleeps, and a connection that begins or ends has
/// several to wake and seldom anybody asleep: so the sleepers are counted.
#[derive(Debug, Default)]
pub(crate) struct Condvar {
    inner: std::sync::Condvar,
    /// Threads between the start of a wait and its end. Counted under the lock that they wait
    /// with, so whoever changes what they wait for, under that lock, sees them counted afterwards.
    sleepers: AtomicUsize,
}

impl Condvar {
    pub(crate) fn new() -> Self {
        Condvar::default()
    }

    /// Sleeps until woken or until the deadline; may also wake for no reason.
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

    /// Wakes one sleeper. To be called after what it waits for was changed under the lock.
    pub(crate) fn notify_one(&self) {
        if self.has_sleepers() {
            self.inner.notify_one();
        }
    }

    /// Wakes every sleeper. To be called after what they wait for was changed under the lock.
    pub(crate) fn notify_all(&self) {
        if self.has_sleepers() {
            self.inner.notify_all();
        }
    }

    fn has_sleepers(&self) -> bool {
        self.sleepers.load(Ordering::Relaxed) > 0
    }
}

/// The present moment.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Whether so many threads run that none should be kept for later.
pub(crate) fn are_threads_scarce() -> bool {
    Threads::of_process().are_scarce()
}

/// The number of this process, which a child made by `fork` does not share.
pub(crate) fn process_id() -> u32 {
    std::process::id()
}

/// Lets other threads run that are ready to.
pub(crate) fn yield_now() {
    std::thread::yield_now();
}

/// Starts a thread of that name that nobody joins; its stack has the platform's default size
/// where `stack` is `None`. Fails where the process has as many as it may.
pub(crate) fn spawn(
    name: String,
    stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    spawn_for(Purpose::Own, name, stack, body)
}

/// The same, for that purpose.
pub(crate) fn spawn_for(
    purpose: Purpose,
    name: String,
    stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let seat = Threads::of_process().seat(purpose)?;
    let body = move || {
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
