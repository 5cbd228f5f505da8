//! The program `cconn`: calls, lists, loads and watches cconn peers from a terminal.
//!
//! Each verb is a module of `verbs`; all of them need a connection, which `dial` makes, the peer's
//! description, which `remote` asks for, and values of its types, which `value` makes from words and
//! JSON.

mod arguments;
mod dial;
mod failure;
mod near;
mod options;
mod output;
mod progress;
mod remote;
mod stream;
mod value;
mod verbs;

use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse_from(options::first(std::env::args_os()));
    match verbs::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(&failure);
            ExitCode::from(failure.code())
        }
    }
}
