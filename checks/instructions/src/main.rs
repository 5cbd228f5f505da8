//! Pieces of work whose cost is counted, one a run; `cargo xtask bench-check` counts them.
//!
//!     instructions server               serves until its input ends; prints its address first
//!     instructions WORK ADDRESS N       N units of a piece of work over a connection
//!     instructions encode|decode N      N units of a piece of work without one
//!     instructions growth               tables of how cost grows
//!
//! It counts nothing but time by itself, and only for `growth`: instructions are counted from
//! outside.

mod commands;
// Windows does not tell safe code what a process has cost.
#[cfg(not(windows))]
mod growth;
mod pieces;
mod raw;
#[cfg(not(windows))]
mod tables;
mod work;

use std::process::ExitCode;

use pieces::{body, copy};

// The tests of the layers in `pieces` look for these here; clippy builds them, nobody runs them.
#[cfg(test)]
use cconn::{Octets, OctetsRef};

const USAGE: &str = "\
usage: instructions server
       instructions appel|envoi|differe|echo64k ADDRESS N
       instructions encode|decode N
       instructions growth";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Some(Ok(())) => ExitCode::SUCCESS,
        Some(Err(error)) => {
            eprintln!("instructions: {error}");
            ExitCode::FAILURE
        }
        None => {
            eprintln!("{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// Does what the words say; `None` where they say nothing.
fn run(words: &[&str]) -> Option<cconn::Resultat<()>> {
    match words {
        ["server"] => Some(commands::serve()),
        #[cfg(not(windows))]
        ["growth"] => Some(growth::print()),
        [name, count] => {
            let piece = pieces::find(name)?;
            piece(count.parse().ok()?);
            Some(Ok(()))
        }
        [name, address, count] => {
            let work = work::find(name)?;
            Some(work::run(work, address, count.parse().ok()?))
        }
        _ => None,
    }
}
