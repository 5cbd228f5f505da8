//! K02, K03: clients that are killed, and servers that stand still.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::erreur::Phase;
use cconn::{Client, Erreur, Serveur, commandes};
use rustix::process::Signal;

use crate::commands::{echo, sleep};
use crate::count::Census;
use crate::helper::{self, Helper};
use crate::host::Host;
use crate::run::Run;
use crate::times::Times;
use testkit::Dice;

/// Clients that go on calling.
const OTHERS: usize = 50;

/// Calls that a killed client waits for.
const PENDING: usize = 10;

/// Calls that wait when their connection is closed.
const WAITING: usize = 5;

/// When the server must have given everything back that a killed client had.
const MOST: Duration = Duration::from_secs(1);

/// A client that calls slow commands, and answers slowly, until it is killed.
pub(crate) fn victim(args: &[String]) {
    helper::end_with_parent();
    let client = Client::new(args[0].as_str()).unwrap();
    client.enregistrer(commandes![sleep]).unwrap();
    let listening = client.clone();
    std::thread::spawn(move || listening.lancer());
    let callers: Vec<_> = (0..PENDING)
        .map(|_| {
            let client = client.clone();
            std::thread::spawn(move || client.appeler(sleep { millis: 20_000 }))
        })
        .collect();
    helper::tell("calling");
    for caller in callers {
        drop(caller.join());
    }
}

pub(crate) fn client_killed(run: &Run) {
    let kills = run.pick(50, 1000);
    let options = Serveur::options(0).max_clients(OTHERS + 10);
    let host =
        Host::start(options, |serveur| serveur.enregistrer(commandes![echo, sleep]).unwrap());
    let others: Vec<Client> = (0..OTHERS).map(|_| Client::new(host.address()).unwrap()).collect();
    let (over, calls) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for clients in others.chunks(OTHERS / 2) {
            scope.spawn(|| call_all(run, clients, &over, &calls));
        }
        kill_clients(run, &host, kills);
        over.store(true, Ordering::SeqCst);
    });
    run.figure("others' calls", calls.load(Ordering::SeqCst), "");
    for client in &others {
        client.eteindre().unwrap();
    }
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

fn kill_clients(run: &Run, host: &Host, kills: usize) {
    // What the first one makes the process keep, it keeps.
    kill_client(host, Duration::from_millis(5));
    std::thread::sleep(Duration::from_millis(200));
    let base = Census::take();
    let (mut dice, mut times) = (Dice::new(3), Times::default());
    for _ in 0..kills {
        kill_client(host, dice.micros(10_000));
        times.push(base.back_to(run, "after a kill", MOST));
        if run.has_failed() {
            break;
        }
    }
    run.figure("kills", times.len(), "");
    run.time("given back, median", times.percentile(500));
    run.time_within("given back, worst", times.worst(), MOST);
}

fn kill_client(host: &Host, moment: Duration) {
    let mut helper = Helper::start("victim", &[host.address().to_string()]);
    helper.hear();
    let victim = newcomer(host);
    std::thread::scope(|scope| {
        // The server waits for that client too.
        scope.spawn(|| {
            let ended = victim.appeler(sleep { millis: 20_000 });
            assert!(matches!(ended, Err(Erreur::Fermee(_))), "{ended:?}");
        });
        std::thread::sleep(moment);
        helper.kill();
    });
}

/// The client that came after all the others, once the server has it too.
fn newcomer(host: &Host) -> Client {
    loop {
        match host.serveur.clients().into_iter().max_by_key(Client::id) {
            Some(client) if client.id() > OTHERS as u64 => return client,
            _ => {}
        }
        std::thread::yield_now();
    }
}

fn call_all(run: &Run, clients: &[Client], over: &AtomicBool, calls: &AtomicU64) {
    while !over.load(Ordering::SeqCst) {
        for client in clients {
            if let Err(error) = client.appeler(echo { octets: &[1; 100] }) {
                run.fault(&format!("another client's call: {error}"));
            }
            calls.fetch_add(1, Ordering::SeqCst);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Calls to a server that stands still end at their deadline; once it goes on, so do calls.
///
/// A process that stands still has a kernel that answers for it, so the connection lives: the
/// design leaves dead peers to the kernel and has no ping of its own.
pub(crate) fn server_stopped(run: &Run) {
    let mut helper = Helper::start("sleepy-server", &[]);
    let client = Client::new(helper.hear().as_str()).unwrap();
    client.appeler(echo { octets: b"before" }).unwrap();
    helper.signal(Signal::STOP);
    helper.wait_until_stopped();
    let worst = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..20_u64)
            .map(|n| {
                let delay = Duration::from_millis(200 + n * run.pick(50, 500));
                let client = client.avec_delai(delay);
                scope.spawn(move || call_until(run, &client, delay))
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).max().unwrap()
    });
    run.time_within("off the deadline", worst, Duration::from_millis(50));
    helper.signal(Signal::CONT);
    let start = Instant::now();
    let answer = client.appeler(echo { octets: b"after" });
    run.require(matches!(&answer, Ok(a) if a == b"after"), || format!("afterwards: {answer:?}"));
    run.time("first answer afterwards", start.elapsed());
    helper.signal(Signal::STOP);
    helper.wait_until_stopped();
    close_under_calls(run, &client);
    helper.signal(Signal::CONT);
}

/// A close ends the calls that wait, though the peer says nothing to it.
fn close_under_calls(run: &Run, client: &Client) {
    let worst = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..WAITING)
            .map(|_| {
                scope.spawn(|| {
                    let result = client.appeler(echo { octets: b"never" });
                    let closed = matches!(&result, Err(Erreur::Fermee(_)));
                    run.require(closed, || format!("a call under a close: {result:?}"));
                    Instant::now()
                })
            })
            .collect();
        // Until they all wait.
        std::thread::sleep(Duration::from_millis(100));
        let start = Instant::now();
        client.close();
        let ends = calls.into_iter().map(|call| call.join().unwrap());
        ends.max().unwrap().saturating_duration_since(start)
    });
    run.time_within("calls ended by a close", worst, Duration::from_millis(100));
}

/// Calls the stopped server; returns how far from its deadline that ended.
fn call_until(run: &Run, client: &Client, delay: Duration) -> Duration {
    let start = Instant::now();
    let result = client.appeler(echo { octets: b"during" });
    let took = start.elapsed();
    let is_late = matches!(&result, Err(Erreur::Delai(late)) if late.phase == Phase::Reponse);
    run.require(is_late, || format!("a call to a stopped server: {result:?}"));
    took.abs_diff(delay)
}
