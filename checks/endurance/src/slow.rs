//! N01: two hundred newcomers and peers that never finish what they begin.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Serveur, commandes};

use crate::commands::echo;
use crate::host::Host;
use crate::raw::{Raw, WINDOW, call, greeting};
use crate::run::Run;
use crate::times::Times;

/// Three of five have not greeted: fewer than the 128 strangers that a server has room for, of whom
/// it lets the oldest go for a newcomer beyond.
const PEERS: usize = 200;

/// How often something is sent, by those who send something.
const DRIP: Duration = Duration::from_millis(100);

/// What a slow peer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Silent,
    HalfGreeting,
    /// A byte of the greeting now and then.
    Dripping,
    /// Half a frame, then nothing.
    HalfFrame,
    /// A byte of a large frame now and then.
    DrippingFrame,
}

const SORTS: [Sort; 5] =
    [Sort::Silent, Sort::HalfGreeting, Sort::Dripping, Sort::HalfFrame, Sort::DrippingFrame];

impl Sort {
    fn is_greeted(self) -> bool {
        matches!(self, Sort::HalfFrame | Sort::DrippingFrame)
    }
}

pub(crate) fn lorises(run: &Run) {
    // The usual deadlines in full, shorter ones in a short run; half a second more is allowed.
    let (hello, frame) = run.pick((1500, 3000), (5000, 10_000));
    let [hello, frame] = [hello, frame].map(Duration::from_millis);
    let options = Serveur::options(0).max_clients(PEERS + 20);
    let options = options.delai_accueil(hello).delai_lecture(frame);
    let host = Host::start(options, |serveur| serveur.enregistrer(commandes![echo]).unwrap());
    let over = AtomicBool::new(false);
    let mut connects = std::thread::scope(|scope| {
        let good = scope.spawn(|| connect_again_and_again(host.address(), &over));
        let ends = hold(host.address(), frame + Duration::from_secs(3));
        over.store(true, Ordering::SeqCst);
        judge(run, &ends, hello, frame);
        good.join().unwrap()
    });
    run.figure("good connections meanwhile", connects.len(), "");
    run.time_within("their p99", connects.percentile(990), Duration::from_millis(100));
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}

/// Holds the slow peers until they are cut; returns of each when that was.
fn hold(server: SocketAddr, most: Duration) -> Vec<(Sort, Option<Duration>)> {
    let mut peers: Vec<(Sort, Raw, Instant, Option<Duration>)> = (0..PEERS)
        .map(|n| {
            let sort = SORTS[n % SORTS.len()];
            (sort, begin(server, sort), Instant::now(), None)
        })
        .collect();
    let until = Instant::now() + most;
    while Instant::now() < until && peers.iter().any(|peer| peer.3.is_none()) {
        for (sort, raw, start, end) in peers.iter_mut().filter(|peer| peer.3.is_none()) {
            if matches!(sort, Sort::Dripping | Sort::DrippingFrame) {
                // Its failure is seen by the read below.
                let _cut = raw.stream().write(&[0]);
            }
            if is_cut(raw) {
                *end = Some(start.elapsed());
            }
        }
        std::thread::sleep(DRIP);
    }
    peers.into_iter().map(|(sort, _, _, end)| (sort, end)).collect()
}

fn begin(server: SocketAddr, sort: Sort) -> Raw {
    let mut raw = Raw::connect(server);
    let greeting = greeting(WINDOW);
    if sort.is_greeted() {
        raw.send(&greeting);
        let call = call(1, "echo", &vec![0; 100_000]);
        raw.send(&call[..30]);
    } else if sort == Sort::HalfGreeting {
        raw.send(&greeting[..10]);
    } else if sort == Sort::Dripping {
        raw.send(&greeting[..1]);
    }
    raw.stream().set_nonblocking(true).unwrap();
    raw
}

/// Whether the server has ended the connection; what it said before is read and dropped.
fn is_cut(raw: &mut Raw) -> bool {
    loop {
        match raw.stream().read(&mut [0; 512]) {
            Ok(0) => return true,
            Ok(_) => {}
            Err(error) => return error.kind() != ErrorKind::WouldBlock,
        }
    }
}

fn judge(run: &Run, ends: &[(Sort, Option<Duration>)], hello: Duration, frame: Duration) {
    for sort in SORTS {
        let most = if sort.is_greeted() { frame } else { hello } + Duration::from_millis(500);
        // A frame may take a second more for each 16 KiB that have arrived of it.
        let most = if sort.is_greeted() { most + Duration::from_millis(500) } else { most };
        let of_sort = ends.iter().filter(|end| end.0 == sort);
        let granted = if sort.is_greeted() { frame } else { hello };
        let first = of_sort.clone().filter_map(|end| end.1).min().unwrap_or_default();
        // The server may have seen the first byte a moment before this side's clock was read.
        let early = sort != Sort::Dripping && first + Duration::from_millis(50) < granted;
        run.require(!early, || format!("{sort:?}: cut after {first:.1?}, granted {granted:.1?}"));
        let spared = of_sort.clone().filter(|end| end.1.is_none()).count();
        run.require(spared == 0, || format!("{spared} of {sort:?} were never cut"));
        let last = of_sort.filter_map(|end| end.1).max().unwrap_or_default();
        run.time_within(&format!("{sort:?}, last cut"), last, most);
    }
}

/// Connects, calls and leaves, again and again.
fn connect_again_and_again(server: SocketAddr, over: &AtomicBool) -> Times {
    let mut times = Times::default();
    while !over.load(Ordering::SeqCst) {
        let start = Instant::now();
        let client = Client::new(server).unwrap();
        client.appeler(echo { octets: b"x" }).unwrap();
        times.push(start.elapsed());
        client.eteindre().unwrap();
        std::thread::sleep(Duration::from_millis(10));
    }
    times
}
