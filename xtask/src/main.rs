//! The project's own chores: `cargo xtask ci`, `tidy`, `endurance`, `model`,
//! `fuzz`, `bench-check` and `build-cost`.
//!
//! Rust is read by `syn`, which the macros need anyway; the rest is the standard library's.

mod bench_check;
mod build_cost;
mod ci;
mod fuzz;
mod pictures;
mod source;
mod tidy;

use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "\
usage:
  cargo xtask ci [STEP...]   everything that must hold before a change lands, or only those steps
  cargo xtask tidy           the rules that no compiler checks
  cargo xtask names          writes the tables of docs/NAMES.md
  cargo xtask layers [--write]
                             prints the layers with their rooms, files and arrows; --write
                             writes the table of CONTRIBUTING.md
  cargo xtask rules          the rules of docs/PROTOCOL.md, with the code and the tests that cite them
  cargo xtask endurance [--short] [--json] [--only ID,..]
                             floods, kills, cuts and stops; at most 30 minutes, 4 with --short
  cargo xtask model [--schedules N] [--seed S] [--only NAME] [--json]
                             the connection core under a model checker
  cargo xtask fuzz [--seconds N | --runs N] [--seed N] [--keep] [TARGET..]
                             the fuzz targets on their corpora, and on new inputs for as long as is
                             said; --keep takes what was found into the corpora
  cargo xtask pictures       takes the screens of the terminal program anew, for the guide
  cargo xtask bench-check    instructions of pieces of work against those of checks/instructions/figures.txt;
                             --bless rewrites them, --parts shows where they go
  cargo xtask build-cost     lines of intermediate code of the library against checks/bench/cost/lines.txt;
                             --bless rewrites that";

/// Where the models are.
const MODEL: &[&str] = &["--manifest-path", "checks/model/Cargo.toml"];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.split_first() {
        Some((chore, steps)) if chore == "ci" => ci::run(&root(), steps),
        Some((chore, [])) if chore == "tidy" => tidy::chore(&root()),
        Some((chore, [])) if chore == "names" => tidy::names(&root()),
        Some((chore, flags)) if chore == "layers" => tidy::layers(&root(), flags),
        Some((chore, [])) if chore == "rules" => tidy::rules(&root()),
        Some((chore, rest)) if chore == "endurance" => endurance(rest),
        Some((chore, rest)) if chore == "model" => program(MODEL, rest),
        Some((chore, words)) if chore == "fuzz" => fuzz::run(&root(), words),
        Some((chore, flags)) if chore == "bench-check" => bench_check::run(&root(), flags),
        Some((chore, flags)) if chore == "build-cost" => build_cost::run(&root(), flags),
        Some((chore, [])) if chore == "pictures" => pictures::take(&root()),
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

/// The endurance tests; the whole run has the models explore a million schedules as well.
fn endurance(rest: &[String]) -> Result<(), String> {
    program(&["--package", "cconn-endurance", "--features", "tls"], rest)?;
    if rest.iter().all(|argument| argument == "--json") {
        let schedules = ["--schedules".to_owned(), "1000000".to_owned()];
        program(MODEL, &[&schedules, rest].concat())?;
    }
    Ok(())
}

/// Builds and runs a program of the project, in release mode, with the rest of our arguments.
fn program(which: &[&str], rest: &[String]) -> Result<(), String> {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release"]).args(which).arg("--").args(rest);
    match command.current_dir(root()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("it ended with {status}")),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}

/// The folder of the workspace, wherever the command was given. Cargo names the folder of the
/// package that it runs: a built binary may have come from another copy of the workspace.
fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR");
    let here = here.map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    here.parent().unwrap_or(&here).to_path_buf()
}

/// The cargo that runs us, so that every step uses the same toolchain.
fn cargo() -> std::process::Command {
    std::process::Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Cargo for what is measured: it builds for this machine, into this folder, and takes no flags
/// from outside.
fn measuring_cargo(target: &std::path::Path) -> std::process::Command {
    let mut cargo = cargo();
    cargo.env("CARGO_TARGET_DIR", target).env_remove("CARGO_BUILD_TARGET");
    // Empty, this outranks all other flags, also those of configuration files.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", "").env_remove("RUSTFLAGS");
    cargo
}
