//! Tests of a server in a process that may start only a few threads.

use std::process::Command;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::erreur::NatureDistante;
use crate::message::nommee;

/// Set in a process that may start as many threads as it says.
const MOST: &str = "CCONN_TEST_THREADS";

fn in_a_process_of(threads: usize, test: &str) {
    let program = std::env::current_exe().unwrap();
    let test = format!("serveur::scarce::{test}");
    let mut command = Command::new(program);
    let child = command.args([&test, "--exact", "--nocapture"]).env(MOST, threads.to_string());
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
}

fn is_child() -> bool {
    std::env::var_os(MOST).is_some()
}

fn running(serveur: &Serveur) -> thread::JoinHandle<Resultat<()>> {
    let serveur = serveur.clone();
    thread::spawn(move || serveur.lancer())
}

/// Whether a call was answered. If not, it must have been refused without being run.
fn is_answered(result: Resultat<u32>) -> bool {
    match result {
        Ok(value) => value == 7,
        Err(Erreur::NonEnvoyee(_)) => false,
        Err(Erreur::Distante(remote)) if remote.nature == NatureDistante::SansRessources => false,
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn commands_that_need_a_thread_too_many_are_refused_as_not_run() {
    if !is_child() {
        return in_a_process_of(12, "commands_that_need_a_thread_too_many_are_refused_as_not_run");
    }
    let serveur = Serveur::options(0).max_clients(1000).ouvrir().unwrap();
    assert_eq!(
        serveur.shared.options.bounds.most, 9,
        "a quarter of the threads is no client's own"
    );
    // All commands run at once, and each needs a thread of its own for that.
    let back = |client: &Client, (): ()| {
        let answered = is_answered(client.appeler(nommee("retour", ())));
        if answered { 7_u32 } else { 0 }
    };
    serveur.enregistrer_commande("aller", back).unwrap();
    serveur.enregistrer_commande("simple", |_, (): ()| 7_u32).unwrap();
    let lancer = running(&serveur);
    let clients: Vec<_> = (0..3).map(|_| Client::new(serveur.adresse()).unwrap()).collect();
    let (each, start) = (8, Arc::new(Barrier::new(24)));
    let mut callers = Vec::new();
    for client in &clients {
        client
            .enregistrer_commande("retour", |_, (): ()| {
                thread::sleep(Duration::from_millis(2));
                7_u32
            })
            .unwrap();
        for _ in 0..each {
            let (client, start) = (client.clone(), start.clone());
            callers.push(thread::spawn(move || {
                start.wait();
                (0..20).filter(|_| is_answered(client.appeler(nommee("aller", ())))).count()
            }));
        }
    }
    let answered: usize = callers.into_iter().map(|caller| caller.join().unwrap()).sum();
    assert!(answered < 480, "there were threads for all");
    // Threads end, and commands that need one can run again.
    let deadline = Instant::now() + Duration::from_secs(20);
    for client in &clients {
        while !is_answered(client.appeler(nommee("aller", ()))) {
            assert!(Instant::now() < deadline, "no thread comes back");
            thread::sleep(Duration::from_millis(1));
        }
    }
    for client in &clients {
        assert!(is_answered(client.appeler(nommee("simple", ()))), "it needs no thread");
    }
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

#[test]
fn clients_without_a_thread_are_refused_in_words_and_cost_nobody_else() {
    if !is_child() {
        let name = "clients_without_a_thread_are_refused_in_words_and_cost_nobody_else";
        return in_a_process_of(8, name);
    }
    let (full, serveur) = (with_simple(), with_simple());
    let (lancer, second) = (running(&full), running(&serveur));
    let others: Vec<_> = (0..4).map(|_| Client::new(full.adresse()).unwrap()).collect();
    let mut clients = Vec::new();
    let error = loop {
        match Client::new(serveur.adresse()) {
            Ok(client) => clients.push(client),
            Err(error) => break error,
        }
        assert!(clients.len() < 4, "eight threads can't do");
    };
    assert!(clients.len() >= 2, "{error}");
    assert!(error.to_string().contains("could not start a thread"), "{error}");
    let error = serveur.client_local().unwrap_err();
    assert!(error.to_string().contains("no thread to be had"), "{error}");
    for client in others.iter().chain(&clients) {
        assert!(is_answered(client.appeler(nommee("simple", ()))));
    }
    // The thread of a client that leaves goes to another client.
    clients.pop().unwrap().eteindre().unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while Client::new(serveur.adresse()).is_err() {
        assert!(Instant::now() < deadline, "nobody is let in any more");
        thread::yield_now();
    }
    for (serveur, lancer) in [(full, lancer), (serveur, second)] {
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    }
}

/// A server with a limit of more clients than there are threads; the limit is lowered to six.
fn with_simple() -> Serveur {
    let serveur = Serveur::options(0).max_clients(1000).ouvrir().unwrap();
    serveur.enregistrer_commande("simple", |_, (): ()| 7_u32).unwrap();
    serveur
}
