//! What the tests share that look at cconn from outside: a watchdog, hexadecimal, a server with a
//! client, the examples as programs, a raw peer, and valid bytes gone wrong everywhere.
//!
//! The tests themselves stand in the files beside this crate.

#[cfg(doctest)]
mod guide;
pub mod hex;
mod local;
pub mod mutation;
pub mod programs;
pub mod raw;
mod watchdog;

pub use local::local;
pub use watchdog::with_watchdog;

/// How many messages the program `departs` sends before it ends.
pub const LINES: usize = 200;
