//! Model checks of cconn's connection core.
//!
//! The real source of `wire`, `link` and the in-memory transport is compiled here against a
//! `sync` whose threads, locks and clock belong to a model checker (shuttle). Each scenario runs
//! under many schedules; each rule of the core that is said to be needed is switched off once,
//! and a scenario must then fail.
//!
//!     cargo run --release -- [--schedules N] [--seed S] [--only NAME] [--json] [--dump]

mod arguments;
mod channels;
mod commands;
mod follow;
mod lanes;
mod ledger;
mod line;
mod op;
mod progress;
mod promises;
mod report;
mod rules;
mod runner;
mod scenarios;
mod schedule;
mod speaker;
mod streams;
mod sync;
mod world;

/// The core's own files, as they are.
#[path = "../../../cconn/src"]
#[allow(dead_code, unused_imports, reason = "the models use less of the core than the crate does")]
mod core {
    pub(crate) mod adresse;
    pub(crate) mod body;
    pub(crate) mod copy;
    pub(crate) mod identite;
    pub(crate) mod link;
    pub(crate) mod table;
    pub(crate) mod text;
    pub(crate) mod transport {
        mod memory;
        mod stream;

        pub(crate) use memory::Memory;
        pub(crate) use stream::{End, Input, Ready, Transport};
    }
    pub(crate) mod wire;
}

pub(crate) use crate::core::{adresse, body, copy, identite, link, table, text, transport, wire};

fn main() -> std::process::ExitCode {
    match arguments::Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => report::run(&arguments),
        Err(text) => {
            eprintln!("{text}");
            std::process::ExitCode::from(2)
        }
    }
}
