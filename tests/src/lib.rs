//! What the tests share that look at cconn from outside: a server with a client, the examples as
//! programs, valid bytes gone wrong everywhere, and what the checks share with them (`testkit`).
//!
//! The tests themselves stand in the files beside this crate.

#[cfg(doctest)]
mod guide;
mod local;
pub mod mutation;
pub mod programs;
mod running;

pub use local::{first_client, local};
pub use running::Running;
pub use testkit::{
    Change, Folder, Relay, Stopwatch, far_away, hex, proxy, quickly, raw, undisturbed, until,
    until_some, with_watchdog,
};
#[cfg(feature = "securite")]
pub use testkit::{certificates, other_tls};

/// How many messages the program `departs` sends before it ends.
pub const LINES: usize = 200;

/// How many messages of 4 KiB it sends where they are to be more than a socket takes whose peer reads
/// nothing: some 64 KiB.
pub const LONG_LINES: usize = 40;
