//! Stops inside commands that wait for each other: a circle is broken, a chain is waited for.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use cconn::{Client, Resultat, Serveur, nommee};
use cconn_tests::{Stopwatch, with_watchdog};

use super::{LIMIT, Running};

/// Far less than the grace period that a circle would last for.
const SOON: Duration = Duration::from_secs(2);

/// What a command stops of the next server.
#[derive(Clone, Copy)]
enum Stops {
    /// The client's handle of the connection.
    Client,
    /// The server's handle of it.
    Peer,
    /// The server.
    Server,
}

/// Each of so many servers runs a command that stops the next one's connection, all at once.
fn ring(length: usize, stops: Stops) {
    with_watchdog("ring", LIMIT, move || {
        let all_inside = Arc::new(Barrier::new(length));
        let peers: Arc<Vec<OnceLock<Client>>> = Arc::new(vec![OnceLock::new(); length]);
        let running: Vec<Running> =
            (0..length).map(|_| Running::of(Serveur::new(0).unwrap())).collect();
        let clients: Vec<Client> = running.iter().map(Running::client).collect();
        for (place, one) in running.iter().enumerate() {
            let next = (place + 1) % length;
            let (all_inside, peers) = (all_inside.clone(), peers.clone());
            let (client, serveur) = (clients[next].clone(), running[next].serveur.clone());
            let stop = move |peer: &Client, (): ()| -> Resultat<()> {
                peers[place].set(peer.clone()).unwrap();
                all_inside.wait();
                match stops {
                    Stops::Client => client.eteindre(),
                    Stops::Peer => peers[next].get().unwrap().eteindre(),
                    Stops::Server => serveur.eteindre(),
                }
            };
            one.serveur.enregistrer_commande("stop", stop).unwrap();
        }
        let watch = Stopwatch::start();
        let calls: Vec<_> = clients
            .iter()
            .map(|client| client.differer::<(), _>(nommee("stop", ())).unwrap())
            .collect();
        for call in calls {
            call.attendre().unwrap();
        }
        assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
        for one in running {
            one.stop().unwrap();
        }
    });
}

#[test]
fn commands_that_stop_each_other_s_client_in_a_ring_all_end() {
    (1..=4).for_each(|length| ring(length, Stops::Client));
}

#[test]
fn commands_that_stop_each_other_s_peer_in_a_ring_all_end() {
    (1..=4).for_each(|length| ring(length, Stops::Peer));
}

#[test]
fn commands_that_stop_each_other_s_server_in_a_ring_all_end() {
    (1..=3).for_each(|length| ring(length, Stops::Server));
}

#[test]
fn hooks_that_stop_each_other_s_server_both_end() {
    with_watchdog("hooks", LIMIT, || {
        let others: [Arc<OnceLock<Serveur>>; 2] = Default::default();
        let both_inside = Arc::new(Barrier::new(2));
        let (sender, results) = mpsc::channel();
        let running: Vec<Running> = (0..2)
            .map(|which| {
                let (other, both_inside) = (others[1 - which].clone(), both_inside.clone());
                let sender = sender.clone();
                let hook = move |_: &Client| {
                    both_inside.wait();
                    sender.send(other.get().unwrap().eteindre().is_ok()).unwrap();
                };
                Running::new(Serveur::options(0).quand_connecte(hook))
            })
            .collect();
        for (place, one) in others.iter().zip(&running) {
            place.set(one.serveur.clone()).unwrap();
        }
        let watch = Stopwatch::start();
        let _clients: Vec<Client> = running.iter().map(Running::client).collect();
        assert!(results.iter().take(2).all(|ok| ok));
        for one in running {
            one.stop().unwrap();
        }
        assert!(watch.elapsed() < SOON, "{:?}", watch.elapsed());
    });
}

/// A command of one server stops a connection, at whose end a command waits for the end of a third,
/// that has something to do yet: none of the two is left early.
fn chain(stops_peer: bool) {
    with_watchdog("chain", LIMIT, move || {
        let [first, second, third] = [(); 3].map(|()| Running::of(Serveur::new(0).unwrap()));
        let handled = Arc::new(AtomicUsize::new(0));
        let count = handled.clone();
        let slow = move |_: &Client, (): ()| {
            thread::sleep(Duration::from_millis(60));
            count.fetch_add(1, Ordering::SeqCst);
        };
        third.serveur.enregistrer_commande("slow", slow).unwrap();
        let to_third = third.client();
        let (sender, begun) = mpsc::channel();
        let outer = move |peer: &Client, (): ()| -> Resultat<()> {
            (0..3).try_for_each(|_| to_third.envoyer(nommee("slow", ())))?;
            sender.send(peer.clone()).unwrap();
            to_third.eteindre()
        };
        second.serveur.enregistrer_commande("stop", outer).unwrap();
        let to_second = second.client();
        let held = Mutex::new(None::<Client>);
        let held = Arc::new(held);
        let stopped = held.clone();
        let stop = move |_: &Client, (): ()| -> Resultat<(bool, usize)> {
            let client = stopped.lock().unwrap().take().unwrap();
            client.eteindre()?;
            Ok((client.est_connecte(), handled.load(Ordering::SeqCst)))
        };
        first.serveur.enregistrer_commande("stop", stop).unwrap();
        let to_first = first.client();
        to_second.envoyer(nommee("stop", ())).unwrap();
        let peer = begun.recv().unwrap();
        *held.lock().unwrap() = Some(if stops_peer { peer } else { to_second });
        assert_eq!(to_first.appeler::<(bool, usize), _>(nommee("stop", ())).unwrap(), (false, 3));
        for one in [first, second, third] {
            one.stop().unwrap();
        }
    });
}

#[test]
fn a_stop_that_waits_for_another_stop_is_a_whole_one() {
    chain(false);
    chain(true);
}
