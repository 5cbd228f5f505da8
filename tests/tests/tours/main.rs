//! Commands while they run: what they may wait for, what may run beside them, who is told of them.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

mod admission;
mod circles;
mod failures;
mod given_up;
mod inside;
mod later;
mod parallel;
mod progress;
mod progress_raw;
mod question;
mod rings;
mod whereabouts;

use std::time::Duration;

use cconn_tests::Running;

/// Far more than any of these tests takes.
const LIMIT: Duration = Duration::from_secs(20);
