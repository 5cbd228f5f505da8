//! The fence around the program's code: a panic in that code harms nothing of the library.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the program's code; `None` if it panicked.
#[inline]
pub(crate) fn fence<T>(run: impl FnOnce() -> T) -> Option<T> {
    fence_telling(run).ok()
}

/// Runs the program's code. If it panicked, the error is the panic's text, if there is one.
#[expect(clippy::inline_always, reason = "it is around every command that runs")]
#[inline(always)]
pub(super) fn fence_telling<T>(run: impl FnOnce() -> T) -> Result<T, Option<String>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(told)
}

/// The text of a panic's payload.
///
/// The payload's type is the user's too, and dropping it may panic. The payload of that second
/// panic is leaked, because dropping it might panic again.
#[cold]
fn told(payload: Box<dyn Any + Send>) -> Option<String> {
    let text = match payload.downcast_ref::<&str>() {
        Some(text) => Some((*text).to_owned()),
        None => payload.downcast_ref::<String>().cloned(),
    };
    if let Err(second) = catch_unwind(AssertUnwindSafe(|| drop(payload))) {
        std::mem::forget(second);
    }
    text
}
