//! The examples as programs: built once, found wherever cargo puts them, and talked to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

pub use testkit::Program as Running;

/// The program of that example, built if it is not up to date.
///
/// # Panics
/// If the examples can't be built, or if there is none of that name.
///
/// # Blocking
/// While cargo builds. `cargo test` at the root of the workspace has built the examples already.
#[must_use]
pub fn example(name: &str) -> PathBuf {
    static BUILT: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    let programs = BUILT.get_or_init(build);
    programs.get(name).unwrap_or_else(|| panic!("there is no example `{name}`")).clone()
}

/// Cargo, started at the root of the workspace, as a user starts it there.
#[must_use]
pub fn cargo() -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    cargo
}

/// Builds the examples with the choices of the build that this is part of, so that nothing is
/// built twice: all packages, and the same profile.
fn build() -> HashMap<String, PathBuf> {
    let mut cargo = cargo();
    cargo.args(["build", "--workspace", "--examples", "--quiet", "--message-format=json"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    let output = cargo.stderr(Stdio::inherit()).output().expect("cargo can be started");
    assert!(output.status.success(), "the examples can't be built: {}", output.status);
    let report = String::from_utf8_lossy(&output.stdout);
    let programs = report.lines().filter_map(program).map(PathBuf::from);
    programs.filter_map(|path| Some((path.file_stem()?.to_str()?.to_owned(), path))).collect()
}

/// The program that a line of cargo's report names.
fn program(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("\"executable\":\"")?;
    Some(rest.split_once('"')?.0)
}

/// Starts an example.
///
/// # Panics
/// If it can't be started.
#[must_use]
pub fn start(name: &str, arguments: &[&str]) -> Running {
    Running::of(Command::new(example(name)).args(arguments))
}
