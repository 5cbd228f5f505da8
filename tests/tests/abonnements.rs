//! What 10,000 subscriptions cost: no thread, and little memory.
//!
//! The counter of bytes is that of the whole process, so this binary holds one test only. The
//! subscribers are plain sockets, which keep nothing, so that what is counted is the server's.

use std::alloc::System;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cconn::flux::{Emetteur, Flux, SiPlein};
use cconn::{Etat, Serveur, commande, commandes};
use cconn_tests::raw::{Greeting, Raw, Seen, call, record, with_context};
use cconn_tests::with_watchdog;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONNECTIONS: u64 = 4;

/// Subscriptions of each connection.
const EACH: u64 = 2_500;

/// Bytes that a subscription may take on the server, its emitter included.
const MOST_EACH: usize = 1024;

#[derive(Clone, Default)]
struct Abonnes(Arc<Mutex<Vec<Emetteur<u64>>>>);

#[commande]
fn suivre(abonnes: &Etat<Abonnes>) -> Flux<u64> {
    let (emetteur, flux) = Flux::options_canal(64).si_plein(SiPlein::Ecarter).ouvrir();
    abonnes.0.lock().unwrap().push(emetteur);
    flux
}

fn expecting(id: u64) -> Vec<u8> {
    let block = [&[4, 4][..], &(1_u32 << 16).to_le_bytes()].concat();
    with_context(&call(id, "suivre", &[]), &block)
}

/// The threads of this process, where the system tells.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// Subscribes `EACH` times.
fn subscribe(raw: &mut Raw) {
    for first in (1..=EACH).step_by(100) {
        let row: Vec<u8> = (first..first + 100).flat_map(expecting).collect();
        raw.send(&row);
        for id in first..first + 100 {
            assert!(matches!(raw.next(), Some(Seen::Items { id: of, .. }) if of == id));
        }
    }
}

/// Takes one item of each subscription: `value`, the first byte behind its length.
fn take_one_each(raw: &mut Raw, value: u8) {
    let mut left = EACH;
    while left > 0 {
        match raw.next() {
            Some(Seen::Items { lane: 0, rest, .. }) => {
                assert_eq!(rest, [1, value]);
                left -= 1;
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn ten_thousand_subscriptions_take_no_thread_and_little_memory() {
    with_watchdog("10,000 subscriptions", Duration::from_secs(60), || {
        let abonnes = Abonnes::default();
        let options = Serveur::options(0).max_clients(8).fournir(abonnes.clone());
        let serveur = options.ouvrir().unwrap();
        serveur.enregistrer(commandes![suivre]).unwrap();
        let running = serveur.clone();
        let running = thread::spawn(move || running.lancer().unwrap());
        let address = serveur.adresse().socket().unwrap();
        let greeting = || Greeting { more: record(1, &[0x0f]), ..Greeting::client() };
        let mut raws: Vec<_> =
            (0..CONNECTIONS).map(|_| Raw::client_with(address, &greeting())).collect();
        // One of each first: threads are started, buffers grow.
        for raw in &mut raws {
            raw.send(&expecting(EACH + 1));
            assert!(matches!(raw.next(), Some(Seen::Items { .. })));
        }
        let (before, region) = (threads(), Region::new(COUNTER));
        for raw in &mut raws {
            subscribe(raw);
        }
        let change = region.change();
        let held = change.bytes_allocated.saturating_sub(change.bytes_deallocated);
        let all = CONNECTIONS * EACH;
        let each = held / usize::try_from(all).unwrap();
        println!("{all} subscriptions hold {held} bytes, {each} bytes each");
        println!("threads before {before:?}, after {:?}", threads());
        assert_eq!(threads(), before, "threads grow with subscriptions");
        assert!((1..=MOST_EACH).contains(&each), "{each} bytes each");
        let emetteurs = std::mem::take(&mut *abonnes.0.lock().unwrap());
        assert_eq!(emetteurs.len() as u64, all + CONNECTIONS);
        // The first of each connection was asked for before the others.
        for emetteur in emetteurs.iter().skip(usize::try_from(CONNECTIONS).unwrap()) {
            emetteur.envoyer(7).unwrap();
        }
        for raw in &mut raws {
            take_one_each(raw, 7);
        }
        assert!(emetteurs.iter().all(|emetteur| emetteur.perdus() == 0));
        assert_eq!(threads(), before);
        drop(emetteurs);
        for raw in &mut raws {
            for _ in 0..=EACH {
                assert!(matches!(raw.next(), Some(Seen::End { how: 0, .. })));
            }
        }
        drop(raws);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}
