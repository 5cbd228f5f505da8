//! How runs end that are interrupted, given up, or fed with what does not end: nothing that was
//! started stays, nothing hangs, and one line says why.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cconn::{Etat, Serveur, commande, commandes};
use rustix::process::{Pid, Signal, kill_process, test_kill_process};

const LIMIT: Duration = Duration::from_secs(20);

#[commande]
fn texte(texte: &str) -> usize {
    texte.len()
}

#[commande]
fn octets(octets: &[u8]) -> usize {
    octets.len()
}

#[commande(parallele)]
fn dort(begun: &Etat<mpsc::Sender<()>>, ms: u64) -> u64 {
    begun.send(()).unwrap();
    thread::sleep(Duration::from_millis(ms));
    ms
}

/// A stream that is long in coming.
#[commande(parallele)]
fn dort_puis_compte(begun: &Etat<mpsc::Sender<()>>, ms: u64) -> impl Iterator<Item = u64> {
    begun.send(()).unwrap();
    thread::sleep(Duration::from_millis(ms));
    0..ms
}

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn racine(x: f32) -> f32 {
    x.sqrt()
}

fn serving() -> (Serveur, String) {
    let (serveur, address, _) = serving_and_telling();
    (serveur, address)
}

/// A server that also tells when `dort` begins.
fn serving_and_telling() -> (Serveur, String, mpsc::Receiver<()>) {
    let (begun, has_begun) = mpsc::channel();
    let serveur = Serveur::options(0).max_clients(8).fournir(begun).ouvrir().unwrap();
    serveur.enregistrer(commandes![texte, octets, dort, dort_puis_compte, somme, racine]).unwrap();
    let running = serveur.clone();
    thread::spawn(move || running.lancer());
    let address = serveur.adresse().to_string();
    (serveur, address, has_begun)
}

fn program(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cconn"));
    command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("HOME", "/nonexistent").env_remove("XDG_STATE_HOME");
    command
}

/// The one line on the standard error, of a run that ended with this code.
#[track_caller]
fn complaint(output: &Output, code: i32) -> String {
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[track_caller]
fn complaint_of(words: &[&str], code: i32) -> String {
    complaint(&program(words).output().unwrap(), code)
}

/// A script that notes its own number and then does something, as an address.
fn noting(folder: &Path, then: &str) -> (String, impl Fn() -> Pid + use<>) {
    let (script, note) = (folder.join("script"), folder.join("note"));
    let text = format!("#!/bin/sh\necho $$ > {}.new\nmv {0}.new {0}\n{then}\n", note.display());
    std::fs::write(&script, text).unwrap();
    let pid = move || {
        let until = Instant::now() + LIMIT;
        loop {
            if let Ok(text) = std::fs::read_to_string(&note) {
                return Pid::from_raw(text.trim().parse().unwrap()).unwrap();
            }
            assert!(Instant::now() < until, "the script did not begin");
            thread::sleep(Duration::from_millis(5));
        }
    };
    (format!("exec:sh {}", script.display()), pid)
}

#[track_caller]
fn is_gone(pid: Pid) {
    let until = Instant::now() + LIMIT;
    while test_kill_process(pid).is_ok() {
        assert!(Instant::now() < until, "{pid:?} still runs");
        thread::sleep(Duration::from_millis(10));
    }
}

fn enfant() -> String {
    let built = Path::new(env!("CARGO_BIN_EXE_cconn")).with_file_name("examples");
    built.join("enfant").display().to_string()
}

#[test]
fn a_program_that_was_started_ends_whatever_it_does() {
    for (then, code) in [
        // None of them ends by itself, nor because its connection does.
        ("exec sleep 1000", 7),
        ("trap '' TERM INT HUP PIPE; while :; do sleep 0.01; done", 7),
        ("exec <&-; exec sleep 1000", 4),
        ("echo no greeting >&0; exec sleep 1000", 4),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (address, pid) = noting(folder.path(), then);
        let output = program(&["ping", "--delai", "300ms", &address]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{then}: {output:?}");
        is_gone(pid());
    }
}

#[test]
fn a_program_that_still_runs_a_command_ends_with_the_call() {
    let folder = tempfile::tempdir().unwrap();
    let (address, pid) = noting(folder.path(), &format!("exec {}", enfant()));
    let start = Instant::now();
    let mut run = program(&["appeler", "--delai", "1s", &address, "dort", "1000000"]);
    let output = run.output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    is_gone(pid());
    assert!(start.elapsed() < LIMIT);
}

#[test]
fn an_interrupt_ends_what_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let (address, pid) = noting(folder.path(), &format!("exec {}", enfant()));
    let mut run = program(&["appeler", &address, "dort", "1000000"]).spawn().unwrap();
    let started = pid();
    // What the child prints.
    let mut said = BufReader::new(run.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap() == "dort"), "the command did not begin");
    interrupt(&run);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    is_gone(started);
}

fn interrupt(run: &Child) {
    let pid = Pid::from_raw(i32::try_from(run.id()).unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
}

#[test]
fn what_brings_nothing_or_has_no_end_is_given_up() {
    let (serveur, address) = serving();
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let (from_pipe, pipe) = (format!("@{}", pipe.display()), pipe.display().to_string());
    for words in [
        &["appeler", "--delai", "300ms", &address, "texte", &from_pipe] as &[&str],
        &["appeler", "--delai", "300ms", &address, "octets", &from_pipe],
        &["envoyer", "--delai", "300ms", &address, "texte", &from_pipe],
        &["trame", "--delai", "300ms", &pipe],
    ] {
        let text = complaint_of(words, 2);
        assert!(text.contains("nothing came for 300ms"), "{text}");
    }
    for words in [
        &["appeler", "--delai", "300ms", &address, "texte", "-"] as &[&str],
        &["trame", "--delai", "300ms", "-"],
    ] {
        // Its other end is open here, and nobody writes.
        let silent = program(words).stdin(Stdio::piped()).spawn().unwrap();
        let output = silent_to_the_end(silent);
        let text = complaint(&output, 2);
        assert!(text.contains("nothing came for 300ms"), "{text}");
    }
    serveur.eteindre().unwrap();
}

/// The output of a run whose input stays open and empty until it has ended.
fn silent_to_the_end(mut run: Child) -> Output {
    let input = run.stdin.take();
    let output = run.wait_with_output().unwrap();
    drop(input);
    output
}

#[test]
fn a_console_goes_on_after_an_interrupted_call() {
    let (serveur, address, begun) = serving_and_telling();
    let mut run = program(&["console", &address]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = run.stdin.take().unwrap();
    for line in [b"dort 1000000\n" as &[u8], b"dort_puis_compte 1000000\n"] {
        input.write_all(line).unwrap();
        begun.recv_timeout(LIMIT).unwrap();
        interrupt(&run);
    }
    input.write_all(b"texte -\nsomme 40 2\nquitter\n").unwrap();
    drop(input);
    let output = run.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("not waited for any more: `dort` goes on at the peer"), "{text}");
    assert!(text.contains("the lines come from the standard input here"), "{text}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("42"));
    drop(serveur);
}

#[test]
fn a_console_that_is_read_by_a_program_prints_json_alone() {
    let (serveur, address) = serving();
    let mut run = program(&["console", "--json", &address]).stdin(Stdio::piped()).spawn().unwrap();
    let lines = b"aide\nliste\nliste somme\nsomme 40 2\ntexte \"a b\"\nquitter\n";
    run.stdin.take().unwrap().write_all(lines).unwrap();
    let output = run.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let values: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(values.len(), 6 + 1 + 2, "{text}");
    assert_eq!(values[7..], [42, 3]);
    serveur.eteindre().unwrap();
}

#[test]
fn what_is_wrong_with_the_words_is_one_line() {
    for (words, code) in [
        (&[] as &[&str], 2),
        (&["appeler"], 2),
        (&["apeler", "1", "x"], 2),
        (&["ping", "1", "--delai", "3"], 2),
        (&["charge", "1", "x", "--clients", "0"], 2),
        (&["ping", "--nope", "1"], 2),
        (&["liste", "exec:\"open"], 2),
    ] {
        let text = complaint_of(words, code);
        assert!(text.starts_with("cconn: "), "{text}");
    }
    let help = program(&["--help"]).output().unwrap();
    assert!(help.status.success() && help.stderr.is_empty());
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_no_panic() {
    let (serveur, address) = serving();
    for words in [
        &["completions", "bash"] as &[&str],
        &["completions", "zsh", "--json"],
        &["--help"],
        &["--version"],
        &["liste", &address],
        &["appeler", &address, "somme", "1", "2"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = program(words).stdout(full).output().unwrap();
        complaint(&output, 2);
    }
    serveur.eteindre().unwrap();
}

#[test]
fn words_that_mean_another_argument_are_told_so() {
    let (serveur, address) = serving();
    for (words, told) in [
        (&["somme", "a=1", "c=2"] as &[&str], "there is no argument `c`"),
        (&["somme", "aa=1", "b=2"], "there is no argument `aa`"),
        (&["somme", "1", "2", "c=3"], "there is no argument `c`"),
        (&["racine", "1e999"], "out of the range of f32"),
        (&["racine", "1e39"], "out of the range of f32"),
        (&["racine", "-1e39"], "out of the range of f32"),
    ] {
        let text = complaint_of(&[&["appeler", &address], words].concat(), 2);
        assert!(text.contains(told), "{text}");
    }
    let told = program(&["appeler", &address, "texte", "c=2"]).output().unwrap();
    assert_eq!(told.stdout, b"3\n", "a text may look like an argument");
    let infinite = program(&["appeler", &address, "racine", "inf"]).output().unwrap();
    assert!(infinite.status.success());
    serveur.eteindre().unwrap();
}

#[test]
fn who_hangs_up_on_a_greeting_is_no_peer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || listener.incoming().take(3).for_each(drop));
    let text = complaint_of(&["ping", &address], 4);
    assert!(text.contains("without TLS?"), "{text}");
    for program in ["exec:true", "exec:sh -c 'exit 3'"] {
        complaint_of(&["ping", program], 4);
    }
}
