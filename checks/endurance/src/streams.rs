//! S01 and X06: streams through a proxy that spoils connections. S02: consumers that stand still
//! beside others. S03: very many subscriptions.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::flux::{Emetteur, Flux};
use cconn::{Client, Erreur, Etat, Resultat, Serveur, commande, commandes};
use testkit::Dice;

use crate::count::{Census, resident};
use crate::host::{Host, spawn};
use crate::proxy::{self, Cut, Proxy, Ways};
use crate::run::Run;
use crate::ways::Way;

/// How long anything may wait: more than this is a hang.
const MOST: Duration = Duration::from_secs(20);

/// Numbers in order, from an iterator.
#[commande]
fn count(n: u64) -> impl Iterator<Item = u64> + use<> {
    0..n
}

/// Numbers in order, through a channel that a thread fills.
#[commande]
fn count_through(n: u64) -> Flux<u64> {
    let (emitter, stream) = Flux::canal(32);
    spawn("emitter", move || {
        // Nobody takes what is emitted once the stream is dropped.
        let _gone = (0..n).try_for_each(|i| emitter.envoyer(i));
    });
    stream
}

/// Numbers in order, behind which comes an error.
#[commande]
fn count_and_fail(n: u64) -> impl Iterator<Item = Resultat<u64>> + use<> {
    (0..n).map(Ok).chain(std::iter::once_with(|| Err(Erreur::echec("as it was asked to"))))
}

#[derive(Debug, Default)]
struct Tally {
    streams: AtomicU64,
    complete: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    items: AtomicU64,
}

pub(crate) fn chaos(run: &Run) {
    spoilt(run, Way::Tcp, run.pick(3_000, 10_000));
}

/// X06: the same over encrypted connections: an end without a farewell is an error, inside of a
/// frame and between two.
#[cfg(feature = "tls")]
pub(crate) fn encrypted_chaos(run: &Run) {
    spoilt(run, Way::Tls, run.pick(500, 5_000));
}

fn spoilt(run: &Run, way: Way, wanted: u64) {
    let tally = Tally::default();
    let options = way.secured_server(Serveur::options(way.address()));
    let options = options.max_clients(2000).delai_reponse(MOST).echecs_affiches(false);
    let host = Host::start(options, |serveur| {
        serveur.enregistrer(commandes![count, count_through, count_and_fail]).unwrap();
    });
    let proxy = Proxy::start(host.address(), plan);
    std::thread::scope(|scope| {
        for seed in 0..8 {
            let (tally, proxy) = (&tally, &proxy);
            scope.spawn(move || {
                let mut dice = Dice::new(seed);
                while tally.streams.load(Ordering::SeqCst) < wanted {
                    let options = way.secured_client(Client::options(proxy.address));
                    let options = options.delai_reponse(MOST);
                    let Ok(client) = options.echecs_affiches(false).connecter() else { continue };
                    take_streams(run, &client, tally, &mut dice);
                    let _ended = client.eteindre();
                    client.close();
                }
            });
        }
    });
    drop(proxy);
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
    let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
    for (name, count) in [
        ("streams", &tally.streams),
        ("complete", &tally.complete),
        ("ended by an error", &tally.failed),
        ("dropped", &tally.dropped),
        ("items", &tally.items),
    ] {
        run.figure(name, of(count), "");
    }
    let each = [&tally.complete, &tally.failed, &tally.dropped].map(of);
    run.exactly("streams that have ended", each.iter().sum(), of(&tally.streams));
    run.require(each.iter().all(|count| *count > wanted / 50), || "one sort is missing".to_owned());
}

/// What becomes of each connection.
fn plan(number: u64) -> Ways {
    let mut dice = Dice::new(number);
    let mut way = || {
        let cut = match dice.below(5) {
            0 => Some((dice.below(100_000), Cut::End)),
            1 => Some((dice.below(100_000), Cut::Reset)),
            _ => None,
        };
        let slice = [1000, 1500, 16 << 10][dice.size(3)];
        proxy::Way { cut, slice, pause: [0, 50, 300][dice.size(3)], dice: Dice::new(dice.next()) }
    };
    (way(), way())
}

/// Takes some streams of one connection, four at a time.
fn take_streams(run: &Run, client: &Client, tally: &Tally, dice: &mut Dice) {
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let mut dice = Dice::new(dice.next());
            scope.spawn(move || {
                for _ in 0..4 {
                    take_one(run, client, tally, &mut dice);
                }
            });
        }
    });
}

fn take_one(run: &Run, client: &Client, tally: &Tally, dice: &mut Dice) {
    let n = dice.below(3000);
    let sort = dice.below(3);
    let opened = match sort {
        0 => client.appeler(count { n }),
        1 => client.appeler(count_through { n }),
        _ => client.appeler(count_and_fail { n }),
    };
    tally.streams.fetch_add(1, Ordering::SeqCst);
    let Ok(mut stream) = opened else {
        tally.failed.fetch_add(1, Ordering::SeqCst);
        return;
    };
    let leaves_at = dice.one_in(4).then(|| dice.below(n + 1));
    let mut next = 0;
    loop {
        if leaves_at == Some(next) {
            tally.dropped.fetch_add(1, Ordering::SeqCst);
            return;
        }
        match stream.next() {
            Some(Ok(item)) => {
                run.require(item == next, || format!("item {item} in the place of {next}"));
                next += 1;
                tally.items.fetch_add(1, Ordering::SeqCst);
            }
            None => {
                run.require(next == n && sort < 2, || format!("{next} of {n}, and no error"));
                tally.complete.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Some(Err(error)) => {
                let early = matches!(error, Erreur::Fermee(_) | Erreur::Distante(_));
                run.require(early, || format!("after {next} of {n} items: {error}"));
                run.require(stream.next().is_none(), || "items behind an error".to_owned());
                tally.failed.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
    }
}

/// Numbers without end.
#[commande]
fn endless() -> impl Iterator<Item = u64> + use<> {
    0..
}

/// Consumers of S02, and those of them that stand still.
const CONSUMERS: usize = 100;
const STILL: usize = 10;

/// What the others must keep of their rate, and how much memory each that stands still may hold:
/// its stream's credit on both sides, and the connection.
const KEPT: f64 = 0.9;
const HELD: u64 = 1024;

/// What is taken by those that move, together.
#[derive(Debug, Default)]
struct Taken {
    over: AtomicBool,
    items: AtomicU64,
}

impl Taken {
    /// Takes all items of a stream without end until it is over.
    fn take_all(&self, run: &Run, client: &Client) {
        let mut stream = client.appeler(endless {}).unwrap();
        let mut next = 0;
        while !self.over.load(Ordering::Relaxed) {
            let item = stream.next().unwrap().unwrap();
            run.require(item == next, || format!("item {item} in the place of {next}"));
            next += 1;
            self.items.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Items a second, over that time.
    #[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
    fn rate(&self, time: Duration) -> f64 {
        let (before, start) = (self.items.load(Ordering::Relaxed), Instant::now());
        std::thread::sleep(time);
        let items = self.items.load(Ordering::Relaxed) - before;
        items as f64 / start.elapsed().as_secs_f64()
    }
}

pub(crate) fn beside_those_that_stand_still(run: &Run) {
    let options = Serveur::options(0).max_clients(CONSUMERS + STILL).echecs_affiches(false);
    let host = Host::start(options, |serveur| serveur.enregistrer(commandes![endless]).unwrap());
    let connect = || Client::options(host.address()).echecs_affiches(false).connecter().unwrap();
    let moving: Vec<_> = (0..CONSUMERS - STILL).map(|_| connect()).collect();
    let taken = Taken::default();
    std::thread::scope(|scope| {
        for client in &moving {
            scope.spawn(|| taken.take_all(run, client));
        }
        compare(run, &taken, connect);
        taken.over.store(true, Ordering::Relaxed);
    });
    for client in moving {
        client.close();
    }
    let _ended = host.stop();
}

/// Measures without those that stand still and with them, in turns, so that what else the machine
/// does falls on both alike.
fn compare(run: &Run, taken: &Taken, connect: impl Fn() -> Client) {
    let time = run.pick(Duration::from_millis(400), Duration::from_secs(2));
    taken.rate(time);
    let (mut alone, mut beside, mut grown) = (0.0, 0.0, 0);
    for _ in 0..run.pick(4, 8) {
        alone += taken.rate(time);
        // What the allocator keeps for all threads grows for some rounds, whoever stands still.
        let before = resident("self");
        let still: Vec<_> = (0..STILL).map(|_| connect()).collect();
        let begin = |client: &Client| {
            let mut stream = client.appeler(endless {}).unwrap();
            stream.next().unwrap().unwrap();
            stream
        };
        let streams: Vec<_> = still.iter().map(begin).collect();
        beside += taken.rate(time);
        grown = grown.max(resident("self").saturating_sub(before));
        drop(streams);
        for client in still {
            client.close();
        }
    }
    run.figure("items of all rounds, alone and beside", format!("{alone:.0} {beside:.0}"), "");
    run.figure("rate kept", format!("{:.3}", beside / alone), "");
    run.require(beside >= KEPT * alone, || format!("only {:.3} is kept", beside / alone));
    run.figure("memory for those that stand still", grown, "KiB");
    let most = HELD * STILL as u64;
    run.require(grown <= most, || format!("{grown} KiB, at most {most}"));
}

/// The subscriptions of S03.
#[derive(Default)]
struct Subscribers(std::sync::Mutex<Vec<Emetteur<u64>>>);

#[commande]
fn subscribe(subscribers: &Etat<Subscribers>) -> Flux<u64> {
    let (emitter, stream) = Flux::canal(16);
    subscribers.0.lock().unwrap().push(emitter);
    stream
}

#[commande]
fn publish(subscribers: &Etat<Subscribers>, item: u64) -> u64 {
    let mut reached = 0;
    for emitter in subscribers.0.lock().unwrap().iter() {
        reached += u64::from(emitter.essayer(item).is_ok());
    }
    reached
}

/// Connections of the subscribers, subscriptions of each, and items that are published.
const LINKS: usize = 10;
const EACH: usize = 1000;
const PUBLISHED: u64 = 10;

pub(crate) fn subscriptions(run: &Run) {
    let options = Serveur::options(0).max_clients(LINKS + 1).fournir(Subscribers::default());
    let commands = commandes![subscribe, publish];
    let host = Host::start(options, |serveur| serveur.enregistrer(commands).unwrap());
    let clients: Vec<_> = (0..LINKS).map(|_| Client::new(host.address()).unwrap()).collect();
    let publisher = Client::new(host.address()).unwrap();
    publisher.appeler(publish { item: 0 }).unwrap();
    let before = Census::take();
    let streams: Vec<Vec<_>> = clients
        .iter()
        .map(|client| (0..EACH).map(|_| client.appeler(subscribe {}).unwrap()).collect())
        .collect();
    let during = Census::take();
    run.exactly("threads with all subscriptions", during.threads, before.threads);
    for item in 0..PUBLISHED {
        let reached = publisher.appeler(publish { item }).unwrap();
        run.require(reached == (LINKS * EACH) as u64, || format!("{reached} were reached"));
    }
    let taken: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> = streams
            .into_iter()
            .map(|streams| {
                scope.spawn(move || {
                    let mut taken = 0;
                    for mut stream in streams {
                        for wanted in 0..PUBLISHED {
                            let item = stream.next().unwrap().unwrap();
                            run.require(item == wanted, || format!("{item} for {wanted}"));
                            taken += 1;
                        }
                    }
                    taken
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    run.exactly("items that have come", taken, PUBLISHED * (LINKS * EACH) as u64);
    drop((clients, publisher));
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
}
