//! R01: commands that panic in every way there is, among others that do not.

use std::sync::atomic::{AtomicU64, Ordering};

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, Serveur, nommee};

use crate::child::expect_panics;
use crate::count::resident;
use crate::host::Host;
use crate::run::Run;
use testkit::Dice;

const CLIENTS: u64 = 8;

/// KiB that all those panics may leave behind.
const MOST_GROWTH: u64 = 5 << 10;

/// A text that must not cross the wire.
const SECRET: &str = "what a panic says";

/// Panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            std::panic::panic_any(7_u8);
        }
    }
}

/// A payload that panics when it is dropped.
struct Payload;

impl Drop for Payload {
    fn drop(&mut self) {
        panic!("{SECRET}");
    }
}

fn command(_: &Client, (n, sort): (u64, u64)) -> u64 {
    match sort {
        0 => panic!("what a panic says"),
        1 => panic!("{SECRET} {n}"),
        2 => std::panic::panic_any(vec![n]),
        3 => drop(Bomb),
        4 => std::panic::panic_any(Payload),
        _ => {}
    }
    n + 1
}

pub(crate) fn every_sort(run: &Run) {
    expect_panics();
    let options = Serveur::options(0).max_clients(8);
    let host =
        Host::start(options, |serveur| serveur.enregistrer_commande("panic", command).unwrap());
    let clients: Vec<Client> = (0..CLIENTS).map(|_| Client::new(host.address()).unwrap()).collect();
    let calls = run.pick(1000, 100_000) / CLIENTS;
    let panics = AtomicU64::new(0);
    let all = |calls| {
        std::thread::scope(|scope| {
            for (seed, client) in (0..).zip(&clients) {
                let panics = &panics;
                scope.spawn(move || call(run, client, calls, seed, panics));
            }
        });
    };
    all(calls);
    let before = resident("self");
    all(calls);
    let growth = resident("self").saturating_sub(before);
    run.figure("calls", 2 * calls * CLIENTS, "");
    run.figure("panics", panics.load(Ordering::SeqCst), "");
    run.figure("memory", growth, "KiB more");
    run.require(growth <= MOST_GROWTH, || format!("{growth} KiB more after all those panics"));
    for client in &clients {
        client.eteindre().unwrap();
    }
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

fn call(run: &Run, client: &Client, calls: u64, seed: u64, panics: &AtomicU64) {
    let mut dice = Dice::new(seed);
    for n in 0..calls {
        // Five sorts of panic, three calls in ten.
        let sort = if dice.below(10) < 3 { dice.below(5) } else { 9 };
        let answer: Resultat<u64> = client.appeler(nommee("panic", (n, sort)));
        match answer {
            Ok(m) if sort == 9 && m == n + 1 => {}
            Err(Erreur::Distante(there)) if sort < 5 => {
                panics.fetch_add(1, Ordering::SeqCst);
                let told = there.nature == NatureDistante::Panique;
                let silent = !there.texte.contains(SECRET);
                run.require(told && silent, || format!("a panic of sort {sort}: {there}"));
            }
            other => run.fault(&format!("a call of sort {sort}: {other:?}")),
        }
    }
}
