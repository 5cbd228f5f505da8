//! A client that listens by itself, and the hints to one that does not.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::{Etape, Phase, Usage};
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

/// A server on which `moi` hands the client's handle out, and a client of it.
fn pair() -> (Running, Client, Client) {
    let (out, theirs) = mpsc::channel();
    let running = Running::new(Serveur::options(0).max_clients(4));
    running
        .serveur
        .enregistrer_commande("moi", move |client: &Client, (): ()| {
            out.send(client.clone()).unwrap();
        })
        .unwrap();
    let client = running.client();
    client.appeler::<(), _>(nommee("moi", ())).unwrap();
    let there = theirs.recv().unwrap();
    (running, client, there)
}

fn usage(result: Resultat<()>) -> Usage {
    match result {
        Err(Erreur::Usage(usage)) => *usage,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_client_that_listens_runs_what_comes_while_it_does_something_else() {
    with_watchdog("listens", LIMIT, || {
        let (running, client, there) = pair();
        client.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n).unwrap();
        client.ecouter().unwrap();
        assert_eq!(there.appeler::<u32, _>(nommee("double", (21_u32,))).unwrap(), 42);
        // It calls meanwhile, from any thread.
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| client.appeler::<(), _>(nommee("absente", ())).unwrap_err());
                assert_eq!(there.appeler::<u32, _>(nommee("double", (4_u32,))).unwrap(), 8);
            }
        });
        client.eteindre().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn commands_registered_after_it_began_to_listen_run_too_and_call_back() {
    with_watchdog("registered later", LIMIT, || {
        let (running, client, there) = pair();
        client.ecouter().unwrap();
        running.serveur.enregistrer_commande("un", |_, (): ()| 1_u32).unwrap();
        client
            .enregistrer_commande("plus", |client: &Client, (n,): (u32,)| -> Resultat<u32> {
                Ok(n + client.appeler::<u32, _>(nommee("un", ()))?)
            })
            .unwrap();
        assert_eq!(there.appeler::<u32, _>(nommee("plus", (1_u32,))).unwrap(), 2);
        drop(client);
        running.stop().unwrap();
    });
}

#[test]
fn the_last_handle_ends_the_connection_of_a_client_that_listens() {
    with_watchdog("last handle", LIMIT, || {
        let (ended, end) = mpsc::channel();
        let serveur = Serveur::options(0).quand_deconnecte(move |_, fin| ended.send(fin).unwrap());
        let running = Running::new(serveur);
        let client = running.client();
        client.ecouter().unwrap();
        let other = client.clone();
        drop(client);
        assert!(other.est_connecte(), "a handle is left");
        drop(other);
        end.recv().unwrap().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn what_a_listening_client_was_sent_before_its_last_handle_goes_is_run() {
    with_watchdog("handled before the end", LIMIT, || {
        let (running, client, there) = pair();
        let ran = Arc::new(AtomicU32::new(0));
        let count = ran.clone();
        client
            .enregistrer_commande("note", move |_, (): ()| {
                thread::sleep(Duration::from_millis(2));
                count.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
        client.ecouter().unwrap();
        for _ in 0..20 {
            there.envoyer(nommee("note", ())).unwrap();
        }
        there.vider().unwrap();
        // The command that it waits behind has arrived with the others.
        assert!(soon(|| ran.load(Ordering::Relaxed) > 0));
        drop(client);
        assert_eq!(ran.load(Ordering::Relaxed), 20);
        running.stop().unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_listening_thread_ends_with_its_client() {
    with_watchdog("its thread", LIMIT, || {
        let running = Running::new(Serveur::options(0));
        let client = running.client();
        // Threads of this process that are named after the client.
        let name = format!("cconn-c{}", client.id());
        let threads = move || {
            let tasks = std::fs::read_dir("/proc/self/task").unwrap();
            let names = tasks
                .filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
            names.filter(|found| found.trim_end() == name).count()
        };
        assert_eq!(threads(), 0);
        client.ecouter().unwrap();
        assert!(soon(|| threads() == 1));
        drop(client);
        assert!(soon(|| threads() == 0), "it lives on");
        running.stop().unwrap();
    });
}

#[test]
fn listening_twice_and_beside_lancer_is_refused() {
    with_watchdog("twice", LIMIT, || {
        let (running, client, there) = pair();
        client.ecouter().unwrap();
        for again in [client.ecouter(), client.clone().ecouter(), client.lancer()] {
            let usage = usage(again);
            assert!(matches!(usage, Usage::DejaEcoute { .. }), "{usage}");
            assert!(usage.to_string().contains("`ecouter`"), "{usage}");
        }
        // On a server all of its clients are listened to.
        let theirs = usage(there.ecouter());
        assert!(matches!(theirs, Usage::DejaLance { .. }), "{theirs}");
        client.eteindre().unwrap();

        let client = running.client();
        client.enregistrer_commande("un", |_, (): ()| 1_u32).unwrap();
        let lancer = thread::spawn({
            let client = client.clone();
            move || client.lancer()
        });
        // Until its thread is in `lancer` it is the first that listens, and may be this one.
        let there = running.serveur.clients().pop();
        if let Some(there) = there {
            there.appeler::<u32, _>(nommee("un", ())).unwrap();
            let beside = usage(client.ecouter());
            assert!(matches!(beside, Usage::DejaLance { .. }), "{beside}");
        }
        client.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn of_many_threads_that_make_it_listen_one_does() {
    with_watchdog("race", LIMIT, || {
        let (running, client, _there) = pair();
        let won = thread::scope(|scope| {
            let tries: Vec<_> = (0..8).map(|_| scope.spawn(|| client.ecouter().is_ok())).collect();
            tries
                .into_iter()
                .filter(|_| true)
                .map(|won| u32::from(won.join().unwrap()))
                .sum::<u32>()
        });
        assert_eq!(won, 1);
        client.close();
        running.stop().unwrap();
    });
}

#[test]
fn inside_a_command_of_its_own_a_client_does_not_begin_to_listen() {
    with_watchdog("inside", LIMIT, || {
        let (running, client, _there) = pair();
        client
            .enregistrer_commande("dedans", |client: &Client, (): ()| {
                matches!(usage(client.ecouter()), Usage::EcouterDansUneCommande { .. })
            })
            .unwrap();
        running
            .serveur
            .enregistrer_commande("demande", |client: &Client, (): ()| {
                client.appeler::<bool, _>(nommee("dedans", ()))
            })
            .unwrap();
        assert!(client.appeler::<bool, _>(nommee("demande", ())).unwrap());
        // Inside a command of another connection it does.
        let other = running.client();
        let held = other.clone();
        client.enregistrer_commande("autre", move |_, (): ()| held.ecouter().is_ok()).unwrap();
        running
            .serveur
            .enregistrer_commande("demande autre", |client: &Client, (): ()| {
                client.appeler::<bool, _>(nommee("autre", ()))
            })
            .unwrap();
        assert!(client.appeler::<bool, _>(nommee("demande autre", ())).unwrap());
        other.close();
        client.close();
        running.stop().unwrap();
    });
}

#[test]
fn after_the_end_nothing_listens() {
    with_watchdog("after the end", LIMIT, || {
        let (running, client, _there) = pair();
        client.eteindre().unwrap();
        for _ in 0..2 {
            let refused = client.ecouter().unwrap_err();
            assert!(matches!(&refused, Erreur::Fermee(_)) && refused.est_fatale(), "{refused}");
        }
        let (client, closed) = (running.client(), running.client());
        closed.close();
        assert!(matches!(closed.ecouter(), Err(Erreur::Fermee(_))));
        running.stop().unwrap();
        assert!(soon(|| !client.est_connecte()));
        assert!(matches!(client.ecouter(), Err(Erreur::Fermee(_))));
    });
}

#[test]
fn a_message_for_which_a_deaf_client_has_no_room_says_that_nobody_listens() {
    with_watchdog("no room", LIMIT, || {
        let (running, client, there) = pair();
        // `pair` has called, so the peer counts as one that waits now and then; a fresh one is deaf.
        drop(client);
        drop(there);
        let (out, theirs) = mpsc::channel();
        let options = Serveur::options(0).quand_connecte(move |client| {
            out.send(client.clone()).unwrap();
        });
        running.stop().unwrap();
        let running = Running::new(options);
        let client =
            Client::options(running.serveur.adresse()).taille_max(1024).connecter().unwrap();
        let there = theirs.recv().unwrap().avec_delai(Duration::from_millis(30));
        let late = (0..100).find_map(|_| there.envoyer(nommee("note", (vec![0_u8; 500],))).err());
        let Some(Erreur::Delai(late)) = late else { panic!("{late:?}") };
        let said = (late.phase, late.etape, late.a_pu_etre_executee);
        assert_eq!(said, (Phase::Fenetre, Some(Etape::SansEcoute), false), "{late}");
        assert!(late.to_string().contains("does it call `ecouter`"), "{late}");
        drop(client);
        running.stop().unwrap();
    });
}

#[test]
fn a_program_that_listens_to_nothing_is_told_once_and_one_that_wants_silence_is_not() {
    with_watchdog("told", LIMIT, || {
        let options = Serveur::options(0).max_clients(2).quand_connecte(|client| {
            for _ in 0..3 {
                client.envoyer(nommee("note", ())).unwrap();
            }
        });
        let running = Running::new(options);
        let mut child = Command::new(env!("CARGO_BIN_EXE_departs"));
        let child = child.arg("sourd").arg(running.serveur.adresse().to_string());
        let mut child = child.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert!(line.contains("3 commands of the server wait here"), "{line}");
        assert!(line.contains("call `ecouter`"), "{line}");
        drop(child.stdin.take());
        child.wait().unwrap();
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        // What had come is run before its connection ends, and fails, for there are no such commands.
        assert!(!rest.contains("nothing runs them"), "{rest}");
        running.stop().unwrap();
    });
}
