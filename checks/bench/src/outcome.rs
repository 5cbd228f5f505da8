//! The one error type of a program that only prints its errors.

use std::error::Error;

/// What may have gone wrong, for a person to read.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

pub(crate) type Outcome<T> = Result<T, Failure>;

/// The error of a peer that was asked for a work it does not offer.
pub(crate) fn unsupported<T>() -> Outcome<T> {
    Err("this peer has no such work".into())
}

/// Fails where a peer answered with another value than the right one: a benchmark of wrong
/// answers measures nothing.
pub(crate) fn expect<T: PartialEq + std::fmt::Debug>(found: &T, wanted: &T) -> Outcome<()> {
    if found == wanted {
        return Ok(());
    }
    Err(format!("the answer is {found:?}, not {wanted:?}").into())
}
