//! A program that runs beside a test: what it is told, what it says, how it ends.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// A program that runs, with its standard input and output in our hands.
#[derive(Debug)]
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Program {
    /// Starts a program.
    ///
    /// # Panics
    /// If it can't be started.
    #[must_use]
    pub fn of(command: &mut Command) -> Program {
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
        Program { child, input, lines }
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

    /// Waits for the next line; `None` once the program has closed its output.
    pub fn hear(&self) -> Option<String> {
        self.lines.recv().ok()
    }

    /// The number of its process.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it has not ended yet.
    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// How it ended, where that is not well.
    pub fn wait(&mut self) -> Result<(), String> {
        match self.child.wait() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(status.to_string()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Ends it at once, and takes its status.
    pub fn kill(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If it does not end well.
    pub fn expect_success(mut self) {
        if let Err(how) = self.wait() {
            panic!("{how}");
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
