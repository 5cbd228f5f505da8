//! What all connections of a process share: threads, places, the watchman, stacks, descriptors.

mod debit;
// It asks Linux which sockets are open.
#[cfg(target_os = "linux")]
mod descripteurs;
mod inactivite;
mod mandataires;
mod piles;
mod places;
mod programmes;

use std::time::Duration;

/// Longest time for a test.
const LIMIT: Duration = Duration::from_secs(30);
