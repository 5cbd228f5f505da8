//! Ten thousand answers that are waited for: what that takes of threads and of memory.
//!
//! The counters are those of the whole process, so this binary holds one test only.

use std::alloc::System;
use std::fs;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use cconn::{Client, Etat, Promesse, Serveur, commande, commandes};
use cconn_tests::with_watchdog;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MANY: usize = 10_000;

/// Bytes for each open promise, the caller's side and the program's own list included. Half of this
/// is what was seen.
const MOST: usize = 1024;

#[derive(Default)]
struct Open(Mutex<Vec<Promesse<u64>>>);

#[commande]
fn attendre(open: &Etat<Open>, reponse: Promesse<u64>) {
    open.0.lock().unwrap().push(reponse);
}

/// How many promises are open; the command runs behind those that make them.
#[commande]
fn ouvertes(open: &Etat<Open>) -> usize {
    open.0.lock().unwrap().len()
}

/// Keeps all of them.
#[commande]
fn tenir(open: &Etat<Open>) -> usize {
    let open = std::mem::take(&mut *open.0.lock().unwrap());
    open.into_iter().zip(0..).filter_map(|(one, n)| one.tenir(n).ok()).count()
}

/// Bytes that are allocated and not freed.
fn held() -> usize {
    let stats = COUNTER.stats();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// The threads of this process, where the system tells.
fn threads() -> Option<usize> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("Threads:"))?.trim().parse().ok()
}

#[test]
fn ten_thousand_open_promises_take_no_thread_and_little_memory() {
    with_watchdog("ten thousand", Duration::from_secs(60), || {
        let serveur = Serveur::options(0).fournir(Open::default()).ouvrir().unwrap();
        serveur.enregistrer(commandes![attendre, ouvertes, tenir]).unwrap();
        let running = serveur.clone();
        let serving = thread::spawn(move || running.lancer());
        let client = Client::new(serveur.adresse()).unwrap();
        assert_eq!(client.appeler(ouvertes {}).unwrap(), 0);
        let before = (threads(), held());
        let waiting: Vec<_> = (0..MANY).map(|_| client.differer(attendre {}).unwrap()).collect();
        assert_eq!(client.appeler(ouvertes {}).unwrap(), MANY);
        let with = (threads(), held());
        let each = with.1.saturating_sub(before.1) / MANY;
        println!("{MANY} open promises: {each} bytes each on both sides, threads {with:?}");
        // The watchman may have begun meanwhile.
        assert!(with.0 <= before.0.map(|threads| threads + 1), "{before:?}, then {with:?}");
        assert!(each < MOST, "{each} bytes each");
        assert_eq!(client.appeler(tenir {}).unwrap(), MANY);
        let mut answers: Vec<_> = waiting.into_iter().map(|one| one.attendre().unwrap()).collect();
        answers.sort_unstable();
        assert!(answers.into_iter().eq(0..MANY as u64), "each has its own");
        serveur.eteindre().unwrap();
        serving.join().unwrap().unwrap();
    });
}
