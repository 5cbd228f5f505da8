//! The program `cconn`: calls, lists, loads and watches cconn peers from a terminal.
//!
//! Each verb is a module of `verbs`; all of them need a connection, which `dial` makes, the peer's
//! description, which `remote` asks for, and values of its types, which `value` makes from words and
//! JSON.

mod arguments;
mod dial;
mod failure;
mod interrupt;
mod near;
mod options;
mod output;
mod progress;
#[cfg(feature = "securite")]
mod proofs;
mod reading;
mod remote;
mod stream;
mod usage;
mod value;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use failure::Outcome;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse_from(options::first(std::env::args_os())) {
        Ok(arguments) => arguments,
        Err(answer) => return ended(usage::answered(&answer)),
    };
    let ran = verbs::run(&arguments);
    interrupt::end_started();
    ended(ran)
}

fn ended(ran: Outcome<()>) -> ExitCode {
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::from(failure.code())
        }
    }
}
