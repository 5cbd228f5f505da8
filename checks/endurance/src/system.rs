//! N02, N04, N05: too few descriptors, connections to oneself, and signals.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Serveur, commandes};
use rustix::process::{Pid, Signal, getpid, kill_process};

use crate::child::limit_descriptors;
use crate::commands::echo;
use crate::count::processor_time;
use crate::helper::{self, Helper};
use crate::host::Host;
use crate::raw::{self, Raw, WINDOW, call};
use crate::run::Run;

/// A server in a process that may have few descriptors, whatever number of clients it takes.
pub(crate) fn poor_server(_: &[String]) {
    helper::end_with_parent();
    limit_descriptors(64);
    let serveur = Serveur::options(0).max_clients(1000).ouvrir().unwrap();
    serveur.enregistrer(commandes![echo]).unwrap();
    // As many as are taken away here leave fewer than the server reckons with.
    let _taken: Vec<_> = (0..30).map(|_| fs::File::open("/dev/null").unwrap()).collect();
    helper::tell(&serveur.adresse().to_string());
    serveur.lancer().unwrap();
}

/// N02: a server without descriptors waits for some, at rest, and serves again.
pub(crate) fn descriptors(run: &Run) {
    let mut helper = Helper::start("poor-server", &[]);
    let address = helper.hear().parse().unwrap();
    let crowd: Vec<Raw> = (0..200).map(|_| raw::connect(address, WINDOW).unwrap()).collect();
    std::thread::sleep(Duration::from_millis(500));
    let process = helper.id().to_string();
    let (start, used) = (Instant::now(), processor_time(&process));
    std::thread::sleep(Duration::from_millis(run.pick(1000, 5000)));
    let share = processor_time(&process).checked_sub(used).unwrap().as_secs_f64()
        / start.elapsed().as_secs_f64();
    run.figure("processor while full", format!("{:.1}", share * 100.0), "%");
    run.require(share < 0.05, || format!("{:.1} % of a processor while full", share * 100.0));
    drop(crowd);
    let start = Instant::now();
    let answer = loop {
        let answer = Client::new(address).and_then(|client| client.appeler(echo { octets: b"x" }));
        if answer.is_ok() || start.elapsed() > Duration::from_secs(10) {
            break answer;
        }
    };
    run.require(answer.is_ok(), || format!("afterwards: {answer:?}"));
    run.time_within("serves again after", start.elapsed(), Duration::from_millis(1500));
    run.require(helper.is_alive(), || "the server has died".to_owned());
}

/// Tries of bare sockets until one meets itself: about one in 14,000 does.
const MOST_BARE: u32 = 300_000;

/// N04: connecting over and over to a port where nobody listens, out of which the system takes
/// the ports of clients: TCP then meets itself now and then, and that is no server.
pub(crate) fn itself(run: &Run) {
    let tries: u32 = run.pick(20_000, 50_000);
    let port = port_that_meets_itself();
    let met = (1..=MOST_BARE).find(|_| TcpStream::connect(("127.0.0.1", port)).is_ok());
    run.figure("a bare socket met itself at try", met.unwrap_or_default(), "");
    run.require(met.is_some(), || "no bare socket met itself: this shows nothing".to_owned());
    let start = Instant::now();
    let mut connected = 0;
    for _ in 0..tries {
        connected += u32::from(Client::new(port).is_ok());
    }
    run.figure("tries", tries, "");
    run.exactly("connected to itself", connected, 0);
    run.time("each", start.elapsed() / tries);
}

/// A free port of the range that the system takes clients' ports from. Linux gives listeners the
/// ports of one parity there, and clients those of the other as long as it has any.
fn port_that_meets_itself() -> u16 {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port() ^ 1;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// Threads that call while signals rain.
const CALLERS: u64 = 4;

/// N05: a signal for every thread each millisecond, and SIGPIPE as the system has it by default.
pub(crate) fn signals(run: &Run) {
    sigpipe::reset();
    let heard = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, heard.clone()).unwrap();
    let host = Host::start(Serveur::options(0).max_clients(8), |serveur| {
        serveur.enregistrer(commandes![echo]).unwrap();
    });
    let (over, sent) = (AtomicBool::new(false), AtomicU64::new(0));
    let calls = run.pick(10_000, 100_000) / CALLERS;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                sent.fetch_add(signal_every_thread(), Ordering::SeqCst);
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let callers: Vec<_> = (0..CALLERS)
            .map(|n| {
                let address = host.address();
                scope.spawn(move || call_under_signals(run, address, calls, n))
            })
            .collect();
        for caller in callers {
            caller.join().unwrap();
        }
        over.store(true, Ordering::SeqCst);
    });
    write_to_the_gone(&host);
    run.figure("calls", calls * CALLERS, "");
    run.figure("signals", sent.load(Ordering::SeqCst), "");
    run.require(heard.load(Ordering::SeqCst), || "no signal was heard".to_owned());
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

/// A signal sent to the id of a thread is offered to that thread first.
fn signal_every_thread() -> u64 {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let ids = tasks.filter_map(|task| task.file_name().to_str()?.parse().ok());
    let ids = ids.filter_map(Pid::from_raw).filter(|id| *id != getpid());
    ids.map(|id| u64::from(kill_process(id, Signal::USR1).is_ok())).sum()
}

fn call_under_signals(run: &Run, address: std::net::SocketAddr, calls: u64, n: u64) {
    let client = Client::new(address).unwrap();
    let size = [10, 1000, 100_000, 300][usize::try_from(n % 4).unwrap_or(0)];
    for call in 0..calls {
        let bytes = vec![call.to_le_bytes()[0]; size];
        let answer = client.appeler(echo { octets: &bytes });
        let right = matches!(&answer, Ok(same) if *same == bytes);
        run.require(right, || format!("call {call} of {size} bytes: {:?}", answer.err()));
    }
    client.eteindre().unwrap();
}

/// Writing to peers that are gone must not raise the signal that would end this process.
fn write_to_the_gone(host: &Host) {
    for _ in 0..20 {
        let mut raw = raw::connect(host.address(), WINDOW).unwrap();
        assert!(raw.is_accepted().unwrap());
        for id in 1..100 {
            raw.send(&call(id, "echo", &[1, 7]));
        }
        drop(raw);
    }
    std::thread::sleep(Duration::from_millis(100));
}
