//! X01: both sides of an encrypted connection write with many threads at once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cconn::{Client, Erreur, Octets, Resultat, Serveur, nommee};

use crate::host::{Host, only_client, spawn};
use crate::run::Run;
use crate::ways::Way;

/// Threads that write on each side, and the longest that one of their messages may wait.
const WRITERS: u64 = 8;
const MOST: Duration = Duration::from_secs(20);

/// The payloads, bytes: from one to several records of the encryption.
const SIZES: [usize; 4] = [1, 1_000, 16 << 10, 100_000];

/// What one side has received of the other.
#[derive(Debug, Default)]
struct Received {
    bytes: AtomicU64,
    torn: AtomicU64,
}

impl Received {
    /// Takes in a message, whose bytes must be those that its writer and number make.
    fn take(&self, (writer, number, bytes): (u64, u64, Octets)) {
        if bytes.0 != made(writer, number) {
            self.torn.fetch_add(1, Ordering::SeqCst);
        }
        self.bytes.fetch_add(bytes.0.len() as u64, Ordering::SeqCst);
    }
}

fn made(writer: u64, number: u64) -> Vec<u8> {
    let size = SIZES[usize::try_from(number % 4).expect("below four")];
    let first = writer.wrapping_mul(67).wrapping_add(number);
    (0..size as u64).map(|n| first.wrapping_add(n * n).to_le_bytes()[0]).collect()
}

static RECEIVED: [Received; 2] = [
    Received { bytes: AtomicU64::new(0), torn: AtomicU64::new(0) },
    Received { bytes: AtomicU64::new(0), torn: AtomicU64::new(0) },
];

pub(crate) fn both_ways(run: &Run) {
    let wanted = run.pick(48 << 20, 1 << 30);
    let way = Way::Tls;
    let options = way.secured_server(Serveur::options(way.address()).delai_ecriture(MOST));
    let host = Host::start(options, |serveur| {
        serveur.enregistrer_commande("take", |_, message| RECEIVED[0].take(message)).unwrap();
    });
    let options = way.secured_client(Client::options(host.address()).delai_ecriture(MOST));
    let client = options.connecter().unwrap();
    client.enregistrer_commande("take", |_, message| RECEIVED[1].take(message)).unwrap();
    let listening = client.clone();
    let listener = spawn("listener", move || listening.lancer());
    let theirs = only_client(&host.serveur);
    let start = Instant::now();
    let written: Resultat<[u64; 2]> = std::thread::scope(|scope| {
        let sides = [&client, &theirs].map(|side| {
            let write = move |writer| move || write(side, writer, wanted / WRITERS);
            (0..WRITERS).map(|writer| scope.spawn(write(writer))).collect::<Vec<_>>()
        });
        let [ours, theirs] = sides.map(|threads| {
            let each = threads.into_iter().map(|thread| thread.join().unwrap());
            each.sum::<Result<u64, Erreur>>()
        });
        Ok([ours?, theirs?])
    });
    drop(theirs);
    let ended = client.eteindre().and(listener.join().unwrap()).and(host.stop());
    run.require(ended.is_ok(), || format!("in the end: {ended:?}"));
    match written {
        Err(error) => run.fault(&format!("a message was not sent: {error}")),
        Ok(written) => {
            for (received, written) in RECEIVED.iter().zip(written) {
                run.exactly("bytes", received.bytes.load(Ordering::SeqCst), written);
                run.exactly("torn", received.torn.load(Ordering::SeqCst), 0);
            }
        }
    }
    run.time("all has come", start.elapsed());
}

/// Writes at least so many bytes; returns how many.
fn write(client: &Client, writer: u64, wanted: u64) -> Resultat<u64> {
    let mut written = 0;
    for number in 0.. {
        if written >= wanted {
            break;
        }
        let bytes = made(writer, number);
        written += bytes.len() as u64;
        client.envoyer(nommee("take", (writer, number, Octets(bytes))))?;
    }
    Ok(written)
}
