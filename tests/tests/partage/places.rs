//! A place is for who has greeted, and until its peer is gone.

use std::net::{IpAddr, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::{Client, OptionsServeur, Resultat, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw, call};
use cconn_tests::{Stopwatch, until_some, with_watchdog};

use super::LIMIT;

/// Strangers that a server has room for.
const ROOM: usize = 128;

fn started(clients: usize) -> (Serveur, JoinHandle<Resultat<()>>) {
    run(Serveur::options(0).max_clients(clients).ouvrir().unwrap())
}

fn run(serveur: Serveur) -> (Serveur, JoinHandle<Resultat<()>>) {
    serveur.enregistrer_commande("double", |_, (n,): (u32,)| 2 * n).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    (serveur, lancer)
}

fn stop(serveur: &Serveur, lancer: JoinHandle<Resultat<()>>) {
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

#[track_caller]
fn served(serveur: &Serveur) -> Client {
    let client = Client::new(serveur.adresse()).unwrap();
    assert_eq!(client.appeler::<u32, _>(nommee("double", (21_u32,))).unwrap(), 42);
    client
}

/// Says that much of a greeting, and no more.
fn stranger(serveur: &Serveur, bytes: usize) -> Raw {
    let mut raw = Raw::connect(serveur.adresse().socket().unwrap());
    raw.send(&Greeting::client().bytes()[..bytes]);
    raw
}

#[test]
fn strangers_take_no_place() {
    with_watchdog("strangers", LIMIT, || {
        for (places, strangers, said) in
            [(1, 1, 0), (1, 1, 5), (1, 3, 29), (4, 4, 0), (23, 23, 12), (2, ROOM + 20, 0)]
        {
            let (serveur, lancer) = started(places);
            let silent: Vec<_> = (0..strangers).map(|_| stranger(&serveur, said)).collect();
            for _ in 0..20 {
                served(&serveur).eteindre().unwrap();
            }
            let clients: Vec<_> = (0..places).map(|_| served(&serveur)).collect();
            assert_eq!(serveur.clients().len(), places);
            let refused = Client::new(serveur.adresse()).unwrap_err();
            assert!(refused.to_string().contains("full"), "{refused}");
            drop(clients);
            drop(silent);
            served(&serveur).eteindre().unwrap();
            stop(&serveur, lancer);
        }
    });
}

#[test]
fn a_stranger_that_greets_in_its_time_is_let_in() {
    with_watchdog("late greetings", LIMIT, || {
        let (serveur, lancer) = started(1);
        let mut slow = stranger(&serveur, 7);
        let _silent: Vec<_> = (0..ROOM - 1).map(|_| stranger(&serveur, 0)).collect();
        served(&serveur).eteindre().unwrap();
        slow.send(&Greeting::client().bytes()[7..]);
        assert_eq!(slow.greeting()[14], 0, "accepted");
        slow.send(&call(1, "double", &[4]));
        assert!(slow.next().is_some(), "answered");
        drop(slow);
        served(&serveur).eteindre().unwrap();
        stop(&serveur, lancer);
    });
}

#[test]
fn the_stranger_that_was_silent_for_longest_goes_first() {
    with_watchdog("oldest first", LIMIT, || {
        let (sender, gone) = mpsc::channel();
        let options = Serveur::options(0).quand_refuse(move |address, _| {
            let _over = sender.send(address.unwrap());
        });
        let (serveur, lancer) = run(options.ouvrir().unwrap());
        let silent: Vec<_> = (0..ROOM + 3).map(|_| stranger(&serveur, 0)).collect();
        for stranger in &silent[..3] {
            assert_eq!(gone.recv_timeout(LIMIT / 2).unwrap(), stranger.address().into());
        }
        served(&serveur).eteindre().unwrap();
        // A client whose greeting comes a moment after its connection takes a stranger's place for
        // that moment: then the next stranger has gone, and no other one.
        if let Ok(next) = gone.try_recv() {
            assert_eq!(next, silent[3].address().into());
        }
        assert!(gone.try_recv().is_err(), "a second stranger went");
        stop(&serveur, lancer);
    });
}

#[test]
fn a_connection_that_leaves_at_once_costs_no_client_its_place() {
    with_watchdog("health checks", LIMIT, || {
        let (serveur, lancer) = started(1);
        for n in 0..60 {
            drop(TcpStream::connect(serveur.adresse()).unwrap());
            if n % 3 == 0 {
                let mut half = stranger(&serveur, 20);
                half.end();
            }
            served(&serveur).eteindre().unwrap();
        }
        stop(&serveur, lancer);
    });
}

#[test]
fn the_place_of_a_peer_that_vanished_is_free_at_once() {
    with_watchdog("vanished peers", LIMIT, || {
        let (serveur, lancer) = started(1);
        for n in 0..60 {
            let mut raw = Raw::client(serveur.adresse().socket().unwrap());
            match n % 3 {
                0 => {}
                // What it leaves unread makes its end a reset.
                1 => {
                    raw.send(&call(1, "double", &[4]));
                    thread::sleep(Duration::from_millis(1));
                }
                _ => raw.send(&call(1, "double", &[4])[..9]),
            }
            drop(raw);
            if !cfg!(target_os = "linux") {
                // The end of one connection may arrive after the begin of the next.
                arrived(&serveur);
            }
            served(&serveur).eteindre().unwrap();
        }
        stop(&serveur, lancer);
    });
}

/// Waits until the server's system knows that the last client is gone: a newcomer comes in.
fn arrived(serveur: &Serveur) {
    let client = until_some("a newcomer comes in", || Client::new(serveur.adresse()).ok());
    client.eteindre().unwrap();
}

#[test]
fn a_stop_waits_for_no_stranger() {
    with_watchdog("a stop with strangers", LIMIT, || {
        let (serveur, lancer) = started(2);
        let client = served(&serveur);
        let mut strangers: Vec<_> = (0..20).map(|n| stranger(&serveur, n)).collect();
        // Whoever comes later stands behind them.
        served(&serveur).eteindre().unwrap();
        let watch = Stopwatch::start();
        stop(&serveur, lancer);
        // A stranger may take ten seconds for its greeting; the client that is there, two for its
        // goodbye.
        assert!(watch.elapsed() < Duration::from_secs(5), "{:?}", watch.elapsed());
        for stranger in &mut strangers {
            assert_eq!(stranger.greeting()[14], 2, "stopping");
            assert_eq!(stranger.rest(), []);
        }
        assert!(!client.est_connecte());
    });
}

/// How many clients come in at once; then what the next one is told.
fn filled(options: OptionsServeur) -> (Serveur, JoinHandle<Resultat<()>>, Vec<Client>, String) {
    let (serveur, lancer) = run(options.ouvrir().unwrap());
    let mut clients = Vec::new();
    loop {
        match Client::new(serveur.adresse()) {
            Ok(client) => clients.push(client),
            Err(refused) => return (serveur, lancer, clients, refused.to_string()),
        }
    }
}

#[test]
fn so_many_clients_of_one_address_come_in_and_not_one_more() {
    with_watchdog("per address", LIMIT, || {
        for most in [1, 2, 5] {
            let options = Serveur::options(0).max_clients(9).max_par_adresse(most);
            let (serveur, lancer, mut clients, refused) = filled(options);
            assert_eq!(clients.len(), most, "{refused}");
            let text = "at a time from one address; see `max_par_adresse`";
            assert!(refused.contains(text), "{refused}");
            // Others than those that come by the network are let in.
            let local = serveur.client_local().unwrap();
            assert_eq!(local.appeler::<u32, _>(nommee("double", (4_u32,))).unwrap(), 8);
            // Who leaves makes room at once, again and again.
            for _ in 0..20 {
                clients.pop().unwrap().eteindre().unwrap();
                clients.push(served(&serveur));
            }
            assert!(Client::new(serveur.adresse()).is_err());
            stop(&serveur, lancer);
        }
    });
}

#[test]
fn the_last_places_are_for_certain_addresses() {
    with_watchdog("reserved", LIMIT, || {
        let elsewhere = IpAddr::from([203, 0, 113, 9]);
        for (reserved, addresses, expected) in [
            (2, vec![elsewhere], 3),
            (4, vec![elsewhere], 1),
            (4, vec![elsewhere, IpAddr::from([127, 0, 0, 1])], 5),
            (0, vec![], 5),
        ] {
            let options = Serveur::options(0).max_clients(5);
            let options = options.places_reservees(reserved, addresses);
            let (serveur, lancer, clients, refused) = filled(options);
            assert_eq!(clients.len(), expected, "{refused}");
            assert!(refused.contains("it takes 5 clients at a time"), "{refused}");
            stop(&serveur, lancer);
        }
        for reserved in [5, 6] {
            let options = Serveur::options(0).max_clients(5);
            let error = options.places_reservees(reserved, [elsewhere]).ouvrir().unwrap_err();
            assert!(error.to_string().contains("places_reservees"), "{error}");
        }
        let error = Serveur::options(0).max_par_adresse(0).ouvrir().unwrap_err();
        assert!(error.to_string().contains("max_par_adresse"), "{error}");
    });
}
