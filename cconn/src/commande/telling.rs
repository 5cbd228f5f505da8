//! Telling a tracing subscriber and a metrics recorder of connections and commands, if the features
//! for that are on. Without them every function here is empty, and a command pays nothing.
//!
//! This module knows neither what is recorded nor where it goes.

#[cfg(feature = "metrics")]
mod meters;
#[cfg(not(any(feature = "tracing", feature = "metrics")))]
mod silent;
#[cfg(feature = "tracing")]
mod spans;
#[cfg(any(feature = "tracing", feature = "metrics"))]
mod told;

#[cfg(not(any(feature = "tracing", feature = "metrics")))]
use silent as how;
#[cfg(any(feature = "tracing", feature = "metrics"))]
use told as how;

pub(super) use how::telling;
pub(crate) use how::{begin_connection, end_connection, refused};

/// Whether anything is told.
pub(crate) const TELLS: bool = cfg!(any(feature = "tracing", feature = "metrics"));
