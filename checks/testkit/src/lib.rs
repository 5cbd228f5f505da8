//! What the tests and the checks of cconn share: a raw peer, hexadecimal, numbers from a seed,
//! programs that run beside a test, and a watchdog.
//!
//! It knows the protocol page and none of cconn's own types: a mistake on one side is not made on
//! the other too.

mod dice;
pub mod hex;
mod program;
pub mod raw;
mod watchdog;

pub use dice::Dice;
pub use program::Program;
pub use watchdog::with_watchdog;
