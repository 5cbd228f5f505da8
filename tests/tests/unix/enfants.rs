//! Child processes and their connections: calls both ways, ends of either side, crashes.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::{Phase, RaisonFin};
use cconn::local::Enfant;
use cconn::{Client, Erreur, Etat, Serveur, commande, commandes, nommee};
use cconn_tests::{Stopwatch, until, with_watchdog};

use super::dossier::LIMIT;

struct Depart(u64);

#[commande]
fn plus(de: &Etat<Depart>, n: u64) -> u64 {
    de.0 + n
}

fn command(how: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_voisin"));
    command.arg(how);
    command
}

fn child(how: &str) -> Enfant {
    Client::enfant(command(how)).unwrap()
}

#[test]
fn both_sides_call_each_other_and_the_child_ends_in_order() {
    with_watchdog("child", LIMIT, || {
        let enfant = child("enfant");
        enfant.enregistrer_commande("plus", |_, (n,): (u64,)| n + 1).unwrap();
        enfant.ecouter().unwrap();
        assert_eq!(enfant.appeler::<u64, _>(nommee("double", (21_u64,))).unwrap(), 42);
        assert_eq!(enfant.appeler::<u64, _>(nommee("rappel", (1_u64,))).unwrap(), 2);
        assert_eq!(enfant.appeler::<u32, _>(nommee("pid", ())).unwrap(), enfant.pid());
        assert!(enfant.to_string().starts_with(&format!("child {} (`voisin`)", enfant.pid())));
        assert_eq!(enfant.adresse(), None);
        enfant.eteindre().unwrap();
        assert!(enfant.attendre_fin(LIMIT).unwrap().success());
        assert!(enfant.attendre_fin(Duration::ZERO).unwrap().success());
        enfant.tuer();
    });
}

#[test]
fn the_standard_output_is_the_child_s_and_its_input_is_empty() {
    with_watchdog("output", LIMIT, || {
        let mut command = command("bavard");
        command.stdout(Stdio::piped());
        let mut enfant = Client::enfant(command).unwrap();
        let mut output = BufReader::new(enfant.sortie().unwrap());
        assert!(enfant.sortie().is_none() && enfant.sortie_erreur().is_none());
        enfant.appeler::<(), _>(nommee("dit", ("bonjour",))).unwrap();
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        assert_eq!(line, "bonjour\n");
        assert_eq!(enfant.appeler::<String, _>(nommee("lit", ())).unwrap(), "");
        enfant.eteindre().unwrap();
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "the connection has ended\n");
    });
}

#[test]
fn a_crash_is_an_error_with_the_exit_status() {
    with_watchdog("crash", LIMIT, || {
        let enfant = child("enfant");
        let other = enfant.client().clone();
        let waiting =
            thread::spawn(move || other.appeler::<(), _>(nommee("dort", ())).unwrap_err());
        // The command that ends the process waits behind the one that sleeps, so it is killed.
        thread::sleep(Duration::from_millis(20));
        enfant.tuer();
        let errors = [
            waiting.join().unwrap(),
            enfant.appeler::<(), _>(nommee("double", (1_u64,))).unwrap_err(),
        ];
        for error in errors {
            let text = error.to_string();
            let Erreur::Fermee(fin) = error else { panic!("{text}") };
            assert_eq!(fin.raison, RaisonFin::Coupee);
            let wanted = format!("the child process {} has ended: signal: 9", enfant.pid());
            assert!(text.contains(&wanted), "{text}");
        }
        let enfant = child("enfant");
        let error = enfant.appeler::<(), _>(nommee("finit", (7,))).unwrap_err();
        assert!(error.to_string().contains("exit status: 7"), "{error}");
        assert_eq!(enfant.attendre_fin(LIMIT).unwrap().code(), Some(7));
        let enfant = child("enfant");
        let error = enfant.appeler::<(), _>(nommee("finit", (0,))).unwrap_err();
        assert!(error.to_string().contains("has ended: exit status: 0"), "{error}");
        let enfant = child("enfant");
        let error = enfant.appeler::<(), _>(nommee("tombe", ())).unwrap_err();
        assert!(error.to_string().contains("signal: 6"), "{error}");
    });
}

#[test]
fn a_child_that_never_becomes_a_peer_says_why() {
    with_watchdog("no peer", LIMIT, || {
        let error = Client::enfant(command("faute")).unwrap_err();
        assert!(error.to_string().contains("has ended: exit status: 3"), "{error}");
        let error = Client::enfant(command("rien")).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("without a word") && text.contains("depuis_parent"), "{text}");
        let options = Client::options_enfant(command("muet"));
        let error = options.delai_connexion(Duration::from_millis(50)).lancer().unwrap_err();
        let text = error.to_string();
        assert!(text.contains("and was killed") && text.contains("depuis_parent"), "{text}");
        let Erreur::Delai(late) = error else { panic!("{text}") };
        assert_eq!(late.phase, Phase::AccueilEnfant);
        let error = Client::enfant(Command::new("/no/such/program")).unwrap_err();
        assert!(
            error.to_string().contains("child `/no/such/program`: the program can't be started")
        );
        assert!(matches!(error, Erreur::Connexion(_)));
        let folder = Client::enfant(Command::new(std::env::temp_dir())).unwrap_err();
        assert!(folder.to_string().contains("can't be started"), "{folder}");
    });
}

#[test]
fn a_process_that_was_not_started_by_a_peer_is_told_so() {
    with_watchdog("no parent", LIMIT, || {
        let mut alone = command("enfant");
        for (stdin, how) in [(Stdio::null(), "empty"), (Stdio::piped(), "a pipe")] {
            let output = alone.stdin(stdin).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{how}");
            assert!(said.contains("start it with `Client::enfant`"), "{how}: {said}");
        }
        let error = Client::new("parent:").unwrap_err();
        assert!(error.to_string().contains("`Serveur::depuis_parent` is its server"), "{error}");
        let enfant = child("deux");
        let second: String = enfant.appeler(nommee("second", ())).unwrap();
        assert!(second.contains("taken over once"), "{second}");
    });
}

#[test]
fn a_child_ends_with_the_stream_of_its_parent() {
    with_watchdog("parent", LIMIT, || {
        // Dropped, closed, or cut: each ends the child's `lancer`.
        let ends: [fn(&Enfant); 2] = [|enfant| enfant.close(), |enfant| enfant.eteindre().unwrap()];
        for end in ends {
            let enfant = child("enfant");
            end(&enfant);
            assert!(enfant.attendre_fin(LIMIT).unwrap().success());
        }
        let enfant = child("enfant");
        let pid = enfant.pid();
        drop(enfant);
        let process = format!("/proc/{pid}");
        until("the child ends, and is no zombie", || !std::path::Path::new(&process).exists());
    });
}

#[test]
fn a_wait_for_a_child_that_runs_on_ends_in_time() {
    with_watchdog("wait", LIMIT, || {
        let enfant = child("enfant");
        for millis in [0, 1, 20] {
            let late = enfant.attendre_fin(Duration::from_millis(millis)).unwrap_err();
            assert!(matches!(late, Erreur::Delai(_)) && !late.est_fatale(), "{late:?}");
            assert!(late.to_string().contains("the child has not ended after"), "{late}");
        }
        assert!(enfant.est_connecte());
    });
}

#[test]
fn children_that_are_started_at_once_keep_no_streams_of_each_other() {
    with_watchdog("at once", LIMIT, || {
        let starters: Vec<_> = (0..8).map(|_| thread::spawn(|| child("enfant"))).collect();
        let children: Vec<_> =
            starters.into_iter().map(|starter| starter.join().unwrap()).collect();
        for enfant in children {
            enfant.close();
            // If another child had the stream too, this one would not see its end.
            assert!(enfant.attendre_fin(LIMIT / 2).unwrap().success());
        }
    });
}

#[test]
fn a_server_of_a_parent_takes_settings_and_no_second_client() {
    with_watchdog("settings", LIMIT, || {
        let alone = Serveur::options("parent:").max_clients(5).ouvrir().unwrap_err();
        assert!(alone.to_string().contains("can't listen on parent:"), "{alone}");
    });
}

#[test]
fn a_child_is_started_with_settings() {
    with_watchdog("settings", LIMIT, || {
        let (sender, ended) = mpsc::channel();
        let enfant = Client::options_enfant(command("enfant"))
            .garde(|_, name| name == "plus")
            .fournir(Depart(7))
            .quand_deconnecte(move |_, how| sender.send(how.map_err(|e| e.to_string())).unwrap())
            .lancer()
            .unwrap();
        enfant.enregistrer(commandes![plus]).unwrap();
        enfant.ecouter().unwrap();
        // The state is handed to the command that the child calls, which the guard allows.
        assert_eq!(enfant.appeler::<u64, _>(nommee("rappel", (1_u64,))).unwrap(), 8);
        enfant.appeler::<(), _>(nommee("finit", (3_i32,))).unwrap_err();
        let how = ended.recv_timeout(LIMIT).unwrap().unwrap_err();
        assert!(how.contains("exit status: 3"), "{how}");
    });
}

#[test]
fn settings_that_can_not_be_start_no_child() {
    let error = Client::options_enfant(Command::new("/no/such/program")).taille_max(3).lancer();
    let error = error.unwrap_err();
    assert!(matches!(error, Erreur::Usage(_)), "{error}");
    let slow = Client::options_enfant(command("muet")).delai_connexion(Duration::from_millis(200));
    let watch = Stopwatch::start();
    let error = slow.lancer().unwrap_err();
    assert!(matches!(error, Erreur::Delai(_)), "{error}");
    assert!(watch.elapsed() < LIMIT, "the deadline was not kept");
}
