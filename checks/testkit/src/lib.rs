//! What the tests and the checks of cconn share: a raw peer, hexadecimal, numbers from a seed,
//! programs that run beside a test, a folder, a proxy, a relay that changes bytes, patience, and a
//! watchdog;
//! with the feature `certificates` authorities and what they sign, with `other-tls` peers that speak
//! TLS in their own way.
//!
//! It knows the protocol page and none of cconn's own types: a mistake on one side is not made on
//! the other too.

#[cfg(feature = "certificates")]
pub mod certificates;
mod dice;
mod folder;
pub mod hex;
#[cfg(feature = "other-tls")]
pub mod other_tls;
mod patience;
mod program;
mod proxy;
pub mod raw;
mod relay;
mod watchdog;

pub use dice::Dice;
pub use folder::Folder;
pub use patience::{Stopwatch, quickly, undisturbed, until, until_some};
pub use program::Program;
pub use proxy::{far_away, proxy};
pub use relay::{Carried, Change, Relay};
pub use watchdog::with_watchdog;
