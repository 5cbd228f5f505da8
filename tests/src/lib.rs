//! What the tests share that look at cconn from outside: a watchdog, hexadecimal, a raw peer, and
//! valid bytes gone wrong in every possible place.
//!
//! The tests themselves stand in the files beside this crate.

pub mod hex;
pub mod mutation;
pub mod raw;
mod watchdog;

pub use watchdog::with_watchdog;
