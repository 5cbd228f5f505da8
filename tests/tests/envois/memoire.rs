//! What waits here to be written is bounded by this side, whatever window the peer announces.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::{Phase, RaisonNonEnvoi};
use cconn::{Client, Erreur, OctetsRef, Resultat, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw, call};
use cconn_tests::with_watchdog;

use super::LIMIT;

/// Bytes of one message.
const BLOCK: usize = 256 << 10;

/// More than the sockets' buffers of a connection and what may wait on this side hold together.
const MOST: usize = 32 << 20;

/// Long enough for what is written to be written, and short enough to be tried often.
const SHORT: Duration = Duration::from_millis(1);

/// A client of a peer that grants all the window there is and reads nothing.
fn greedy() -> (Client, Raw) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connecting = thread::spawn(move || Client::new(address).unwrap());
    let mut peer = Raw::accept(&listener);
    peer.send(&Greeting { window: 1 << 60, ..Greeting::server() }.bytes());
    (connecting.join().unwrap(), peer)
}

/// Sends until it is refused, and says how many bytes were accepted.
fn accepted<T>(mut send: impl FnMut(&[u8]) -> Resultat<T>) -> (usize, Erreur) {
    let block = vec![7; BLOCK];
    let mut bytes = 0;
    loop {
        match send(&block) {
            Ok(_) => bytes += BLOCK,
            Err(error) => return (bytes, error),
        }
        assert!(bytes < MOST, "{bytes} bytes were accepted for a peer that reads nothing");
    }
}

fn is_late(error: &Erreur) -> bool {
    matches!(error, Erreur::Delai(late) if late.phase == Phase::Fenetre && !late.a_pu_etre_executee)
}

#[test]
fn envoyer_with_a_short_deadline_waits_first() {
    with_watchdog("envoyer", LIMIT, || {
        for delai in [Duration::ZERO, SHORT, SHORT * 20] {
            let (client, _peer) = greedy();
            let client = client.avec_delai(delai);
            let (_, error) = accepted(|block| client.envoyer(nommee("b", (OctetsRef(block),))));
            assert!(is_late(&error), "{error}");
            // It stays so, and the connection lives.
            let more = accepted(|block| client.envoyer(nommee("b", (OctetsRef(block),))));
            assert!(more.0 <= 2 * BLOCK && client.est_connecte(), "{} more", more.0);
            client.close();
        }
    });
}

#[test]
fn differer_and_appeler_wait_first() {
    with_watchdog("differer", LIMIT, || {
        let (client, _peer) = greedy();
        let client = client.avec_delai(SHORT);
        let mut calls = Vec::new();
        let (_, error) = accepted(|block| {
            calls.push(client.differer::<(), _>(nommee("b", (OctetsRef(block),)))?);
            Ok(())
        });
        assert!(is_late(&error), "{error}");
        let block = vec![7; BLOCK];
        let called = client.appeler::<(), _>(nommee("b", (OctetsRef(&block),)));
        assert!(is_late(&called.unwrap_err()));
        client.close();
    });
}

#[test]
fn essayer_and_essayer_appel_are_refused() {
    with_watchdog("essayer", LIMIT, || {
        let (client, _peer) = greedy();
        let no_room = |error: &Erreur| matches!(error, Erreur::NonEnvoyee(e) if e.raison == RaisonNonEnvoi::SansPlace);
        let (_, error) = accepted(|block| client.essayer(nommee("b", (OctetsRef(block),))));
        assert!(no_room(&error), "{error}");
        let mut calls = Vec::new();
        let (_, error) = accepted(|block| {
            calls.push(client.essayer_appel::<(), _>(nommee("b", (OctetsRef(block),)))?);
            Ok(())
        });
        assert!(no_room(&error), "{error}");
        client.close();
    });
}

#[test]
fn many_threads_with_short_deadlines() {
    with_watchdog("many threads", LIMIT, || {
        let (client, _peer) = greedy();
        let bytes = AtomicUsize::new(0);
        let end = Instant::now() + Duration::from_millis(300);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let (client, block) = (client.avec_delai(SHORT), vec![7; BLOCK]);
                    while Instant::now() < end {
                        if client.envoyer(nommee("b", (OctetsRef(&block),))).is_ok() {
                            bytes.fetch_add(BLOCK, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
        let bytes = bytes.into_inner();
        assert!(bytes < MOST, "{bytes} bytes were accepted");
        client.close();
    });
}

#[test]
fn a_broadcast_passes_over_who_has_no_room() {
    with_watchdog("diffuser", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let running = thread::spawn({
            let serveur = serveur.clone();
            move || serveur.lancer()
        });
        let greeting = Greeting { window: 1 << 60, ..Greeting::client() };
        let _peer = Raw::client_with(serveur.adresse().socket().unwrap(), &greeting);
        while serveur.clients().is_empty() {
            thread::yield_now();
        }
        let block = vec![7; BLOCK];
        let reached = (0..MOST / BLOCK)
            .filter(|_| serveur.diffuser(nommee("b", (OctetsRef(&block),))).unwrap().atteints > 0);
        assert!(reached.count() * BLOCK < MOST);
        serveur.clients().iter().for_each(Client::close);
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
    });
}

#[test]
fn answers_wait_first() {
    with_watchdog("answers", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let answered = Arc::new(AtomicUsize::new(0));
        let counter = answered.clone();
        serveur
            .enregistrer_commande("donne", move |_, ()| {
                counter.fetch_add(1, Ordering::Relaxed);
                cconn::Octets(vec![7; BLOCK])
            })
            .unwrap();
        let running = thread::spawn({
            let serveur = serveur.clone();
            move || serveur.lancer()
        });
        let greeting = Greeting { window: 1 << 60, ..Greeting::client() };
        let mut peer = Raw::client_with(serveur.adresse().socket().unwrap(), &greeting);
        for id in 1..=(2 * MOST / BLOCK) as u64 {
            peer.send(&call(id, "donne", &[]));
        }
        thread::sleep(Duration::from_millis(300));
        let bytes = answered.load(Ordering::Relaxed) * BLOCK;
        assert!(bytes > BLOCK && bytes < MOST, "{bytes} bytes of answers");
        serveur.clients().iter().for_each(Client::close);
        serveur.eteindre().unwrap();
        running.join().unwrap().unwrap();
    });
}
