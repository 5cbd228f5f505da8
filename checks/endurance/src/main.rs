//! The endurance runner: tests that take long, kill processes, or need many of something.
//!
//! Each test runs in a child process of its own, so that a hang or a crash costs one test; the
//! parent enforces the time limit and says what every thread was doing. `cargo xtask endurance`
//! builds and starts it.

mod catalogue;
mod child;
mod commands;
mod count;
mod evidence;
mod helper;
mod host;
mod options;
mod parent;
mod proxy;
mod raw;
mod report;
mod run;
mod sockets;
mod times;

mod broadcast;
mod busy;
mod chaos;
mod crowd;
mod cut;
mod deaf;
mod flood;
mod gone;
mod injected;
mod inside;
mod kill;
mod nested;
mod network;
mod order;
mod panics;
mod slow;
mod stop;
mod system;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.split_first() {
        Some((word, rest)) if word == child::WORD => child::run(rest),
        Some((word, rest)) if word == helper::WORD => helper::run(rest),
        _ => match options::Options::parse(&args) {
            Ok(options) => parent::run(&options),
            Err(reason) => {
                eprintln!("endurance: {reason}\n{}", options::USAGE);
                ExitCode::from(2)
            }
        },
    }
}
