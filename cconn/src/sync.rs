//! The threads, locks and clock that the connection core is built on.
//!
//! The core names nothing of `std::sync` or `std::thread` that blocks: the model checker compiles
//! the same core against a `sync` of its own, where a scheduler decides who runs.

mod deadline;
mod rule;

use std::io;
use std::sync::PoisonError;
use std::time::Instant;

pub(crate) use std::sync::MutexGuard;
pub(crate) use std::thread::LocalKey;
pub(crate) use std::thread_local;

pub(crate) use deadline::Deadline;
pub(crate) use rule::Rule;

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
}

/// A condition variable with an absolute deadline.
#[derive(Debug, Default)]
pub(crate) struct Condvar(std::sync::Condvar);

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
        match deadline {
            None => self.0.wait(guard).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let rest = deadline.saturating_duration_since(now());
                self.0.wait_timeout(guard, rest).unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// The present moment.
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Lets other threads run that are ready to.
pub(crate) fn yield_now() {
    std::thread::yield_now();
}

/// Starts a thread of that name that nobody joins; its stack has the platform's default size
/// where `stack` is `None`.
pub(crate) fn spawn(
    name: String,
    stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    let builder = std::thread::Builder::new().name(name);
    let builder = match stack {
        Some(bytes) => builder.stack_size(bytes),
        None => builder,
    };
    builder.spawn(body).map(drop)
}
