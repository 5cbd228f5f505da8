//! Children made by `fork`, which only Unix has.
//!
//! A child has the thread that forked and no other: that must be the main one, so this program has
//! no harness that starts threads.

#[cfg(unix)]
mod children;

#[cfg(unix)]
use children::main;

#[cfg(not(unix))]
fn main() {
    println!("fork: skipped, for this system has none");
}
