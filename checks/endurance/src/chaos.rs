//! K05: calls through a proxy that delays, slices, slows down, resets and cuts.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Octets, Resultat, Serveur, nommee};

use crate::host::{Host, spawn};
use crate::proxy::{Cut, Proxy, Way, Ways};
use crate::run::Run;
use testkit::Dice;

/// Clients at the same time, and the threads that call on each of their connections.
const CLIENTS: u64 = 8;
const THREADS: u64 = 4;

/// How long a call may take; more than this is a hang.
const MOST: Duration = Duration::from_secs(20);

#[derive(Debug, Default)]
struct Tally {
    connections: AtomicU64,
    answered: AtomicU64,
    failed: AtomicU64,
}

pub(crate) fn proxy(run: &Run) {
    let time = Duration::from_secs(run.pick(15, 600));
    let host = start_server();
    let proxy = Proxy::start(host.address(), plan);
    let (tally, until) = (Tally::default(), Instant::now() + time);
    std::thread::scope(|scope| {
        for seed in 0..CLIENTS {
            let (tally, proxy) = (&tally, &proxy);
            scope.spawn(move || call_through(run, proxy, tally, until, seed));
        }
    });
    drop(proxy);
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
    let answered = tally.answered.load(Ordering::SeqCst);
    run.figure("connections", tally.connections.load(Ordering::SeqCst), "");
    run.figure("answered, all right", answered, "");
    run.figure("failed", tally.failed.load(Ordering::SeqCst), "");
    run.require(answered > 1000, || format!("only {answered} calls were answered"));
}

/// What becomes of each connection: one trouble or several, in one direction or both.
fn plan(number: u64) -> Ways {
    let mut dice = Dice::new(number);
    let mut way = || {
        let cut = match dice.below(6) {
            0 => Some((dice.below(400_000), Cut::End)),
            1 => Some((dice.below(400_000), Cut::Reset)),
            _ => None,
        };
        let slice = [1, 7, 100, 1500, 16 << 10][dice.size(5)];
        // Latency; before each of a few bytes it would be a rate at which no call ends in time.
        let pause = if slice < 1000 { 0 } else { [0, 50, 500, 5000][dice.size(4)] };
        Way { cut, slice, pause, dice: Dice::new(dice.next()) }
    };
    (way(), way())
}

fn start_server() -> Host {
    Host::start(Serveur::options(0).max_clients(2000).delai_reponse(MOST), |serveur| {
        let digest = |client: &Client, (bytes, back): (Octets, bool)| -> Resultat<u64> {
            if back {
                return client.appeler(nommee("digest", (bytes,)));
            }
            Ok(digest(&bytes.0))
        };
        serveur.enregistrer_commande("digest", digest).unwrap();
    })
}

fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(7, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

/// Connects, calls until the connection fails or has served long enough, connects again.
fn call_through(run: &Run, proxy: &Proxy, tally: &Tally, until: Instant, seed: u64) {
    let mut dice = Dice::new(seed + 100);
    while Instant::now() < until {
        let options = Client::options(proxy.address).delai_reponse(MOST);
        let Ok(client) = options.connecter() else { continue };
        tally.connections.fetch_add(1, Ordering::SeqCst);
        client.enregistrer_commande("digest", |_, (b,): (Octets,)| digest(&b.0)).unwrap();
        let listener = dice.one_in(2).then(|| {
            let client = client.clone();
            spawn("listener", move || client.lancer())
        });
        let enough = until.min(Instant::now() + Duration::from_secs(1));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (client, seed) = (&client, dice.next() + thread);
                scope.spawn(move || call_until(run, client, tally, enough, seed));
            }
        });
        // Cut or not, and whatever that says: the next connection is another.
        let _ended = client.eteindre();
        client.close();
        if let Some(thread) = listener {
            drop(thread.join().unwrap());
        }
    }
}

fn call_until(run: &Run, client: &Client, tally: &Tally, until: Instant, seed: u64) {
    let mut dice = Dice::new(seed);
    while Instant::now() < until {
        let most = [10, 1000, 20_000][dice.size(3)];
        let bytes: Vec<u8> = (0..dice.size(most)).map(|_| dice.next().to_le_bytes()[0]).collect();
        let wanted = digest(&bytes);
        let start = Instant::now();
        let back = dice.one_in(4);
        match client.appeler(nommee("digest", (Octets(bytes), back))) {
            Ok(answer) => {
                run.require(wanted == answer, || "a wrong answer".to_owned());
                tally.answered.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => {
                tally.failed.fetch_add(1, Ordering::SeqCst);
                let cut = matches!(error, Erreur::Fermee(_) | Erreur::Distante(_));
                run.require(cut, || format!("after {:.1?}: {error}", start.elapsed()));
                return;
            }
        }
    }
}
