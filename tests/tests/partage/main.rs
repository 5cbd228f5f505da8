//! What all connections of a process share: threads, places, the watchman, stacks, descriptors.

mod debit;
mod descripteurs;
mod inactivite;
mod piles;
mod places;

use std::time::Duration;

/// Longest time for a test.
const LIMIT: Duration = Duration::from_secs(30);
