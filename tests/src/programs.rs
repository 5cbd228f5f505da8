//! The examples as programs: built once, found wherever cargo puts them, and talked to.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{self, Receiver};
use std::thread;

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

/// A program that runs, with its standard input and output in our hands.
#[derive(Debug)]
pub struct Running {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Running {
    /// Starts an example.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    pub fn start(name: &str, arguments: &[&str]) -> Running {
        let mut command = Command::new(example(name));
        Running::of(command.args(arguments))
    }

    /// Starts any program.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    pub fn of(command: &mut Command) -> Running {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program can be started");
        let output = child.stdout.take().expect("the output was asked for");
        let (sender, lines) = mpsc::channel();
        // Read beside the test, so that the program never waits for a reader.
        thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.take_while(|line| sender.send(line.clone()).is_ok()).for_each(drop);
        });
        let input = child.stdin.take();
        Running { child, input, lines }
    }

    /// Types a line.
    ///
    /// # Panics
    /// If the program does not read any more.
    pub fn say(&mut self, line: &str) {
        let input = self.input.as_mut().expect("the input is open");
        writeln!(input, "{line}").expect("the program reads");
    }

    /// Closes its input.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// Waits for the next line that contains this, and returns what stands behind it.
    ///
    /// # Panics
    /// If the program ends without such a line.
    pub fn expect(&self, text: &str) -> String {
        let mut seen = Vec::new();
        for line in &self.lines {
            if let Some((_, behind)) = line.split_once(text) {
                return behind.to_owned();
            }
            seen.push(line);
        }
        panic!("no line contains `{text}`:\n{}", seen.join("\n"));
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it does not end well.
    pub fn expect_success(mut self) {
        let status = self.child.wait().expect("the program can be waited for");
        assert!(status.success(), "{status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `expect_success` both fail, which is as it should be.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
