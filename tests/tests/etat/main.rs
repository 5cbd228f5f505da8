//! What a command finds besides its arguments, and what a connection does without being asked:
//! a client that listens by itself, state and session, groups, hooks.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

mod ailleurs;
mod chiffres;
mod crochets;
mod dernier;
mod ecoute;
mod empruntees;
mod gardes;
mod partage;
mod salons;
mod sessions;

use std::thread;
use std::time::{Duration, Instant};

use cconn_tests::Running;

/// Far more than any of these tests takes.
const LIMIT: Duration = Duration::from_secs(20);

/// Waits until `holds`; false if that takes longer than any of these tests may.
fn soon(holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > LIMIT / 2 {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}
