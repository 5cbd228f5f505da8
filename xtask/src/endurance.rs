//! Builds and starts the endurance runner, in release.

use std::path::Path;
use std::process::Stdio;

/// Runs it with those options.
pub(crate) fn run(root: &Path, options: &[String]) -> Result<(), String> {
    let mut command = crate::cargo();
    command.args(["run", "--quiet", "--release", "--package", "cconn-endurance", "--"]);
    command.args(options).current_dir(root).stdin(Stdio::null());
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("endurance: {status}")),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}

/// The short run, which is part of what must hold before a change lands.
pub(crate) fn short(root: &Path) -> Result<(), String> {
    run(root, &["--short".to_owned()])
}
