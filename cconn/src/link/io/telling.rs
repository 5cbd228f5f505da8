//! Calling the program's wakers, with nothing locked.
//!
//! A waker is called by the thread that has routed the answer, which may be in the middle of a wait
//! of its own. So the waker's code must not wait on a connection: what would have to wait is
//! refused instead. A waker that causes further calls of wakers does not nest them: they are called
//! after it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use super::lock::Locked;
use crate::link::core::failure::Failure;
use crate::sync::thread_local;

thread_local! {
    /// Whether the thread is calling wakers.
    static TELLS: Cell<bool> = const { Cell::new(false) };
    /// Wakers to call after the present one.
    static NEXT: RefCell<Vec<Waker>> = const { RefCell::new(Vec::new()) };
}

/// Whether the calling thread is inside a waker that this crate called.
#[inline]
pub(crate) fn is_telling() -> bool {
    TELLS.try_with(Cell::get).unwrap_or(false)
}

/// Fails inside a waker, where no thread may wait.
#[inline]
pub(in super::super) fn may_wait() -> Result<(), Failure> {
    if is_telling() { Err(Failure::InsideWaker) } else { Ok(()) }
}

/// Calls wakers of the program's. Inside one of them they are called after it.
pub(crate) fn tell(wakers: Vec<Waker>) {
    if is_telling() {
        // Without the thread's locals `is_telling` is false.
        let _no_locals = NEXT.try_with(|next| next.borrow_mut().extend(wakers));
        return;
    }
    let _no_locals = TELLS.try_with(|tells| tells.set(true));
    let mut wakers = wakers;
    while !wakers.is_empty() {
        wakers.into_iter().for_each(tell_one);
        wakers = NEXT.try_with(RefCell::take).unwrap_or_default();
    }
    let _no_locals = TELLS.try_with(|tells| tells.set(false));
}

/// Calls one waker. A panic ends nothing but that call: the panic hook has shown it already.
fn tell_one(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        drop_payload(payload);
    }
}

/// Drops what a panic has left, which may panic again. That second payload is leaked.
#[cold]
fn drop_payload(payload: Box<dyn Any + Send>) {
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
}

impl Locked<'_> {
    /// Has the followers called whose calls are ready, on this thread, which has just given the
    /// helm back. What they run is the program's code, so other threads are offered the helm first.
    #[cold]
    pub(super) fn call_followers(&mut self) {
        self.wake_followers();
        self.pass_on();
        self.unlocked(|| {});
    }
}
