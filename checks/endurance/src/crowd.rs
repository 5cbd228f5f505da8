//! L01, L02, L03, L09: many clients at once, from processes of their own.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, OptionsServeur, Serveur, commandes};

use crate::child::limit_descriptors;
use crate::commands::echo;
use crate::count::{Census, resident, stacks};
use crate::helper::{self, Helper};
use crate::host::{Host, spawn};
use crate::raw::{self, ANSWER, Raw, WINDOW, call};
use crate::run::Run;
use crate::times::Times;
use testkit::raw::{Greeting, greeting};

/// Resident memory that an idle connection may take, KiB: ten thousand then fit into 160 MiB.
const MOST_KIB: u64 = 16;

/// The part of that which is its thread's stack: two pages, of which more than one holds what the C
/// library keeps there.
const MOST_STACK_KIB: u64 = 8;

/// Clients that one helper process holds: each takes a descriptor, of which there are 20,000.
const MOST_A_HELPER: usize = 18_000;

/// Descriptors that this process has of a helper's input and output.
const PIPES: usize = 2;

/// Clients beyond the limit that are turned away.
const TURNED_AWAY: usize = 200;

/// What a crowd is told that shall call once on every connection, and what it says afterwards.
const USE_ALL: &str = "all";

/// Many raw clients in one process: it says how many were taken and how long that took; told
/// `USE_ALL`, it calls on every connection; told a number of seconds, it calls for so long on one
/// connection in a hundred.
pub(crate) fn crowd(args: &[String]) {
    let server: SocketAddr = args[0].parse().unwrap();
    let count: usize = args[1].parse().unwrap();
    let here: IpAddr = args[2].parse().unwrap();
    let start = Instant::now();
    let connect = |_| raw::connect_from(here, server, WINDOW).ok();
    let mut all: Vec<Raw> = (0..count).filter_map(connect).collect();
    // A server that resets a newcomer before it has read is as good as one that refuses.
    all.retain_mut(|raw| raw.is_accepted().unwrap_or(false));
    helper::tell(&format!("{} {}", all.len(), start.elapsed().as_micros()));
    while let Some(line) = helper::hear() {
        if line == USE_ALL {
            for raw in &mut all {
                call_once(raw, 1);
            }
            helper::tell(USE_ALL);
            continue;
        }
        let seconds = line.parse().unwrap();
        let (calls, p99) = call_once_a_second(&mut all, seconds);
        helper::tell(&format!("{calls} {p99}"));
    }
}

/// Calls `echo` under that id, and checks the answer.
fn call_once(raw: &mut Raw, id: u64) {
    raw.send(&call(id, "echo", &[3, b'a', b'b', b'c']));
    let answer = raw.frame().unwrap();
    assert_eq!((answer[0], &answer[9..]), (ANSWER, &[3, b'a', b'b', b'c'][..]));
}

fn call_once_a_second(all: &mut [Raw], seconds: u64) -> (usize, u128) {
    let mut times = Times::default();
    // A connection's first call has the id 1.
    for second in 2..seconds + 2 {
        let start = Instant::now();
        for raw in all.iter_mut().step_by(100) {
            let sent = Instant::now();
            call_once(raw, second);
            times.push(sent.elapsed());
        }
        std::thread::sleep(Duration::from_secs(1).saturating_sub(start.elapsed()));
    }
    (times.len(), times.percentile(990).as_micros())
}

/// A crowd that has connected, from an address that no crowd before had: how many were accepted, and
/// how long it took.
fn gather(address: SocketAddr, count: usize) -> (Helper, usize, Duration) {
    static CROWDS: AtomicU8 = AtomicU8::new(2);
    let here = Ipv4Addr::new(127, 0, 0, CROWDS.fetch_add(1, Ordering::Relaxed));
    let args = [address.to_string(), count.to_string(), here.to_string()];
    let mut helper = Helper::start("crowd", &args);
    let (accepted, micros) = pair(&helper.hear());
    (helper, usize::try_from(accepted).unwrap(), Duration::from_micros(micros))
}

fn pair(line: &str) -> (u64, u64) {
    let (one, other) = line.split_once(' ').unwrap();
    (one.parse().unwrap(), other.parse().unwrap())
}

fn start_server(options: OptionsServeur) -> Host {
    Host::start(options, |serveur| serveur.enregistrer(commandes![echo]).unwrap())
}

/// The sockets that a connection takes: where waiting threads poll, one more that wakes them.
const SOCKETS: usize = if cfg!(cconn_polling) { 2 } else { 1 };

/// L01: ten thousand connections held by one process, one thread each and no socket too many.
pub(crate) fn held(run: &Run) {
    let count = run.pick(1000, 10_000);
    let host = start_server(Serveur::options(0).max_clients(count));
    // The watchman is started by a first connection and stays.
    Client::new(host.address()).unwrap().eteindre().unwrap();
    std::thread::sleep(Duration::from_millis(100));
    let (base, memory) = (Census::take(), resident("self"));
    let (mut helper, accepted, took) = gather(host.address(), count);
    run.exactly("connected", accepted, count);
    run.time("in", took);
    while host.serveur.clients().len() < count {
        std::thread::yield_now();
    }
    let now = Census::take();
    // One thread waited for the next client before, and in a full server none does; one reads what
    // the helper says instead.
    run.exactly("threads more", now.threads - base.threads, count);
    run.exactly("descriptors more", now.descriptors - base.descriptors - PIPES, count * SOCKETS);
    let seconds = run.pick(3, 60);
    helper.tell(&seconds.to_string());
    let (calls, p99) = pair(&helper.hear());
    run.exactly("calls answered", calls, seconds * count as u64 / 100);
    run.time("their p99", Duration::from_micros(p99));
    let each = resident("self").saturating_sub(memory) / count as u64;
    run.figure("memory each", each, "KiB");
    run.require(each <= MOST_KIB, || format!("{each} KiB a connection, at most {MOST_KIB}"));
    let deep = stacks().into_iter().filter(|stack| *stack > MOST_STACK_KIB).count();
    run.figure("stacks of more than 8 KiB", deep, "");
    // Some threads had to do what seldom is to be done.
    run.require(deep <= count / 10, || format!("{deep} of {count} stacks are that deep"));
    drop(helper);
    let back = base.back_to(run, "after the crowd has gone", Duration::from_secs(10));
    run.time("all given back", back);
    stop(run, host);
}

/// L02: full to the last place, two hundred more, and a place that comes free.
pub(crate) fn full(run: &Run) {
    let most = 100;
    let host = start_server(Serveur::options(0).max_clients(most));
    let mut clients: Vec<Client> =
        (0..most).map(|_| Client::new(host.address()).unwrap()).collect();
    let mut refusals = Times::default();
    for _ in 0..TURNED_AWAY {
        let start = Instant::now();
        let result = Client::new(host.address());
        refusals.push(start.elapsed());
        let told = matches!(&result, Err(Erreur::Connexion(e))
            if matches!(**e, EchecConnexion::Complet { .. }));
        run.require(told, || format!("one too many: {result:?}"));
    }
    run.figure("turned away", refusals.len(), "");
    run.time_within("slowest refusal", refusals.worst(), Duration::from_millis(50));
    clients.pop().unwrap().eteindre().unwrap();
    let start = Instant::now();
    let newcomer = loop {
        match Client::new(host.address()) {
            Ok(client) => break client,
            Err(_) if start.elapsed() < Duration::from_secs(5) => {}
            Err(error) => panic!("a free place is not to be had: {error}"),
        }
    };
    run.time_within("a free place taken again", start.elapsed(), Duration::from_millis(100));
    clients.push(newcomer);
    for client in &clients {
        let answer = client.appeler(echo { octets: b"x" });
        run.require(answer.is_ok(), || format!("a client of the full server: {answer:?}"));
    }
    for client in &clients {
        client.eteindre().unwrap();
    }
    stop(run, host);
}

/// L03: a server told to take fifty thousand takes what the process can bear, and lives.
///
/// The short run lowers what the process can bear, the full one finds the real limit.
pub(crate) fn clamped(run: &Run) {
    if run.is_short() {
        limit_descriptors(600);
    }
    let (tell, ended) = std::sync::mpsc::channel();
    let options = Serveur::options(0).max_clients(50_000);
    let host = start_server(options.quand_deconnecte(move |client, end| {
        let _asked_no_more = tell.send(format!("{client:?}: {end:?}"));
    }));
    let bearable = bearable_clients();
    let (mut crowds, mut accepted, mut asked) = (Vec::new(), 0, 0);
    while asked < 2 * bearable {
        let count = bearable.min(MOST_A_HELPER);
        let (mut helper, taken, _) = gather(host.address(), count);
        // A client that was never used makes way for a newcomer after a minute.
        helper.tell(USE_ALL);
        assert_eq!(helper.hear(), USE_ALL);
        crowds.push(helper);
        (asked, accepted) = (asked + count, accepted + taken);
    }
    run.figure("asked", asked, "");
    run.exactly("taken", accepted, bearable);
    run.figure("threads", Census::take().threads, "");
    let early: Vec<String> = ended.try_iter().collect();
    run.require(early.is_empty(), || format!("{} ended early: {}", early.len(), early[0]));
    drop(crowds);
    let start = Instant::now();
    while !host.serveur.clients().is_empty() && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let answer = Client::new(host.address()).and_then(|c| c.appeler(echo { octets: b"x" }));
    run.require(answer.is_ok(), || format!("afterwards: {answer:?}"));
    stop(run, host);
}

/// What the design says that a process can bear: the sockets of each client with 32 descriptors in
/// reserve, and three quarters of the threads, of which there are nine tenths of a quarter of the
/// memory maps.
fn bearable_clients() -> usize {
    let descriptors = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    let maps = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
    let maps: u64 = maps.trim().parse().unwrap();
    let descriptors = descriptors.unwrap_or(u64::MAX).saturating_sub(32) / SOCKETS as u64;
    let threads = maps / 4 - maps / 4 / 10;
    usize::try_from(descriptors.min(threads - threads.div_ceil(4))).unwrap()
}

/// L09: a thousand connect at once, until they are greeted as quickly as can be asked. A queue that
/// is too short for them holds some up each time, for a second or more; a busy machine does so now
/// and then, and holds up those of plain sockets too.
pub(crate) fn burst(run: &Run) {
    let count = 1000;
    let host = start_server(Serveur::options(0).max_clients(count));
    let (mut last, mut bursts, mut accepted) = ((Duration::MAX, Duration::ZERO), 0, 0);
    while bursts < BURSTS && !is_quick(last) {
        let (helper, greeted, plain) = gather(plain_server(), count);
        run.exactly("greeted by plain sockets", greeted, count);
        drop(helper);
        let (helper, taken, took) = gather(host.address(), count);
        drop(helper);
        (last, bursts, accepted) = ((took, plain), bursts + 1, accepted + taken);
        while !host.serveur.clients().is_empty() {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    run.exactly("accepted", accepted, bursts * count);
    run.time_beside("all greeted", last.0, QUICK, last.1);
    stop(run, host);
}

/// How often L09 has them connect, at most.
const BURSTS: usize = 20;

/// The time in which a server that nothing holds up has greeted a thousand.
const QUICK: Duration = Duration::from_millis(500);

/// Whether a burst was as quick as can be asked, beside the one to plain sockets just before.
fn is_quick((took, plain): (Duration, Duration)) -> bool {
    took <= QUICK.max(plain.saturating_mul(3))
}

/// A server of plain sockets: it greets each connection on a thread of its own, and does no more.
fn plain_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Else the kernel turns away most of those that come at once, for a second each.
    rustix::net::listen(&listener, 4096).unwrap();
    spawn("plain", move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            spawn("plain client", move || {
                greeting(&mut stream);
                let _gone = stream.write_all(&Greeting::server().bytes());
                // Until the client goes.
                let _ended = stream.read(&mut [0]);
            });
        }
    });
    address
}

fn stop(run: &Run, host: Host) {
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}
