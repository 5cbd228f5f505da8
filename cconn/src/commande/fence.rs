//! The fence around the program's code: a panic in it harms nothing of ours.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs user code; `None` where it panicked.
#[inline]
pub(crate) fn fence<T>(run: impl FnOnce() -> T) -> Option<T> {
    fence_telling(run).ok()
}

/// Runs user code; what a panic in it said, where it said so in a text.
#[inline]
pub(super) fn fence_telling<T>(run: impl FnOnce() -> T) -> Result<T, Option<String>> {
    catch_unwind(AssertUnwindSafe(run)).map_err(told)
}

/// The text of a panic's payload.
///
/// The payload is the user's too, and may panic when it is dropped: then it is leaked.
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
