//! The endurance runner: tests that take long, kill processes, or need many of something.
//!
//! Each test runs in a child process of its own, so that a hang or a crash costs one test; the
//! parent enforces the time limit and says what every thread was doing. `cargo xtask endurance`
//! builds and starts it.
//!
//! Linux only: it asks `/proc` what threads do, takes sockets out of other processes, and shapes
//! networks of its own.

#[cfg(target_os = "linux")]
mod catalogue;
#[cfg(target_os = "linux")]
mod child;
#[cfg(target_os = "linux")]
mod commands;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod company;
#[cfg(target_os = "linux")]
mod count;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod counted;
#[cfg(target_os = "linux")]
mod evidence;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod heard;
#[cfg(target_os = "linux")]
mod helper;
#[cfg(target_os = "linux")]
mod host;
#[cfg(target_os = "linux")]
mod options;
#[cfg(target_os = "linux")]
mod parent;
#[cfg(target_os = "linux")]
mod proxy;
#[cfg(target_os = "linux")]
mod raw;
#[cfg(target_os = "linux")]
mod report;
#[cfg(target_os = "linux")]
mod run;
#[cfg(target_os = "linux")]
mod sockets;
#[cfg(target_os = "linux")]
mod times;
#[cfg(target_os = "linux")]
mod ways;

#[cfg(target_os = "linux")]
mod broadcast;
#[cfg(target_os = "linux")]
mod busy;
#[cfg(target_os = "linux")]
mod chaos;
#[cfg(target_os = "linux")]
mod cheap;
#[cfg(target_os = "linux")]
mod crowd;
#[cfg(target_os = "linux")]
mod cut;
#[cfg(target_os = "linux")]
mod deaf;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod encrypted;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod flood;
#[cfg(target_os = "linux")]
mod gone;
#[cfg(target_os = "linux")]
mod injected;
#[cfg(target_os = "linux")]
mod inside;
#[cfg(target_os = "linux")]
mod kill;
#[cfg(target_os = "linux")]
mod local_sockets;
#[cfg(target_os = "linux")]
mod nested;
#[cfg(target_os = "linux")]
mod network;
#[cfg(target_os = "linux")]
mod order;
#[cfg(target_os = "linux")]
mod panics;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod refusals;
#[cfg(target_os = "linux")]
mod returns;
#[cfg(target_os = "linux")]
mod slow;
#[cfg(target_os = "linux")]
mod stop;
#[cfg(target_os = "linux")]
mod streams;
#[cfg(target_os = "linux")]
mod system;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod tampered;
#[cfg(all(target_os = "linux", feature = "tls"))]
mod unproved;

use std::process::ExitCode;

#[cfg(target_os = "linux")]
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

#[cfg(not(target_os = "linux"))]
fn main() -> ExitCode {
    eprintln!("endurance: these tests need Linux, for they ask /proc what threads and sockets do");
    ExitCode::from(2)
}
