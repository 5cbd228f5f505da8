//! What a message costs in allocations, client and server counted together.
//!
//! The counter is that of the whole process, so this binary holds one test only.

use std::alloc::System;
use std::thread;
use std::time::Duration;

use cconn::{Client, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTER: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Messages before anything is counted: buffers and tables grow to their size meanwhile.
const WARM_UP: usize = 10_000;

/// Messages of one round.
const COUNTED: usize = 2_000;

/// Rounds that are counted, each by itself.
const ROUNDS: usize = 8;

/// One-way messages that share one allocation at least, in the best round: buffers follow the
/// size of the bursts, which is a matter of time, so now and then one is made or grown.
const PER_GROWTH: usize = 200;

/// Deferred calls that are in flight together.
const IN_FLIGHT: usize = 100;

/// What a deferred call allocates at most: its `Attente` keeps the message's head for errors, as
/// a box, a name and a signature.
const PER_DEFERRED: usize = 3;

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn noter(_valeur: i64) {}

fn calls(client: &Client, count: usize) -> Resultat<()> {
    for a in (0_i64..).take(count) {
        assert_eq!(client.appeler(somme { a, b: 1 })?, a + 1);
    }
    Ok(())
}

/// One-way messages, and a call behind them: when it is answered, they have all been handled.
fn messages(client: &Client, count: usize) -> Resultat<()> {
    for valeur in (0_i64..).take(count) {
        client.envoyer(noter { _valeur: valeur })?;
    }
    calls(client, 1)
}

fn deferred(client: &Client, count: usize) -> Resultat<()> {
    let mut waiting = Vec::with_capacity(IN_FLIGHT);
    for _ in 0..count / IN_FLIGHT {
        for a in (0_i64..).take(IN_FLIGHT) {
            waiting.push(client.differer(somme { a, b: 1 })?);
        }
        for (a, attente) in (0_i64..).zip(waiting.drain(..)) {
            assert_eq!(attente.attendre()?, a + 1);
        }
    }
    Ok(())
}

/// Allocations and growths of a piece of work in its steady state, round by round.
fn count(client: &Client, work: fn(&Client, usize) -> Resultat<()>) -> Resultat<[usize; ROUNDS]> {
    work(client, WARM_UP)?;
    let mut counts = [0; ROUNDS];
    for count in &mut counts {
        let region = Region::new(COUNTER);
        work(client, COUNTED)?;
        let change = region.change();
        *count = change.allocations + change.reallocations;
    }
    Ok(counts)
}

fn measure(serveur: &Serveur) -> Resultat<[[usize; ROUNDS]; 3]> {
    let client = Client::new(serveur.adresse().to_string())?;
    let counts = [count(&client, calls)?, count(&client, messages)?, count(&client, deferred)?];
    client.eteindre()?;
    Ok(counts)
}

#[test]
fn calls_and_messages_allocate_nothing_each() {
    let counts = with_watchdog("allocations", Duration::from_secs(30), || {
        let serveur = Serveur::new(0).expect("a free port");
        serveur.enregistrer(commandes![somme, noter]).expect("two names");
        thread::scope(|scope| {
            let launched = scope.spawn(|| serveur.lancer());
            let counts = measure(&serveur);
            serveur.eteindre().expect("an orderly stop");
            launched.join().expect("no panic").expect("an orderly end");
            counts
        })
    });
    let [calls, messages, deferred] = counts.expect("the connection lives");
    println!("allocations of {ROUNDS} rounds of {COUNTED}, client and server together:");
    println!("calls {calls:?}, one-way messages {messages:?}, deferred calls {deferred:?}");
    assert_eq!(calls, [0; ROUNDS], "a call allocates");
    let least = |counts: [usize; ROUNDS]| counts.into_iter().min().unwrap_or(usize::MAX);
    let growth = COUNTED / PER_GROWTH;
    assert!(least(messages) <= growth, "a one-way message allocates: {messages:?}");
    assert!(least(deferred) <= PER_DEFERRED * COUNTED + growth, "deferred calls: {deferred:?}");
}
