//! The project's own chores: `cargo xtask ci`, `cargo xtask tidy` and `cargo xtask endurance`.
//!
//! Only the standard library is used, so that the judge of the tree costs the tree nothing.

mod ci;
mod endurance;
mod source;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
usage:
  cargo xtask ci [STEP...]   everything that must hold before a change lands, or only those steps
  cargo xtask tidy           the rules that no compiler checks
  cargo xtask endurance ...  the tests that take long, kill processes, need many of something;
                             --short for a tenth of them, --only ID[,ID], --list, --json";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.split_first() {
        Some((chore, steps)) if chore == "ci" => ci::run(&root(), steps),
        Some((chore, [])) if chore == "tidy" => tidy::chore(&root()),
        Some((chore, options)) if chore == "endurance" => endurance::run(&root(), options),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("xtask: {reason}");
            ExitCode::FAILURE
        }
    }
}

/// The folder of the workspace, wherever the command was given.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// The cargo that runs us, so that every step uses the same toolchain.
fn cargo() -> std::process::Command {
    std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}
