//! What the tests share that look at cconn from outside: a watchdog, hexadecimal, the examples.
//!
//! The tests themselves stand in the files beside this crate.

pub mod hex;
pub mod programs;
mod watchdog;

pub use watchdog::with_watchdog;
