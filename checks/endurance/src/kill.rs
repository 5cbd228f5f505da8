//! K01: processes that are killed in the middle of calls.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Serveur, commandes};

use crate::commands::{echo, sleep};
use crate::helper::{self, Helper};
use crate::host::spawn;
use crate::run::Run;
use crate::times::Times;
use testkit::Dice;

/// Calls that wait when the server is killed.
const CALLS: usize = 100;

/// When the calls must have ended after the kill: nearly all, and every one. On a busy machine,
/// three times what threads take that only read from plain sockets.
const MOST: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(250));

/// A server whose commands may take as long as they are told.
pub(crate) fn sleepy_server(_: &[String]) {
    helper::end_with_parent();
    let serveur = Serveur::options(0).max_clients(200).ouvrir().unwrap();
    serveur.enregistrer(commandes![echo, sleep]).unwrap();
    helper::tell(&serveur.adresse().to_string());
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    helper::tell(&plain.local_addr().unwrap().to_string());
    spawn("plain", move || plain.incoming().collect::<Vec<_>>());
    serveur.lancer().unwrap();
}

pub(crate) fn server(run: &Run) {
    let rounds = run.pick(50, 1000);
    let (mut times, mut last, mut dice) = (Times::default(), Times::default(), Dice::new(1));
    let mut plain = Times::default();
    for round in 0..rounds {
        if round % 5 == 0 {
            plain.extend(kill_beside_readers(dice.micros(3000)));
        }
        let mut helper = Helper::start("sleepy-server", &[]);
        let (address, _plain) = (helper.hear(), helper.hear());
        // One connection with a hundred callers, then a hundred connections with one each.
        let clients = if round % 2 == 0 { 1 } else { CALLS };
        let clients: Vec<Client> =
            (0..clients).map(|_| Client::new(address.as_str()).unwrap()).collect();
        let mut ended = kill_in_mid_call(run, &mut helper, &clients, dice.micros(3000));
        last.push(ended.worst());
        times.extend(std::mem::take(&mut ended));
    }
    run.exactly("calls that ended in an error", times.len(), rounds * CALLS);
    run.time("median", times.percentile(500));
    run.time_beside("p99", times.percentile(990), MOST.0, plain.percentile(990));
    run.time("last of each kill, median", last.percentile(500));
    run.time_beside("worst", times.worst(), MOST.1, plain.worst());
}

/// Kills a server while threads read from plain sockets of its; returns how long after the kill
/// each of them was told.
fn kill_beside_readers(moment: Duration) -> Times {
    let mut helper = Helper::start("sleepy-server", &[]);
    let (_server, address) = (helper.hear(), helper.hear());
    let streams: Vec<_> = (0..CALLS).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let mut times = Times::default();
    for (ended, _end) in kill_beside(&mut helper, moment, |n| (&streams[n]).read(&mut [0])) {
        times.push(ended);
    }
    times
}

/// Kills the server while calls wait; returns how long after the kill each of them ended.
fn kill_in_mid_call(run: &Run, helper: &mut Helper, clients: &[Client], moment: Duration) -> Times {
    let call = |n: usize| clients[n % clients.len()].appeler(sleep { millis: 10_000 });
    let mut times = Times::default();
    for (ended, result) in kill_beside(helper, moment, call) {
        if check(run, &result) {
            times.push(ended);
        }
    }
    times
}

/// Kills the server after that time, while so many threads wait; returns how long after the kill
/// the wait of each ended, and how.
fn kill_beside<R: Send>(
    helper: &mut Helper,
    moment: Duration,
    wait: impl Fn(usize) -> R + Sync,
) -> Vec<(Duration, R)> {
    let start = Barrier::new(CALLS + 1);
    std::thread::scope(|scope| {
        let (start, wait) = (&start, &wait);
        let body = |n| {
            move || {
                start.wait();
                let result = wait(n);
                (Instant::now(), result)
            }
        };
        let threads: Vec<_> = (0..CALLS).map(|n| scope.spawn(body(n))).collect();
        start.wait();
        std::thread::sleep(moment);
        let killed = Instant::now();
        helper.kill();
        let ended = threads.into_iter().map(|thread| {
            let (ended, result) = thread.join().unwrap();
            (ended.saturating_duration_since(killed), result)
        });
        ended.collect()
    })
}

/// Whether the call ended as it must when its server is gone.
fn check(run: &Run, result: &Result<(), Erreur>) -> bool {
    match result {
        Err(error @ Erreur::Fermee(_)) if error.est_fatale() => true,
        other => {
            run.fault(&format!("a call to a killed server ended with {other:?}"));
            false
        }
    }
}
