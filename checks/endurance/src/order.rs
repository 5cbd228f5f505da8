//! ORD: a recorder of what was sent and of what was run, over connections that fail.
//!
//! Each command has a number of its own. Its sender writes down what it was told of it, and the
//! server how often it ran; in the end the two must agree: what was answered ran once, what was
//! "not sent" never ran, nothing ran twice, what one thread sent started in that order, and what
//! `envoyer` accepted before an orderly stop ran.

mod episode;
mod ledger;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cconn::{Client, Octets, Resultat, Serveur, nommee};

use crate::host::Host;
use crate::proxy::{Cut, Proxy, Way};
use crate::run::Run;
use testkit::Dice;

use episode::{Episode, OPS, THREADS};
use ledger::Ledger;

/// Episodes that run at the same time.
const LANES: u64 = 4;

/// What a command does before it answers.
const QUICK: u8 = 0;
const CALLS_BACK: u8 = 1;
const SLOW: u8 = 2;
const CLOSES: u8 = 3;

pub(crate) fn recorder(run: &Run) {
    let episodes = run.pick(150, 2_000);
    let ledger = Arc::new(Ledger::new(LANES * episodes, THREADS, OPS));
    let host = start_server(&ledger);
    let proxy = Proxy::start(host.address(), plan);
    let orderly = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (ledger, orderly, addresses) = (&ledger, &orderly, (host.address(), proxy.address));
            scope.spawn(move || {
                for n in 0..episodes {
                    let connection = lane * episodes + n;
                    let episode = Episode::new(ledger, connection, addresses);
                    orderly.fetch_add(u64::from(episode.run(run)), Ordering::SeqCst);
                }
            });
        }
    });
    drop(proxy);
    // With its end every command that was ever to run has run.
    if let Err(error) = host.stop() {
        run.fault(&format!("the server's stop: {error}"));
    }
    run.figure("connections", LANES * episodes, "");
    run.figure("stopped in order", orderly.load(Ordering::SeqCst), "");
    ledger.judge(run);
}

/// Connections through the proxy are sliced, slowed down a little, and cut somewhere.
fn plan(number: u64) -> (Way, Way) {
    let mut dice = Dice::new(number);
    let mut way = |cut: Option<(u64, Cut)>| Way {
        cut,
        slice: 1 + dice.size(2000),
        pause: dice.below(40),
        dice: dice.clone(),
    };
    let kind = if number.is_multiple_of(2) { Cut::End } else { Cut::Reset };
    let mut at = Dice::new(number + 1_000_000);
    let most = if at.one_in(2) { 5000 } else { 500_000 };
    let cut = Some((60 + at.below(most), kind));
    if number % 4 < 2 { (way(cut), way(None)) } else { (way(None), way(cut)) }
}

fn start_server(ledger: &Arc<Ledger>) -> Host {
    let options = Serveur::options(0).max_clients(2000);
    let ledger = ledger.clone();
    Host::start(options, move |serveur| {
        let notes = ledger.clone();
        let note = move |_: &Client, (id,): (u64,)| notes.started(id);
        serveur.enregistrer_commande("note", note).unwrap();
        let work = move |client: &Client, (id, kind, _): (u64, u8, Octets)| -> Resultat<u64> {
            ledger.started(id);
            match kind {
                CALLS_BACK => client.appeler(nommee("double", (id,))),
                SLOW => {
                    std::thread::sleep(std::time::Duration::from_micros(300));
                    Ok(2 * id)
                }
                CLOSES => {
                    client.close();
                    Ok(2 * id)
                }
                _ => Ok(2 * id),
            }
        };
        serveur.enregistrer_commande("work", work).unwrap();
    })
}
