//! Channels with a peer that breaks the rules of streams, or keeps them in ways that no cconn does.

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::{Depart, RaisonNonEnvoi};
use cconn::flux::{Emetteur, Flux, SiPlein};
use cconn::{Erreur, Etat, Octets, Resultat, Serveur, commande, commandes};
use cconn_tests::raw::{
    Greeting, Raw, Seen, call, cancel, credit, end, items, record, retrait, with_context,
};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Abonnes(Arc<Mutex<Vec<Emetteur<Octets>>>>);

impl Abonnes {
    fn take(&self) -> Emetteur<Octets> {
        loop {
            if let Some(emetteur) = self.0.lock().unwrap().pop() {
                return emetteur;
            }
            thread::yield_now();
        }
    }
}

#[commande]
fn suivre(abonnes: &Etat<Abonnes>) -> Flux<Octets> {
    let (emetteur, flux) = Flux::options_canal(4).si_plein(SiPlein::Refuser).ouvrir();
    abonnes.0.lock().unwrap().push(emetteur);
    flux
}

fn serving() -> (Serveur, Abonnes, JoinHandle<()>) {
    let abonnes = Abonnes::default();
    let serveur = Serveur::options(0).max_clients(8).fournir(abonnes.clone()).ouvrir().unwrap();
    serveur.enregistrer(commandes![suivre]).unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| n * 2).unwrap();
    let running = serveur.clone();
    (serveur, abonnes, thread::spawn(move || running.lancer().unwrap()))
}

fn raw_client(serveur: &Serveur) -> Raw {
    let greeting = Greeting { more: record(1, &[0x0f]), ..Greeting::client() };
    Raw::client_with(serveur.adresse().socket().unwrap(), &greeting)
}

fn expecting(id: u64, credit: u32) -> Vec<u8> {
    let block = [&[4, 4][..], &credit.to_le_bytes()].concat();
    with_context(&call(id, "suivre", &[]), &block)
}

fn push(emetteur: &Emetteur<Octets>, n: u8) -> Resultat<()> {
    emetteur.envoyer(Octets(vec![n]))
}

fn departure(emetteur: &Emetteur<Octets>) -> Depart {
    loop {
        match push(emetteur, 0) {
            Err(Erreur::NonEnvoyee(non)) => match non.raison {
                RaisonNonEnvoi::ConsommateurParti { depart } => return depart,
                RaisonNonEnvoi::CanalPlein => thread::yield_now(),
                other => panic!("{other:?}"),
            },
            Ok(()) => thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

fn next_of(raw: &mut Raw, id: u64) -> Vec<u8> {
    match raw.next() {
        Some(Seen::Items { id: of, lane: 0, rest }) if of == id => rest,
        other => panic!("{other:?}"),
    }
}

fn call_passes(raw: &mut Raw, id: u64) {
    raw.send(&call(id, "double", &[21]));
    let answer = raw.find(|seen| !matches!(seen, Seen::Items { .. }));
    assert_eq!(answer, Some(Seen::Answer { id, body: vec![42] }));
}

#[test]
fn a_channel_says_that_it_may_be_silent_and_sends_nothing_without_credit() {
    // [stream.open] [credit.spend] [stream.silence]
    with_watchdog("credit of a channel", LIMIT, || {
        let (serveur, abonnes, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&expecting(1, 20));
        assert_eq!(next_of(&mut raw, 1), [1], "it may be silent, and holds nothing");
        let emetteur = abonnes.take();
        // An item costs 18: the second takes the credit below 0.
        push(&emetteur, 1).unwrap();
        assert_eq!(next_of(&mut raw, 1), [2, 1, 1]);
        push(&emetteur, 2).unwrap();
        assert_eq!(next_of(&mut raw, 1), [2, 1, 2]);
        for n in 3..=6 {
            push(&emetteur, n).unwrap();
        }
        assert!(push(&emetteur, 7).is_err(), "four items wait");
        call_passes(&mut raw, 2);
        raw.send(&credit(1, 0, 17));
        assert_eq!(next_of(&mut raw, 1), [2, 1, 3], "one above 0, one item");
        // The end waits for the items before it, and for no credit.
        emetteur.finir();
        call_passes(&mut raw, 3);
        raw.send(&credit(1, 0, 1000));
        assert_eq!(next_of(&mut raw, 1), [2, 1, 4, 2, 1, 5, 2, 1, 6]);
        assert!(matches!(raw.next(), Some(Seen::End { id: 1, lane: 0, how: 0, .. })));
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn a_stop_is_answered_by_one_end_and_a_cancel_by_none() {
    // [stop.end] [cancel.stream] [credit.unknown]
    with_watchdog("stop of a channel", LIMIT, || {
        let (serveur, abonnes, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&expecting(1, 20));
        assert_eq!(next_of(&mut raw, 1), [1]);
        let emetteur = abonnes.take();
        raw.send(&[credit(1, 0, 0), credit(1, 0, 0), credit(1, 0, 100), cancel(1)].concat());
        assert!(matches!(raw.next(), Some(Seen::End { id: 1, lane: 0, how: 0, .. })));
        assert_eq!(departure(&emetteur), Depart::Arrete);
        call_passes(&mut raw, 2);
        raw.send(&expecting(3, 20));
        assert_eq!(next_of(&mut raw, 3), [1]);
        let emetteur = abonnes.take();
        // Items and ends of what is no stream of the peer's change nothing.
        raw.send(&[items(3, 0, None, &[b"x"]), end(3, 0, 0, &[]), credit(3, 1, 9)].concat());
        raw.send(&[cancel(3), credit(3, 0, 0), cancel(3)].concat());
        assert_eq!(departure(&emetteur), Depart::AppelAbandonne);
        call_passes(&mut raw, 4);
        // The cancel is there before the call starts, or right behind it.
        for id in 5..60 {
            raw.send(&[expecting(id, 20), cancel(id)].concat());
        }
        call_passes(&mut raw, 60);
        let left = std::mem::take(&mut *abonnes.0.lock().unwrap());
        for emetteur in &left {
            assert_eq!(departure(emetteur), Depart::AppelAbandonne);
        }
        call_passes(&mut raw, 61);
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn too_much_credit_ends_the_connection_and_tells_the_emitter() {
    // [credit.most]
    with_watchdog("credit beyond its limit", LIMIT, || {
        let (serveur, abonnes, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&expecting(1, 1 << 31));
        assert_eq!(next_of(&mut raw, 1), [1]);
        let emetteur = abonnes.take();
        raw.send(&credit(1, 0, 1));
        let last = raw.rest().pop();
        assert!(matches!(last, Some(Seen::Adieu { reason: 7, .. })), "{last:?}");
        assert_eq!(departure(&emetteur), Depart::ConnexionFinie);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn the_peers_retrait_ends_its_channels_before_ours() {
    // [stream.retrait]
    with_watchdog("retrait and channels", LIMIT, || {
        let (serveur, abonnes, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&[expecting(1, 1), expecting(2, 1)].concat());
        let emetteurs = [abonnes.take(), abonnes.take()];
        for emetteur in &emetteurs {
            push(emetteur, 1).unwrap();
            // It has to wait, and is never sent.
            push(emetteur, 2).unwrap();
        }
        raw.send(&[retrait(), expecting(3, 100)].concat());
        let mut ended = Vec::new();
        let failed = loop {
            match raw.next() {
                Some(Seen::End { id, how: 2, rest, .. }) => {
                    assert_eq!(rest[..2], [0x0a, 1], "closed meanwhile");
                    ended.push(id);
                }
                Some(Seen::Items { rest, .. }) => assert!(!rest.ends_with(&[2, 1, 2])),
                Some(Seen::Retrait) => assert_eq!(ended.len(), 2, "the ends come before"),
                Some(Seen::Adieu { reason: 1, .. }) => {}
                Some(Seen::Failure { id, code, .. }) => break (id, code),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(failed, (3, 0x010a), "a channel that is returned now is not opened");
        for emetteur in emetteurs.iter().chain([&abonnes.take()]) {
            assert_eq!(departure(emetteur), Depart::Extinction);
        }
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

/// More than the sockets of one connection hold on any system, in bytes.
const SOCKETS_TAKE: u64 = 32 << 20;

#[test]
fn a_peer_that_takes_no_bytes_costs_no_more_than_its_channels_hold() {
    with_watchdog("a full socket", LIMIT, || {
        let (serveur, abonnes, running) = serving();
        let mut raw = raw_client(&serveur);
        for id in 1..=3 {
            raw.send(&expecting(id, 1 << 30));
        }
        let emetteurs = [abonnes.take(), abonnes.take(), abonnes.take()];
        // The sockets take some, whenever the system gives them more room; then the outbox 256 KiB,
        // and each channel its four items.
        let mut sent = [0_u64; 3];
        for (emetteur, sent) in emetteurs.iter().zip(&mut sent) {
            while emetteur.envoyer(Octets(vec![7; 20_000])).is_ok() {
                *sent += 1;
            }
        }
        let taken = 20_000 * sent.iter().sum::<u64>();
        assert!(sent.iter().all(|sent| *sent >= 4) && taken < SOCKETS_TAKE, "{sent:?}");
        // It takes them after all: each channel goes on by itself, and none is lost.
        emetteurs.iter().for_each(Emetteur::finir);
        let (mut seen, mut ended) = ([0_u64; 3], 0);
        while ended < 3 {
            match raw.next().expect("it goes on") {
                Seen::Items { id, rest, .. } => {
                    let bytes: Vec<_> = rest.into_iter().filter(|byte| *byte == 7).collect();
                    seen[usize::try_from(id - 1).unwrap()] += bytes.len() as u64;
                }
                Seen::End { how: 0, .. } => ended += 1,
                other => panic!("{other:?}"),
            }
        }
        // Commands start in order, but their emitters were taken from the back.
        seen.sort_unstable();
        sent.sort_unstable();
        for (seen, sent) in seen.into_iter().zip(sent) {
            assert!((sent * 20_000..sent * 20_000 + 1000).contains(&seen), "{seen} of {sent}");
        }
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}
