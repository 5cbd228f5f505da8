//! `veille` against a server that is a process of its own: what it prints, what its screen shows,
//! and with which code it ends.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(30);

/// The example `compte`, which is ended with this value.
struct Server {
    process: Child,
    address: String,
    /// Its standard input, with which it ends even if this process is killed.
    _input: Option<ChildStdin>,
}

fn cconn() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_cconn"))
}

impl Server {
    fn new(how: &str) -> Self {
        let program = cconn().with_file_name("examples").join("compte");
        let mut process = Command::new(program)
            .arg(how)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built");
        let mut address = String::new();
        let out = process.stdout.take().unwrap();
        BufReader::new(out).read_line(&mut address).expect("it says where it listens");
        let input = process.stdin.take();
        Server { process, address: address.trim().to_owned(), _input: input }
    }

    fn run(&self, words: &[&str]) -> Output {
        let mut command = Command::new(cconn());
        command.arg("veille").args(words).arg(&self.address).stdin(Stdio::null());
        command.output().unwrap()
    }

    fn call(&self, words: &[&str]) {
        let mut command = Command::new(cconn());
        command.arg("appeler").arg(&self.address).args(words).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is ours, and nobody waits for an orderly end of it.
        let _ended = self.process.kill();
        let _gone = self.process.wait();
    }
}

/// The looks that were printed as JSON.
#[track_caller]
fn looks(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

/// The one line of a failure with this code.
#[track_caller]
fn complaint(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.starts_with("cconn: ") && text.lines().count() == 1, "{text}");
    text
}

fn command<'a>(look: &'a Value, name: &str) -> &'a Value {
    let commands = look["commandes"].as_array().unwrap();
    commands.iter().find(|one| one["nom"] == name).unwrap_or_else(|| panic!("no {name}: {look}"))
}

#[test]
fn each_look_is_a_line_of_json() {
    let server = Server::new("");
    server.call(&["somme", "1", "2"]);
    server.call(&["racine", "-1"]);
    server.call(&["absente"]);
    let looks = looks(&server.run(&["--json", "--max", "3", "--rythme", "20ms"]));
    assert_eq!(looks.len(), 3);
    let last = &looks[2];
    assert_eq!(
        (&last["comptees"], &last["clients"], &last["places"]),
        (&true.into(), &1.into(), &64.into())
    );
    assert_eq!(command(last, "somme")["reponses"], 1);
    assert!(command(last, "somme")["p50"].as_f64().unwrap() > 0.0);
    assert_eq!(command(last, "racine")["refus"], 1);
    // The looks themselves are what happens meanwhile.
    let watched = command(last, "cconn.chiffres");
    assert_eq!((&watched["reponses"], &watched["en_cours"]), (&2.into(), &1.into()));
    assert!(watched["par_seconde"].as_f64().unwrap() > 0.0, "{watched}");
    let runs = last["executions"].as_array().unwrap();
    assert_eq!(runs[0]["commande"], "cconn.chiffres");
    let connections = last["connexions"].as_array().unwrap();
    assert_eq!(connections.len(), 1);
    assert_eq!(connections[0]["charge"]["en_cours"], 1);
    let times: Vec<_> = looks.iter().map(|look| look["instant"].as_f64().unwrap()).collect();
    assert!(times.is_sorted() && times[2] >= 0.04, "{times:?}");
}

#[test]
fn what_runs_is_shown_with_its_age_and_streams_with_their_connection() {
    let server = Server::new("occupe");
    let until = Instant::now() + LIMIT;
    loop {
        let last = looks(&server.run(&["--json", "--max", "2", "--rythme", "50ms"])).pop().unwrap();
        let runs = last["executions"].as_array().unwrap();
        let sleeps =
            runs.iter().any(|run| run["commande"] == "dort" && run["depuis"].as_f64() > Some(0.0));
        let streams = last["charge"]["flux_envoyes"] == 1;
        let fast = command(&last, "somme");
        if sleeps && streams && fast["par_seconde"].as_f64() > Some(0.0) {
            let connections = last["connexions"].as_array().unwrap();
            assert!(connections.iter().any(|one| one["charge"]["flux_envoyes"] == 1), "{last}");
            return;
        }
        assert!(Instant::now() < until, "{last}");
    }
}

#[test]
fn where_there_is_no_terminal_each_look_is_a_line() {
    let server = Server::new("");
    let output = server.run(&["--max", "2", "--rythme", "20ms"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.lines().all(|line| line.contains("clients 1/64  commands ")), "{text}");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

#[test]
fn what_can_not_be_watched_is_told_in_one_line_with_a_code_of_its_own() {
    let server = Server::new("sans");
    let text = complaint(&server.run(&["--max", "1"]), 10);
    assert!(text.contains("does not count its commands") && text.contains("compter"), "{text}");
    let looks = looks(&server.run(&["--max", "1", "--json", "--sans-commandes"]));
    assert_eq!((&looks[0]["comptees"], &looks[0]["clients"]), (&false.into(), &1.into()));

    let server = Server::new("muet");
    let text = complaint(&server.run(&["--max", "1"]), 5);
    assert!(text.contains("does not tell its figures"), "{text}");

    let gone = server.address.clone();
    drop(server);
    let output = Command::new(cconn()).args(["veille", &gone]).stdin(Stdio::null()).output();
    complaint(&output.unwrap(), 3);
}

#[test]
fn a_server_that_ends_is_a_lost_connection() {
    let mut server = Server::new("");
    let mut watching = Command::new(cconn())
        .args(["veille", "--json", "--rythme", "20ms", &server.address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap()).lines();
    assert!(lines.next().is_some_and(|line| line.is_ok()), "it has begun");
    // Killed, it says no goodbye.
    server.process.kill().unwrap();
    while let Some(Ok(_)) = lines.next() {}
    complaint(&watching.wait_with_output().unwrap(), 8);
}

#[cfg(unix)]
#[test]
fn an_output_that_is_closed_ends_the_watch() {
    let server = Server::new("");
    let mut watching = Command::new(cconn())
        .args(["veille", "--rythme", "1h", &server.address])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(watching.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    drop(out);
    let output = watching.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(9), &b""[..]));
}

/// A terminal of tmux's, with a server of tmux's of its own.
#[cfg(unix)]
struct Tmux(String);

#[cfg(unix)]
impl Tmux {
    /// Runs the shell's command in a new terminal of that size; `None`, said aloud, where there is no
    /// tmux.
    fn run(name: &str, (width, height): (u16, u16), command: &str) -> Option<Tmux> {
        let tmux = Tmux(format!("cconn-{name}-{}", std::process::id()));
        let (width, height) = (width.to_string(), height.to_string());
        let sized = ["new-session", "-d", "-x", &width, "-y", &height, command];
        if !Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success()) {
            eprintln!("SKIPPED: there is no tmux");
            return None;
        }
        tmux.ask(&sized);
        // Its own line at the foot would take one of the program's.
        tmux.ask(&["set-option", "-g", "status", "off"]);
        tmux.resize(&width, &height);
        Some(tmux)
    }

    fn resize(&self, width: &str, height: &str) {
        self.ask(&["resize-window", "-x", width, "-y", height]);
    }

    fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new("tmux");
        command.args(["-L", &self.0, "-f", "/dev/null"]).args(words).stdin(Stdio::null());
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    }

    /// Waits until the terminal shows all of this.
    #[track_caller]
    fn shows(&self, wanted: &[&str]) -> String {
        let until = Instant::now() + LIMIT;
        loop {
            let shown = self.ask(&["capture-pane", "-p"]);
            if wanted.iter().all(|wanted| shown.contains(wanted)) {
                return shown;
            }
            assert!(Instant::now() < until, "{wanted:?} is missing:\n{shown}");
            thread::sleep(Duration::from_millis(20));
        }
    }
}

#[cfg(unix)]
impl Drop for Tmux {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

#[cfg(unix)]
#[test]
fn the_screen_shows_the_server_and_gives_the_terminal_back() {
    let mut server = Server::new("occupe");
    let watch = format!("{} veille --rythme 100ms {}", cconn().display(), server.address);
    let command = format!("echo before; {watch}; echo code $?; {watch}; echo code $?; cat");
    let Some(tmux) = Tmux::run("ecran", (110, 40), &command) else { return };
    let shown =
        tmux.shows(&["clients 4/64", "somme", "running now: ", "dort", "connections", "/s"]);
    assert!(!shown.contains("before"), "the screen is one of its own:\n{shown}");
    tmux.ask(&["send-keys", " "]);
    tmux.shows(&["PAUSED"]);
    tmux.ask(&["send-keys", "q"]);
    // The second one; below, what stood there before the first.
    tmux.shows(&["clients 4/64", "every 100ms"]);
    server.process.kill().unwrap();
    let shown = tmux.shows(&["before", "code 0", "cconn: ", "code 8"]);
    assert!(!shown.contains("clients 4/64"), "{shown}");
}

#[cfg(unix)]
#[test]
fn what_is_most_important_is_shown_at_any_size() {
    let server = Server::new("occupe");
    let watch = format!("{} veille --rythme 100ms {}", cconn().display(), server.address);
    let Some(tmux) = Tmux::run("taille", (40, 12), &watch) else { return };
    let most = [server.address.as_str(), "clients 4/64", "running ", "/s"];
    let rows = |shown: &str| shown.trim_end().lines().count();
    for (width, height, more) in [
        (40, 12, &["p99 ", "command", "somme", "since", "q quit"][..]),
        (20, 5, &[]),
        (80, 24, &[" server ", "running now: ", "dort", " connections", "q quit"]),
        (30, 8, &["command", "p99", "q quit"]),
        (120, 6, &["p50 ", "queued 0", "streams 1 out"]),
        (29, 40, &["threads ", "window "]),
        (60, 20, &["p99 ", "somme", "since", "client"]),
        (60, 24, &[" server ", "p99 ", "somme", "since", " connections"]),
        (110, 40, &[" server ", "somme", "dort", "#1"]),
    ] {
        tmux.resize(&width.to_string(), &height.to_string());
        let shown = tmux.shows(&[&most[..], more].concat());
        assert!(rows(&shown) <= height, "{width}x{height}:\n{shown}");
        let is_fitting = |line: &str| line.chars().count() <= width;
        assert!(shown.lines().all(is_fitting), "{width}x{height}:\n{shown}");
    }
    tmux.resize("20", "5");
    tmux.ask(&["send-keys", " "]);
    tmux.shows(&["PAUSED "]);
}
