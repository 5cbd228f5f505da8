//! L04, L06, L07: churn, floods of cancelled calls, and fairness under them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Serveur, commandes};

use crate::commands::echo;
use crate::count::{Census, resident};
use crate::host::Host;
use crate::raw::{self, WINDOW, call, cancel};
use crate::run::Run;
use crate::times::Times;

/// Clients that call now and then while others flood.
const LIGHT: usize = 50;

/// How often each of them calls.
const PAUSE: Duration = Duration::from_millis(5);

/// Calls that a flooder has in flight.
const FLIGHT: usize = 256;

fn start_server(clients: usize) -> Host {
    let options = Serveur::options(0).max_clients(clients);
    Host::start(options, |serveur| serveur.enregistrer(commandes![echo]).unwrap())
}

fn stop(run: &Run, host: Host) {
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

/// L04: connecting, calling and leaving, in every way of leaving.
pub(crate) fn churn(run: &Run) {
    let cycles = run.pick(5000, 100_000);
    let host = start_server(100);
    (0..1000).for_each(|n| connect_and_leave(&host, n));
    std::thread::sleep(Duration::from_millis(200));
    let (base, memory) = (Census::take(), resident("self"));
    let start = Instant::now();
    (0..cycles).for_each(|n| connect_and_leave(&host, n));
    run.figure("cycles", cycles, "");
    run.time("each", start.elapsed() / cycles);
    let back = base.back_to(run, "after the churn", Duration::from_secs(3));
    run.time("all given back", back);
    let growth = resident("self").saturating_sub(memory);
    run.figure("memory", growth, "KiB more");
    run.require(growth <= 2048, || format!("{growth} KiB more after the churn"));
    stop(run, host);
}

fn connect_and_leave(host: &Host, n: u32) {
    let client = Client::new(host.address()).unwrap();
    assert_eq!(client.appeler(echo { octets: &n.to_le_bytes() }).unwrap(), n.to_le_bytes());
    match n % 3 {
        0 => client.eteindre().unwrap(),
        1 => client.close(),
        _ => {}
    }
}

/// L06: calls that are given up as soon as they are made, and cancels of calls that never were.
pub(crate) fn cancels(run: &Run) {
    let calls = run.pick(50_000, 1_000_000);
    let host = start_server(LIGHT + 2);
    let clients: Vec<Client> = (0..LIGHT).map(|_| Client::new(host.address()).unwrap()).collect();
    let mut quiet = call_lightly(&clients, Duration::from_secs(1), &AtomicBool::new(false));
    let memory = resident("self");
    let over = AtomicBool::new(false);
    let mut busy = std::thread::scope(|scope| {
        let light = scope.spawn(|| call_lightly(&clients, Duration::from_secs(100), &over));
        let flooder = Client::new(host.address()).unwrap();
        for _ in 0..calls {
            drop(flooder.differer(echo { octets: b"never mind" }).unwrap());
        }
        flooder.eteindre().unwrap();
        cancel_what_never_was(run, &host, calls);
        over.store(true, Ordering::SeqCst);
        light.join().unwrap()
    });
    let growth = resident("self").saturating_sub(memory);
    run.figure("calls and cancels", calls, "");
    run.figure("memory", growth, "KiB more");
    run.require(growth <= 20 << 10, || format!("{growth} KiB more after the flood"));
    let (quiet, busy) = (quiet.percentile(990), busy.percentile(990));
    run.time("others' p99 before", quiet);
    // Below these five milliseconds a p99 is what the scheduler makes of one processor too few:
    // the flood keeps two threads of this process busy. A short flood is over after so few calls
    // that a single pause of the machine decides, so it is granted twice that.
    let least = Duration::from_millis(run.pick(10, 5));
    run.time_within("others' p99", busy, (2 * quiet).max(least));
    for client in &clients {
        client.eteindre().unwrap();
    }
    stop(run, host);
}

/// Unknown cancels are ignored: the connection lives.
fn cancel_what_never_was(run: &Run, host: &Host, cancels: u64) {
    let mut raw = raw::connect(host.address(), WINDOW).unwrap();
    assert!(raw.is_accepted().unwrap());
    (1..=cancels / 10).for_each(|id| raw.send(&cancel(id)));
    raw.send(&call(1, "echo", &[1, 7]));
    let answer = raw.frame().unwrap();
    run.require(answer.ends_with(&[1, 7]), || format!("after cancels: {answer:?}"));
}

/// L07: one that floods within its window, fifty that call now and then.
pub(crate) fn fair(run: &Run) {
    let host = start_server(LIGHT + 1);
    let clients: Vec<Client> = (0..LIGHT).map(|_| Client::new(host.address()).unwrap()).collect();
    let (over, flooded) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut times = std::thread::scope(|scope| {
        scope.spawn(|| flood(&host, &over, &flooded));
        let time = Duration::from_secs(run.pick(4, 30));
        let times = call_lightly(&clients, time, &AtomicBool::new(false));
        over.store(true, Ordering::SeqCst);
        times
    });
    run.figure("flooded", flooded.load(Ordering::SeqCst), "calls");
    run.figure("light calls", times.len(), "");
    run.time("their median", times.percentile(500));
    run.time("p99", times.percentile(990));
    run.time_within("p99.9", times.percentile(999), Duration::from_millis(10));
    for client in &clients {
        client.eteindre().unwrap();
    }
    stop(run, host);
}

fn flood(host: &Host, over: &AtomicBool, flooded: &AtomicU64) {
    let client = Client::new(host.address()).unwrap();
    let mut under_way = std::collections::VecDeque::new();
    while !over.load(Ordering::SeqCst) {
        if under_way.len() == FLIGHT
            && let Some(attente) = under_way.pop_front()
        {
            let _answer: Vec<u8> = cconn::Attente::attendre(attente).unwrap();
            flooded.fetch_add(1, Ordering::SeqCst);
        }
        under_way.push_back(client.differer(echo { octets: &[1; 100] }).unwrap());
    }
    drop(under_way);
    client.eteindre().unwrap();
}

/// One thread for each client, which calls and rests.
fn call_lightly(clients: &[Client], most: Duration, over: &AtomicBool) -> Times {
    let until = Instant::now() + most;
    std::thread::scope(|scope| {
        let call = |client: &Client| {
            let mut times = Times::default();
            while Instant::now() < until && !over.load(Ordering::SeqCst) {
                let start = Instant::now();
                client.appeler(echo { octets: &[1; 100] }).unwrap();
                times.push(start.elapsed());
                std::thread::sleep(PAUSE);
            }
            times
        };
        let threads: Vec<_> = clients.iter().map(|c| scope.spawn(move || call(c))).collect();
        let mut all = Times::default();
        for thread in threads {
            all.extend(thread.join().unwrap());
        }
        all
    })
}
