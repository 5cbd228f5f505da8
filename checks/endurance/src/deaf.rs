//! D03, D04: peers that do not read, or a byte now and then. They are cut by the write deadline,
//! with that reason, and nobody else is harmed.
//!
//! The 20 points of a session are 20 peers at once, each of which reads one answer more. What the
//! server may hold for a peer that does not read is the outbox up to its high-water mark of 1 MiB
//! and the answer that went beyond it.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cconn::erreur::RaisonFin;
use cconn::{Client, Erreur, Serveur, commandes};

use crate::commands::{echo, large};
use crate::count::resident;
use crate::host::Host;
use crate::raw::{self, Raw, WINDOW, call, number};
use crate::run::Run;
use crate::times::Times;

/// Other clients, and the threads that call for them in turn.
const OTHERS: usize = 100;
const THREADS: usize = 4;

/// The write deadline of these tests, and how exact it must be.
const DEADLINE: Duration = Duration::from_secs(2);
const EXACT: Duration = Duration::from_millis(500);

/// A p99 this close to the one without deaf peers is the scheduler's doing.
const NOISE: Duration = Duration::from_millis(5);

/// KiB that the server may hold for each deaf peer, thread and all.
const MOST_HELD: u64 = 2048;

/// When a connection ended, and how.
type Ends = Arc<Mutex<Vec<(SocketAddr, Instant, String, bool)>>>;

pub(crate) fn never_reads(run: &Run) {
    deaf(run, 20, |raw, answers| {
        (0..answers).try_for_each(|_| raw.frame().map(drop))?;
        Ok(false)
    });
}

pub(crate) fn reads_a_trickle(run: &Run) {
    deaf(run, 10, |_, _| Ok(true));
}

/// `prepare` reads so much of an answer or so many; then the peer reads nothing, or trickles.
fn deaf(run: &Run, peers: usize, prepare: fn(&mut Raw, usize) -> std::io::Result<bool>) {
    let ends = Ends::default();
    let host = start_server(&ends);
    let others: Vec<Client> = (0..OTHERS).map(|_| Client::new(host.address()).unwrap()).collect();
    let server = host.address();
    let mut quiet = call_for(&others, Duration::from_secs(1), &AtomicBool::new(false));
    let before = resident("self");
    let over = AtomicBool::new(false);
    let (mut busy, stops) = std::thread::scope(|scope| {
        let busy = scope.spawn(|| call_for(&others, Duration::from_secs(20), &over));
        let peers: Vec<_> =
            (0..peers).map(|n| scope.spawn(move || stop_reading(server, n, prepare))).collect();
        let stops: Vec<_> = peers.into_iter().map(|peer| peer.join().unwrap()).collect();
        over.store(true, Ordering::SeqCst);
        (busy.join().unwrap(), stops)
    });
    let held = resident("self").saturating_sub(before) / peers as u64;
    judge_ends(run, &ends, &stops);
    run.figure("held for each", held, "KiB");
    run.require(held <= MOST_HELD, || format!("{held} KiB were held for each deaf peer"));
    let (quiet_p99, busy_p99) = (quiet.percentile(990), busy.percentile(990));
    run.time("others' p99 before", quiet_p99);
    run.time_within("others' p99", busy_p99, (2 * quiet_p99).max(quiet_p99 + NOISE));
    run.figure("others' calls", busy.len(), "");
    for client in &others {
        client.eteindre().unwrap();
    }
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

fn start_server(ends: &Ends) -> Host {
    let ends = ends.clone();
    let options = Serveur::options(0).max_clients(OTHERS + 30).delai_ecriture(DEADLINE);
    let options = options.quand_deconnecte(move |client, result| {
        let slow = matches!(&result, Err(Erreur::Fermee(end)) if end.raison == RaisonFin::PairLent);
        let text = result.map_or_else(|error| error.to_string(), |()| "in order".to_owned());
        let address = client.adresse().and_then(|address| address.socket()).unwrap();
        ends.lock().unwrap().push((address, Instant::now(), text, slow));
    });
    Host::start(options, |serveur| serveur.enregistrer(commandes![echo, large]).unwrap())
}

/// Asks for far more than sockets hold, reads a little, then no more until it is cut. Returns its
/// address and when its socket took the last byte.
fn stop_reading(
    server: SocketAddr,
    point: usize,
    prepare: fn(&mut Raw, usize) -> std::io::Result<bool>,
) -> (SocketAddr, Instant) {
    let mut raw = raw::connect(server, WINDOW).unwrap();
    assert!(raw.is_accepted().unwrap());
    let address = raw.address();
    for id in 1..=1000 {
        raw.send(&call(id, "large", &number(16 << 10)));
    }
    let trickles = prepare(&mut raw, point).unwrap();
    let mut stopped = Instant::now();
    let (until, mut held) = (stopped + DEADLINE + 3 * EXACT, 0);
    while Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
        // The kernel takes bytes for a while when nobody reads them.
        let holds = rustix::io::ioctl_fionread(raw.stream()).unwrap_or(held);
        if holds > held {
            (held, stopped) = (holds, Instant::now());
        }
        if trickles && trickle(&mut raw).is_err() {
            break;
        }
    }
    (address, stopped)
}

/// Reads a byte, after a pause.
fn trickle(raw: &mut Raw) -> std::io::Result<()> {
    std::thread::sleep(Duration::from_millis(80));
    raw.stream().read(&mut [0]).map(drop)
}

/// Each deaf peer was cut, in its time, and for that reason.
fn judge_ends(run: &Run, ends: &Ends, stops: &[(SocketAddr, Instant)]) {
    let ends = ends.lock().unwrap();
    let mut exact = Duration::ZERO;
    for (address, stopped) in stops {
        let Some((_, end, text, slow)) = ends.iter().find(|end| end.0 == *address) else {
            run.fault(&format!("the peer {address} was not cut"));
            continue;
        };
        let took = end.saturating_duration_since(*stopped);
        exact = exact.max(took.abs_diff(DEADLINE));
        run.require(*slow, || format!("the peer {address} was cut for another reason: {text}"));
    }
    run.figure("cut", stops.len(), "");
    run.time_within("off the deadline", exact, EXACT);
}

/// Calls for the other clients in turn, until it is over.
fn call_for(others: &[Client], most: Duration, over: &AtomicBool) -> Times {
    let until = Instant::now() + most;
    std::thread::scope(|scope| {
        let threads: Vec<_> = others
            .chunks(others.len() / THREADS)
            .map(|clients| {
                scope.spawn(move || {
                    let mut times = Times::default();
                    while Instant::now() < until && !over.load(Ordering::SeqCst) {
                        for client in clients {
                            let start = Instant::now();
                            client.appeler(echo { octets: &[1; 100] }).unwrap();
                            times.push(start.elapsed());
                        }
                        std::thread::sleep(Duration::from_millis(2));
                    }
                    times
                })
            })
            .collect();
        let mut all = Times::default();
        for thread in threads {
            all.extend(thread.join().unwrap());
        }
        all
    })
}
