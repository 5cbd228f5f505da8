//! What the tests and the checks of cconn share: a raw peer, hexadecimal, numbers from a seed,
//! programs that run beside a test, a proxy, patience, and a watchdog.
//!
//! It knows the protocol page and none of cconn's own types: a mistake on one side is not made on
//! the other too.

mod dice;
pub mod hex;
mod patience;
mod program;
mod proxy;
pub mod raw;
mod watchdog;

pub use dice::Dice;
pub use patience::{Stopwatch, quickly, undisturbed, until, until_some};
pub use program::Program;
pub use proxy::{far_away, proxy};
pub use watchdog::with_watchdog;
