//! The bar of a command that tells how far it has come, on a terminal and elsewhere.
#![cfg(target_os = "linux")]

use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cconn::{Client, Etat, Serveur, commande, commandes};
mod terminal;

const LIMIT: Duration = Duration::from_secs(20);

struct GoOn(Mutex<mpsc::Receiver<()>>);

/// Reports, and answers once the test has seen what it wants to see.
#[commande]
fn trier(client: &Client, go_on: &Etat<GoOn>, lignes: u64, total: bool) -> u64 {
    client.avancement(3, total.then_some(lignes), "reading\u{1b}[2J");
    go_on.0.lock().unwrap().recv_timeout(LIMIT).unwrap();
    lignes
}

fn serving() -> (Serveur, mpsc::Sender<()>) {
    let (sender, go_on) = mpsc::channel();
    let serveur = Serveur::options(0).max_clients(4).ouvrir().unwrap();
    serveur.fournir(GoOn(Mutex::new(go_on))).unwrap();
    serveur.enregistrer(commandes![trier]).unwrap();
    let running = serveur.clone();
    thread::spawn(move || running.lancer());
    (serveur, sender)
}

fn command(serveur: &Serveur, total: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cconn"));
    command.args(["appeler", &serveur.adresse().to_string(), "trier", "10", total]);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command
}

/// Runs it with a terminal of so many columns for its complaints, on which `wanted` must appear. Returns all that
/// appeared there, and what was printed.
fn on_terminal(
    mut command: Command,
    columns: u16,
    wanted: &str,
    go_on: &mpsc::Sender<()>,
) -> (String, String) {
    let (mut master, terminal) = terminal::open(columns);
    let child = command.stderr(terminal).spawn().unwrap();
    // It is the child's alone now, so the reads below end with the child.
    drop(command);
    let (mut seen, mut told) = (Vec::new(), false);
    let until = Instant::now() + LIMIT;
    let mut buffer = [0; 1000];
    while let Ok(read @ 1..) = master.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
        if !told && String::from_utf8_lossy(&seen).contains(wanted) {
            told = true;
            go_on.send(()).unwrap();
        }
        assert!(Instant::now() < until, "{}", String::from_utf8_lossy(&seen));
    }
    let output = child.wait_with_output().unwrap();
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(told && output.status.success(), "{seen}");
    (seen, String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_terminal_shows_how_far_a_command_has_come_and_is_not_controlled_by_it() {
    let (serveur, go_on) = serving();
    let (seen, printed) = on_terminal(command(&serveur, "true"), 80, "3/10", &go_on);
    assert!(seen.contains("reading\\u{1b}[2J ["), "{seen}");
    assert_eq!(printed, "10\n");
    let (seen, printed) = on_terminal(command(&serveur, "false"), 80, "[2J 3", &go_on);
    assert!(!seen.contains("3/"), "no bar without a whole: {seen}");
    assert_eq!(printed, "10\n");
    serveur.eteindre().unwrap();
}

#[test]
fn a_bar_is_cut_to_the_terminal() {
    let (serveur, go_on) = serving();
    for columns in [60, 40, 20, 12, 6] {
        for (total, wanted) in [("true", "3/10"), ("false", "3")] {
            let command = command(&serveur, total);
            let (seen, printed) = on_terminal(command, columns, wanted, &go_on);
            let is_fitting = |text: &String| text.chars().count() <= columns.into();
            assert!(terminal::drawn(&seen).iter().all(is_fitting), "{columns}: {seen:?}");
            assert_eq!(printed, "10\n");
        }
    }
    serveur.eteindre().unwrap();
}

#[test]
fn nothing_is_shown_where_nobody_can_see_it() {
    let (serveur, go_on) = serving();
    go_on.send(()).unwrap();
    let output = command(&serveur, "true").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(output.stdout, b"10\n");
    serveur.eteindre().unwrap();
}
