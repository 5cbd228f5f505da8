//! The benchmark: the same works for cconn, for raw sockets and for other libraries.
//!
//! One program in three roles, told apart by its first argument: without one it measures all
//! that was asked for, one case after the other, and starts itself as the client of that case,
//! which starts itself as the server. So server and client are processes of their own, fresh for
//! each measure. What a library needs to take part stands in one file under `peers`.

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmark is Linux only: it pins threads and asks /proc what they cost");

mod args;
mod cost;
mod plan;
mod work;

mod laps;
mod machine;
mod outcome;
mod session;

mod drive;
mod peer;
mod peers;

mod report;
mod roles;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        [roles::SERVER, rest @ ..] => roles::server(rest),
        [roles::CLIENT, rest @ ..] => roles::client(rest),
        all => roles::lead(all),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}
