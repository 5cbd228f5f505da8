//! Commands whose outcome is not wanted any more: what `est_annule` speaks of, why, and what ends
//! with them.

#[path = "annulation/raisons.rs"]
mod raisons;

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use cconn::contexte::Contexte;
use cconn::{Client, Resultat, Serveur, nommee};
use cconn_tests::{until, until_some, with_watchdog};

const LIMIT: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(100);

/// Waits until the client that a command was handed says that nobody waits.
fn until_cancelled(client: &Client) {
    until("it is cancelled", || client.est_annule());
}

/// Calls that command with too little time for it, and returns what it tells. If the process was
/// held up, the command may not even have started: then it is called again.
fn given_up<T>(client: &Client, name: &str, told: &mpsc::Receiver<T>) -> T {
    until_some("a command that was given up has told", || {
        // It ends at about the same moment, and its answer may still be in time.
        let _late = client.avec_delai(SHORT).appeler::<(), _>(nommee(name, ()));
        told.recv_timeout(10 * SHORT).ok()
    })
}

#[test]
fn the_handle_of_another_client_says_nothing_of_this_command() {
    with_watchdog("another client", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        let (sender, seen) = mpsc::channel();
        let weak = serveur.faible();
        serveur
            .enregistrer_commande("longue", move |client: &Client, (): ()| {
                until_cancelled(client);
                let others = weak.serveur().unwrap().clients();
                let other = others.iter().find(|other| other.id() != client.id()).unwrap();
                // A clone is the same connection; another thread is not inside the command.
                let clone = client.clone();
                let elsewhere = {
                    let client = client.clone();
                    thread::spawn(move || client.est_annule()).join().unwrap()
                };
                sender.send((other.est_annule(), clone.est_annule(), elsewhere)).unwrap();
            })
            .unwrap();
        let (one, _two) = (serveur.client_local().unwrap(), serveur.client_local().unwrap());
        assert_eq!(given_up(&one, "longue", &seen), (false, true, false));
        assert!(!one.est_annule(), "outside any command");
    });
}

#[test]
fn a_command_that_is_waited_for_is_not_cancelled() {
    with_watchdog("waited for", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur
            .enregistrer_commande("courte", |client: &Client, (): ()| client.est_annule())
            .unwrap();
        let client = serveur.client_local().unwrap();
        assert!(!client.appeler::<bool, _>(nommee("courte", ())).unwrap());
        assert!(
            !cconn_tests::first_client(&serveur).est_annule(),
            "the server's end, outside any command"
        );
    });
}

#[test]
fn each_of_two_nested_commands_is_told_of_its_own_caller() {
    with_watchdog("nested", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, seen) = mpsc::channel();
        // The server's command is given up while the one that it has asked for is waited for.
        serveur
            .enregistrer_commande("dehors", move |client: &Client, (): ()| -> Resultat<()> {
                let within = Contexte::actuel().sans_annulation();
                let inner: bool = within.dans(|| client.appeler(nommee("dedans", ())))?;
                until_cancelled(client);
                sender.send((inner, client.est_annule())).unwrap();
                Ok(())
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let dedans = |client: &Client, (): ()| {
            thread::sleep(2 * SHORT);
            client.est_annule()
        };
        client.enregistrer_commande("dedans", dedans).unwrap();
        let seen = given_up(&client, "dehors", &seen);
        client.enregistrer_commande("autre", |_, (): ()| ()).unwrap();
        assert_eq!(seen, (false, true));
    });
}

#[test]
fn a_connection_that_is_served_inside_a_command_of_another_one_has_commands_of_its_own() {
    with_watchdog("served inside", LIMIT, || {
        let (outer, inner) = (Serveur::new(0).unwrap(), Serveur::new(0).unwrap());
        let second = inner.client_local().unwrap();
        let of_outer: Arc<Mutex<Option<Client>>> = Arc::default();
        let (sender, seen) = mpsc::channel();
        let known = of_outer.clone();
        second
            .enregistrer_commande("demande", move |second: &Client, (): ()| {
                let outer = known.lock().unwrap().clone().unwrap();
                until_cancelled(&outer);
                sender.send((outer.est_annule(), second.est_annule())).unwrap();
            })
            .unwrap();
        // The commands of the second connection run on the thread of the outer command.
        let (serves, known) = (second.clone(), of_outer.clone());
        outer
            .enregistrer_commande("sert", move |client: &Client, (): ()| {
                *known.lock().unwrap() = Some(client.clone());
                serves.lancer().map_err(|error| error.to_string()).unwrap();
            })
            .unwrap();
        let first = outer.client_local().unwrap();
        let call = first.differer::<(), _>(nommee("sert", ())).unwrap();
        while of_outer.lock().unwrap().is_none() {
            thread::yield_now();
        }
        drop(call);
        cconn_tests::first_client(&inner).appeler::<(), _>(nommee("demande", ())).unwrap();
        assert_eq!(seen.recv().unwrap(), (true, false));
        of_outer.lock().unwrap().take();
        second.eteindre().unwrap();
    });
}
