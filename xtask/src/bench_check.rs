//! `cargo xtask bench-check`: instructions a unit of each piece of work, against the figures that
//! are committed.
//!
//! Instructions are counted by valgrind, so neither other programs nor the clock change them
//! much. Each piece of work is run with a small and a large count: the slope leaves out what
//! starting and stopping cost.

mod callgrind;
mod figures;
mod parts;
mod work;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use figures::{Figures, Verdict};

const FIGURES: &str = "checks/instructions/figures.txt";

/// What a person may ask for.
const FLAGS: &[&str] = &["--bless", "--parts"];

/// Counts all work and compares, or rewrites the figures, or shows where instructions go.
pub(crate) fn run(root: &Path, flags: &[String]) -> Result<(), String> {
    if let Some(unknown) = flags.iter().find(|flag| !FLAGS.contains(&flag.as_str())) {
        return Err(format!("bench-check knows {}, not `{unknown}`", FLAGS.join(" and ")));
    }
    let Some(valgrind) = version("valgrind") else {
        println!("bench-check: SKIPPED: valgrind is not installed");
        return Ok(());
    };
    build(root)?;
    let folder = root.join("target/bench-check");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let program = root.join("target/release/instructions");
    if flags.iter().any(|flag| flag == "--parts") {
        return parts::print(&program, &folder);
    }
    let mut counted = work::count_all(&program, &folder)?;
    let rustc = version("rustc").unwrap_or_default();
    counted.tools = format!("{rustc}, {}, {valgrind}, {}", std::env::consts::ARCH, counted.tools);
    let path = root.join(FIGURES);
    if flags.iter().any(|flag| flag == "--bless") {
        return fs::write(&path, counted.write()).map_err(|error| format!("{FIGURES}: {error}"));
    }
    let text = fs::read_to_string(&path).map_err(|error| format!("{FIGURES}: {error}"))?;
    judge(&counted, &Figures::parse(&text)?)
}

fn judge(counted: &Figures, committed: &Figures) -> Result<(), String> {
    let rows = counted.compare(committed);
    for row in &rows {
        println!("{row}");
    }
    if counted.tools != committed.tools {
        println!("the figures are of other tools, so nothing is judged:");
        println!("  there: {}\n  here:  {}", committed.tools, counted.tools);
        return Ok(());
    }
    let dearer: Vec<&str> = rows
        .iter()
        .filter(|row| row.verdict != Verdict::Kept && row.verdict != Verdict::Cheaper)
        .map(|row| row.name.as_str())
        .collect();
    if dearer.is_empty() {
        return Ok(());
    }
    Err(format!(
        "dearer, or not to be compared: {}; if that has its reason: cargo xtask bench-check --bless",
        dearer.join(", ")
    ))
}

fn build(root: &Path) -> Result<(), String> {
    // Where the program is looked for.
    let mut cargo = crate::measuring_cargo(&root.join("target"));
    cargo.args(["build", "--release", "--quiet", "--package", "instructions"]).current_dir(root);
    match cargo.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("the pieces of work can't be built: {status}")),
        Err(error) => Err(format!("cargo can't be started: {error}")),
    }
}

/// The first line of what a program says of itself; `None` if it is not there.
fn version(program: &str) -> Option<String> {
    let mut command = Command::new(program);
    let output = command.arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).lines().next()?.trim().to_owned();
    output.status.success().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::figures::Figure;
    use super::*;

    fn figures(tools: &str, instructions: f64) -> Figures {
        let name = "appel".to_owned();
        let figure = Figure { name, instructions, tolerance: 5.0 };
        Figures { tools: tools.to_owned(), all: vec![figure] }
    }

    #[test]
    fn only_what_is_dearer_on_the_same_tools_fails() {
        let committed = figures("a", 100.0);
        assert_eq!(judge(&figures("a", 105.0), &committed), Ok(()));
        assert_eq!(judge(&figures("a", 50.0), &committed), Ok(()));
        assert_eq!(judge(&figures("b", 200.0), &committed), Ok(()));
        assert!(judge(&figures("a", 106.0), &committed).is_err_and(|e| e.contains("appel")));
    }

    #[test]
    fn a_flag_that_does_not_exist_is_an_error() {
        let failure = run(&crate::root(), &["--fast".to_owned()]);
        assert!(failure.is_err_and(|text| text.contains("--fast")));
    }
}
