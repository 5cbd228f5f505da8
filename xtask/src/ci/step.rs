//! One step: what it runs, what it needs, how it ended.

use std::io;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

/// Names and values that a step adds to its environment.
type Environment = &'static [(&'static str, &'static str)];

/// The variable with the folder that cargo builds in.
const TARGET_FOLDER: &str = "CARGO_TARGET_DIR";

#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    name: &'static str,
    action: Action,
    environment: Environment,
    /// Test binaries that cargo is told to run, besides what the arguments name.
    tests: &'static [&'static str],
    need: Need,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    /// Runs cargo with these arguments.
    Cargo(&'static [&'static str]),
    /// Runs a chore of this program on the root of the repository.
    Chore(fn(&Path) -> Result<(), String>),
    /// The same for a chore that says itself what it lacks.
    Judged(fn(&Path) -> Outcome),
}

/// What a step cannot run without; where it is missing the step is skipped aloud.
#[derive(Clone, Copy, Debug)]
enum Need {
    Nothing,
    Folder(&'static str),
    /// A program beside the toolchain.
    Program(&'static str),
}

/// How a step ended, with the reason where it did not pass.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Skipped(String),
    Failed(String),
}

impl Step {
    const fn new(name: &'static str, action: Action) -> Step {
        Step { name, action, environment: &[], tests: &[], need: Need::Nothing }
    }

    pub(super) const fn cargo(name: &'static str, arguments: &'static [&'static str]) -> Step {
        Step::new(name, Action::Cargo(arguments))
    }

    pub(super) const fn chore(name: &'static str, chore: fn(&Path) -> Result<(), String>) -> Step {
        Step::new(name, Action::Chore(chore))
    }

    pub(super) const fn judged(name: &'static str, chore: fn(&Path) -> Outcome) -> Step {
        Step::new(name, Action::Judged(chore))
    }

    pub(super) const fn with(self, environment: Environment) -> Step {
        Step { environment, ..self }
    }

    /// Adds `--test NAME` for each of these test binaries to what cargo is told.
    pub(super) const fn testing(self, tests: &'static [&'static str]) -> Step {
        Step { tests, ..self }
    }

    pub(super) const fn if_folder(self, folder: &'static str) -> Step {
        Step { need: Need::Folder(folder), ..self }
    }

    pub(super) const fn if_program(self, program: &'static str) -> Step {
        Step { need: Need::Program(program), ..self }
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// The command that a person would type for it.
    pub(super) fn describe(&self) -> String {
        let mut words: Vec<String> =
            self.environment.iter().map(|(name, value)| format!("{name}='{value}'")).collect();
        match self.action {
            Action::Cargo(arguments) => {
                words.push("cargo".to_owned());
                words.extend(
                    arguments
                        .iter()
                        .chain(&test_arguments(self.tests))
                        .map(|word| (*word).to_owned()),
                );
            }
            Action::Chore(_) => words.push(format!("cargo xtask {}", self.name)),
            Action::Judged(_) => words.push(format!("cargo xtask ci {}", self.name)),
        }
        words.join(" ")
    }

    pub(super) fn run(&self, root: &Path) -> Outcome {
        if let Some(reason) = self.need.missing(root) {
            return Outcome::Skipped(reason);
        }
        let done = match self.action {
            Action::Cargo(arguments) => {
                let arguments = [arguments, &test_arguments(self.tests)].concat();
                run_cargo(root, &arguments, self.environment)
            }
            Action::Chore(chore) => chore(root),
            Action::Judged(chore) => return chore(root),
        };
        done.map_or_else(Outcome::Failed, |()| Outcome::Passed)
    }
}

impl Need {
    fn missing(self, root: &Path) -> Option<String> {
        match self {
            Need::Folder(name) if !root.join(name).is_dir() => {
                Some(format!("there is no folder {name}/"))
            }
            Need::Program(name) if !succeeds(Command::new(name).arg("--version")) => {
                Some(format!("{name} is not installed"))
            }
            _ => None,
        }
    }
}

/// What tells cargo to run these test binaries.
pub(super) fn test_arguments(tests: &[&'static str]) -> Vec<&'static str> {
    tests.iter().flat_map(|test| ["--test", *test]).collect()
}

fn run_cargo(root: &Path, arguments: &[&str], environment: Environment) -> Result<(), String> {
    let mut command = crate::cargo();
    command.args(arguments).envs(environment.iter().copied());
    // From the root, also for the cargo that a test starts elsewhere.
    let folders = environment.iter().filter(|(name, _)| *name == TARGET_FOLDER);
    command.envs(folders.map(|(name, folder)| (*name, root.join(folder))));
    judge(command.current_dir(root).stdin(Stdio::null()).status())
}

pub(super) fn judge(ended: io::Result<ExitStatus>) -> Result<(), String> {
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(status.to_string()),
        Err(error) => Err(format!("cargo cannot be started: {error}")),
    }
}

pub(super) fn succeeds(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: &[&str] = &["--version"];

    #[test]
    fn a_step_passes_or_fails_with_its_command() {
        let root = crate::root();
        assert_eq!(Step::cargo("x", VERSION).run(&root), Outcome::Passed);
        // A failing cargo would print into the tests' output: only its end is made up here.
        let ended = judge(Ok(ended_with(101)));
        assert!(ended.is_err_and(|text| text.contains("101")));
        assert!(judge(Err(io::ErrorKind::NotFound.into())).is_err());
        let failed = Step::chore("x", |_| Err("broken".to_owned())).run(&root);
        assert_eq!(failed, Outcome::Failed("broken".to_owned()));
    }

    #[cfg(unix)]
    fn ended_with(code: u8) -> ExitStatus {
        std::os::unix::process::ExitStatusExt::from_raw(i32::from(code) << 8)
    }

    #[cfg(windows)]
    fn ended_with(code: u8) -> ExitStatus {
        std::os::windows::process::ExitStatusExt::from_raw(u32::from(code))
    }

    #[test]
    fn a_missing_tool_skips_the_step_and_is_named() {
        let root = crate::root();
        let cases = [
            (Step::cargo("x", VERSION).if_folder("no-such-folder"), "no-such-folder/"),
            (Step::judged("x", |_| Outcome::Skipped("no tool".to_owned())), "no tool"),
            (Step::cargo("x", VERSION).if_program("no-such-program"), "no-such-program"),
        ];
        for (step, what) in cases {
            let Outcome::Skipped(reason) = step.run(&root) else { panic!("{step:?} ran") };
            assert!(reason.contains(what), "{reason}");
        }
        assert_eq!(Step::cargo("x", VERSION).if_folder("xtask").run(&root), Outcome::Passed);
    }

    #[test]
    fn a_step_is_described_as_it_would_be_typed() {
        let step = Step::cargo("x", &["doc", "--no-deps"]).with(&[("A", "b c")]);
        assert_eq!(step.describe(), "A='b c' cargo doc --no-deps");
        assert_eq!(Step::chore("tidy", |_| Ok(())).describe(), "cargo xtask tidy");
    }
}
