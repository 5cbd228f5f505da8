//! Telling a tracing subscriber of the calls that this side makes, if the feature for that is on.
//! Without it nothing here does anything, and a call pays nothing.
//!
//! What is told of connections and of the commands that run here stands in `commande/telling`.

#[cfg(not(feature = "tracing"))]
mod silent;
#[cfg(feature = "tracing")]
mod spans;

#[cfg(not(feature = "tracing"))]
use silent as how;
#[cfg(feature = "tracing")]
use spans as how;

pub(super) use how::{Told, called, deferred};
#[cfg(feature = "tracing")]
pub(crate) use spans::{note_trace, number};
