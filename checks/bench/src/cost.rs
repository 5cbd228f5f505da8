//! What a user of a library pays before the first call: crates, seconds of compiling, bytes.
//!
//! It builds the programs of the folder `cost`, one for each peer: a server, a client, one call.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::machine;
use crate::outcome::Outcome;
use crate::peer::{Figure, Unit};

/// The benchmark's folder, where its lock file and these programs are.
const FOLDER: &str = env!("CARGO_MANIFEST_DIR");

/// Whether there is a smallest program with that peer.
pub(crate) fn has(peer: &str) -> bool {
    Path::new(FOLDER).join("cost").join(peer).is_dir()
}

/// Builds the smallest program from nothing, with what cargo has fetched already.
pub(crate) fn measure(peer: &str) -> Outcome<Vec<Figure>> {
    let target = Path::new(FOLDER).join("target/cost").join(peer);
    remove(&target)?;
    let (start, used) = (Instant::now(), machine::children_cpu_time()?);
    let program = build(peer, &target);
    let seconds = start.elapsed().as_secs_f64();
    let cpu = machine::children_cpu_time()?.saturating_sub(used);
    let bytes = program.and_then(|program| Ok(std::fs::metadata(program)?.len()));
    remove(&target)?;
    let figure = |name: &'static str, value, unit| Figure { name: name.into(), value, unit };
    Ok(vec![
        figure("crates", crates(peer)? as f64, Unit::Crates),
        figure("build", seconds, Unit::Seconds),
        figure("build, CPU time", cpu.as_secs_f64(), Unit::Seconds),
        figure("size", bytes? as f64 / 1024.0, Unit::Kib),
    ])
}

fn remove(folder: &Path) -> Outcome<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// A stripped release build, as its profile in `Cargo.toml` has it: where the program is.
fn build(peer: &str, target: &Path) -> Outcome<PathBuf> {
    let name = format!("cost-{peer}");
    let mut cargo = cargo(&["build", "--quiet", "--profile", "cost", "--package", &name]);
    let status = cargo.arg("--target-dir").arg(target).status()?;
    if !status.success() {
        return Err(format!("{name} does not build").into());
    }
    Ok(target.join("cost").join(name))
}

/// Crates that are compiled for the program, itself not counted.
fn crates(peer: &str) -> Outcome<usize> {
    let name = format!("cost-{peer}");
    let output =
        cargo(&["tree", "--edges", "normal,build", "--prefix", "none", "--package", &name])
            .args(["--format", "{p}"])
            .stderr(Stdio::inherit())
            .output()?;
    if !output.status.success() {
        return Err(format!("the tree of {name} can't be listed").into());
    }
    let text = String::from_utf8(output.stdout)?;
    let crates = text.lines().map(|line| line.trim_end_matches(" (*)"));
    let crates: std::collections::BTreeSet<&str> =
        crates.filter(|line| !line.is_empty() && !line.starts_with(&name)).collect();
    Ok(crates.len())
}

/// The compiler that builds them, by its name and version.
pub(crate) fn compiler() -> Outcome<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").current_dir(FOLDER).output()?;
    let text = String::from_utf8(output.stdout)?;
    Ok(text.split(" (").next().unwrap_or(&text).trim().to_owned())
}

fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words).args(["--locked", "--offline"]).current_dir(FOLDER).stdin(Stdio::null());
    command
}
