//! What the tests share that look at cconn from outside: a watchdog and hexadecimal.
//!
//! The tests themselves stand in the files beside this crate.

pub mod hex;
mod watchdog;

pub use watchdog::with_watchdog;
