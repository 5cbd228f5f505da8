//! R02: servers and clients that stop at a random moment.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::nommee;
use cconn::{Client, Erreur, Resultat, Serveur};

use crate::count::Census;
use crate::host::{Host, spawn};
use crate::run::Run;
use crate::times::Times;
use testkit::Dice;

/// How long a stop may take, and what it may take on top.
const GRACE: Duration = Duration::from_secs(5);
const MOST: Duration = Duration::from_millis(5250);

/// Clients of the server that stops.
const CLIENTS: usize = 4;

/// What became of the calls.
#[derive(Debug, Default)]
struct Tally {
    /// Commands that ran at the server.
    ran: AtomicU64,
    answered: AtomicU64,
    not_run: AtomicU64,
    /// Calls of which nobody knows: none in an orderly stop.
    unknown: AtomicU64,
    /// One-way messages accepted before an orderly stop by the client, and run.
    accepted: AtomicU64,
    noted: AtomicU64,
}

pub(crate) fn at_random(run: &Run) {
    let rounds = run.pick(150, 2000);
    let mut dice = Dice::new(2);
    // The watchman is started by the first connection and stays.
    round(run, &mut dice, true);
    let base = Census::take();
    let mut times = Times::default();
    for number in 0..rounds {
        times.push(round(run, &mut dice, number % 2 == 0));
        base.back_to(run, "after a stop", Duration::from_millis(500));
        if run.has_failed() {
            run.figure("failed in round", number, "");
            return;
        }
    }
    run.figure("stops", rounds, "");
    run.time("median stop", times.percentile(500));
    run.time("p99", times.percentile(990));
    run.time_within("worst", times.worst(), MOST);
}

/// Starts a server and clients that call both ways, stops one side in the middle.
fn round(run: &Run, dice: &mut Dice, server_stops: bool) -> Duration {
    let tally = Arc::new(Tally::default());
    let host = start_server(&tally);
    let over = Arc::new(AtomicBool::new(false));
    let clients: Vec<Client> = (0..CLIENTS).map(|n| connect(&host, n % 2 == 0)).collect();
    let threads: Vec<_> = clients
        .iter()
        .map(|client| {
            let (client, tally, over) = (client.clone(), tally.clone(), over.clone());
            spawn("caller", move || call_until_stopped(&client, &tally, &over))
        })
        .collect();
    std::thread::sleep(dice.micros(4000));
    let start = Instant::now();
    if server_stops {
        check(run, "the server's stop", host.stop());
        for client in &clients {
            check(run, "a client's stop after it", client.eteindre());
        }
    } else {
        for client in &clients {
            check(run, "a client's stop", client.eteindre());
        }
        check(run, "the server's stop after it", host.stop());
    }
    let took = start.elapsed();
    over.store(true, Ordering::SeqCst);
    for thread in threads {
        thread.join().unwrap();
    }
    judge(run, &tally, server_stops);
    took
}

fn start_server(tally: &Arc<Tally>) -> Host {
    let options = Serveur::options(0).max_clients(CLIENTS).delai_arret(GRACE);
    let (runs, notes) = (tally.clone(), tally.clone());
    Host::start(options, move |serveur| {
        let double = move |client: &Client, (n,): (u64,)| -> Resultat<u64> {
            count(&runs.ran);
            if n % 3 == 0 {
                // While the other side stops this is answered, or not sent.
                let _stopping: Resultat<u64> = client.appeler(nommee("double", (n,)));
            }
            Ok(2 * n)
        };
        serveur.enregistrer_commande("double", double).unwrap();
        let note = move |_: &Client, (): ()| count(&notes.noted);
        serveur.enregistrer_commande("note", note).unwrap();
    })
}

fn connect(host: &Host, listening: bool) -> Client {
    let client = Client::options(host.address()).delai_arret(GRACE).connecter().unwrap();
    client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
    if listening {
        let client = client.clone();
        spawn("listener", move || client.lancer());
    }
    client
}

fn call_until_stopped(client: &Client, tally: &Tally, over: &AtomicBool) {
    for n in 0.. {
        if over.load(Ordering::SeqCst) || !client.est_connecte() {
            return;
        }
        let noted: Resultat<()> = client.envoyer(nommee("note", ()));
        if noted.is_ok() {
            count(&tally.accepted);
        }
        let result: Resultat<u64> = client.appeler(nommee("double", (n,)));
        let counter = match result {
            Ok(_) => &tally.answered,
            Err(error) if error.a_pu_etre_executee() => {
                eprintln!("unknown: {error}");
                &tally.unknown
            }
            // Stopping: what comes now would be refused at once, over and over.
            Err(_) => return count(&tally.not_run),
        };
        count(counter);
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::SeqCst);
}

fn check(run: &Run, what: &str, result: Resultat<()>) {
    // A side that has been stopped by the other one finds the connection ended.
    if let Err(error) = result
        && !matches!(&error, Erreur::Fermee(_) if !error.a_pu_etre_executee())
    {
        run.fault(&format!("{what}: {error}"));
    }
}

/// Every command that ran was answered, and what was accepted was run.
fn judge(run: &Run, tally: &Tally, server_stops: bool) {
    let [ran, answered, unknown] =
        [&tally.ran, &tally.answered, &tally.unknown].map(|count| count.load(Ordering::SeqCst));
    let fault = || format!("{ran} ran, {answered} were answered, {unknown} unknown: {tally:?}");
    run.require(ran == answered && unknown == 0, fault);
    let [accepted, noted] =
        [&tally.accepted, &tally.noted].map(|count| count.load(Ordering::SeqCst));
    // Both ends of the connection stop in order, whoever begins.
    run.require(noted == accepted, || {
        format!("{accepted} one-ways accepted, {noted} run (the server stops: {server_stops})")
    });
}
