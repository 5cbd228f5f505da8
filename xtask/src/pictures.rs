//! `cargo xtask pictures`: the terminal program's screens as they are, taken in a terminal of tmux's
//! and written as SVG for the guide.

mod terminal;

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

/// How long a screen has to show what it should.
const LIMIT: Duration = Duration::from_secs(20);

/// The size of the terminal.
const SIZE: (usize, usize) = (100, 31);

/// Where the pictures are.
const IMAGES: &str = "docs/guide/src/images";

/// Takes all pictures anew.
pub(crate) fn take(root: &Path) -> Result<(), String> {
    let mut build = crate::cargo();
    build.args(["build", "--manifest-path", "cconn-cli/Cargo.toml", "--bins", "--examples"]);
    run(build.current_dir(root))?;
    let programs = root.join("cconn-cli/target/debug");
    let images = root.join(IMAGES);
    let server = Server::start(&programs)?;
    let at = &server.address;
    let tool = programs.join("cconn");

    let screen = Terminal::open("veille", &format!("{} veille {at}", tool.display()))?;
    // Long enough for a curve.
    thread::sleep(Duration::from_secs(25));
    let shown = screen.shows(&["running now", "dort", "connections"])?;
    write(&images.join("veille.svg"), &shown, "cconn veille: the live screen of a server")?;
    drop(screen);

    let screen = Terminal::open("console", &format!("{} console {at}", tool.display()))?;
    screen.shows(&["Tab completes"])?;
    for (line, answer) in [
        ("somme 12 34", "46"),
        ("racine n=-1", "negative"),
        ("some 1 2", "somme"),
        ("compte_lentement 3", "0\n1\n2\n"),
    ] {
        screen.types(line)?;
        screen.shows(&[answer])?;
    }
    screen.ask(&["send-keys", "rac", "Tab"])?;
    let shown = screen.shows(&["2\n> racine"])?;
    write(&images.join("console.svg"), &shown, "cconn console: calls, answers and errors")?;
    drop(screen);

    let mut load = Command::new(&tool);
    load.args(["charge", "--clients", "4", "--duree", "5s", "--debit", "2000", "--svg"]);
    load.arg(images.join("charge.svg")).args([at.as_str(), "somme", "12", "34"]);
    run(&mut load)
}

fn write(file: &Path, screen: &str, title: &str) -> Result<(), String> {
    let written = fs::write(file, terminal::svg(screen, title, SIZE.0));
    println!("{}", file.display());
    written.map_err(|error| format!("{}: {error}", file.display()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let status = command.stdin(Stdio::null()).status();
    let status = status.map_err(|error| format!("{command:?} can't be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?}: {status}")) }
}

/// The example `compte`, busy with itself.
struct Server {
    process: Child,
    address: String,
    _input: Option<ChildStdin>,
}

impl Server {
    fn start(programs: &Path) -> Result<Self, String> {
        let program: PathBuf = programs.join("examples/compte");
        let mut process = Command::new(&program)
            .arg("occupe")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut address = String::new();
        if let Some(out) = process.stdout.take() {
            let read = BufReader::new(out).read_line(&mut address);
            read.map_err(|error| format!("the server says no address: {error}"))?;
        }
        let input = process.stdin.take();
        Ok(Server { process, address: address.trim().to_owned(), _input: input })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and nobody waits for an orderly end of it.
        let _ended = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// A terminal of tmux's, with a server of tmux's of its own.
struct Terminal(String);

impl Terminal {
    fn open(name: &str, command: &str) -> Result<Self, String> {
        // The server of the terminal before may still be about to end.
        let terminal = Terminal(format!("cconn-{name}-{}", std::process::id()));
        let (width, height) = (SIZE.0.to_string(), SIZE.1.to_string());
        terminal.ask(&["new-session", "-d", "-x", &width, "-y", &height, command])?;
        Ok(terminal)
    }

    fn ask(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.0, "-f", "/dev/null"]).args(words).stdin(Stdio::null());
        let output = command.output().map_err(|error| format!("tmux can't be started: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn types(&self, line: &str) -> Result<(), String> {
        self.ask(&["send-keys", "-l", line])?;
        self.ask(&["send-keys", "Enter"]).map(drop)
    }

    /// Waits until the terminal shows all of this; what it shows, with its styles.
    fn shows(&self, wanted: &[&str]) -> Result<String, String> {
        let until = Instant::now() + LIMIT;
        loop {
            let plain = self.ask(&["capture-pane", "-p"])?;
            if wanted.iter().all(|wanted| plain.contains(wanted)) {
                return self.ask(&["capture-pane", "-p", "-e"]);
            }
            if Instant::now() > until {
                return Err(format!("{wanted:?} is not shown:\n{plain}"));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A server of tmux's that is gone needs no end.
        let _gone = self.ask(&["kill-server"]);
    }
}
