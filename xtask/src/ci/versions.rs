//! Versions and features: what the manifests promise of compilers and dependencies.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use super::step::{Outcome, judge, succeeds};
use super::tools;

/// The crates that users build.
const CRATES: [&str; 2] = ["cconn", "cconn-macros"];

/// Each set of features compiles.
pub(super) fn features(root: &Path) -> Outcome {
    let program = match tools::HACK.find(root) {
        Ok(program) => program,
        Err(reason) => return Outcome::Skipped(reason),
    };
    let mut command = Command::new(program);
    command.args(["hack", "check", "--feature-powerset", "--package", CRATES[0]]);
    command.args(["--package", CRATES[1]]);
    outcome(command.current_dir(root))
}

/// The crates compile with the oldest versions of their dependencies that the manifests allow.
///
/// Only the direct ones are old: what those need is their own matter. The stable cargo picks such
/// versions where it is told to take itself for an unstable one; the compiler is not told.
pub(super) fn minimal(root: &Path) -> Outcome {
    let copy = root.join("target/minimal");
    if let Err(error) = copy_crates(root, &copy) {
        return Outcome::Failed(format!("cannot copy the crates: {error}"));
    }
    let mut choose = crate::cargo();
    choose.args(["-Z", "direct-minimal-versions", "generate-lockfile", "--quiet"]);
    choose.env("RUSTC_BOOTSTRAP", "1");
    if let Err(reason) = judge(choose.current_dir(&copy).stdin(Stdio::null()).status()) {
        return Outcome::Failed(format!("no oldest versions fit: {reason}"));
    }
    let mut check = crate::cargo();
    check.args(["check", "--locked", "--workspace", "--target-dir"]);
    check.arg(root.join("target/minimal-build"));
    outcome(check.current_dir(&copy))
}

/// A workspace of the two crates alone: the lock file of the real one stays as it is.
fn copy_crates(root: &Path, copy: &Path) -> io::Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy)?;
    }
    fs::create_dir_all(copy)?;
    for name in CRATES {
        copy_folder(&root.join(name), &copy.join(name))?;
    }
    let manifest = fs::read_to_string(root.join("Cargo.toml"))?;
    let members = |line: &str| line.starts_with("members = ");
    let lines = manifest
        .lines()
        .map(|line| if members(line) { format!("members = {CRATES:?}") } else { line.to_owned() });
    fs::write(copy.join("Cargo.toml"), lines.collect::<Vec<_>>().join("\n"))
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// The crates compile with the compiler that `rust-version` names, where it is installed.
pub(super) fn oldest(root: &Path) -> Outcome {
    let manifest = fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let version = manifest.lines().find_map(|line| line.strip_prefix("rust-version = "));
    let Some(version) = version.map(|version| version.trim_matches('"')) else {
        return Outcome::Failed("Cargo.toml names no rust-version".to_owned());
    };
    let rustup = || {
        let mut command = Command::new("rustup");
        command.env("RUSTUP_AUTO_INSTALL", "0").args(["run", version]);
        command
    };
    if !succeeds(rustup().args(["rustc", "--version"])) {
        return Outcome::Skipped(format!(
            "Rust {version} is not installed; only clippy's incompatible_msrv speaks for it"
        ));
    }
    let mut command = rustup();
    command.args(["cargo", "check", "--package", CRATES[0], "--target-dir"]);
    // What the running cargo says of its own toolchain is not meant for the other.
    for name in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    outcome(command.arg(root.join("target/oldest")).current_dir(root))
}

/// What was published last is not broken without a new version that says so.
pub(super) fn semver(root: &Path) -> Outcome {
    let Some(tag) = last_release(root) else {
        return Outcome::Skipped("there is no release yet: no tag v*".to_owned());
    };
    if !succeeds(crate::cargo().args(["semver-checks", "--version"])) {
        let how = "cargo install --locked cargo-semver-checks";
        return Outcome::Skipped(format!("cargo-semver-checks is not installed: {how}"));
    }
    let mut command = crate::cargo();
    command.args(["semver-checks", "--package", CRATES[0], "--baseline-rev", &tag]);
    outcome(command.current_dir(root))
}

fn last_release(root: &Path) -> Option<String> {
    let mut git = Command::new("git");
    git.args(["describe", "--tags", "--abbrev=0", "--match", "v[0-9]*"]);
    let output = git.current_dir(root).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let tag = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !tag.is_empty()).then_some(tag)
}

fn outcome(command: &mut Command) -> Outcome {
    let done = judge(command.stdin(Stdio::null()).status());
    done.map_or_else(Outcome::Failed, |()| Outcome::Passed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_a_workspace_of_the_two_crates() {
        let copy = std::env::temp_dir().join(format!("cconn-minimal-{}", std::process::id()));
        copy_crates(&crate::root(), &copy).expect("they can be copied");
        let manifest = fs::read_to_string(copy.join("Cargo.toml")).expect("it has a manifest");
        let has_source = copy.join("cconn/src/lib.rs").is_file();
        fs::remove_dir_all(&copy).expect("the folder was made");
        assert!(has_source && manifest.contains("members = [\"cconn\", \"cconn-macros\"]"));
        assert!(manifest.contains("[workspace.dependencies]"), "{manifest}");
    }
}
