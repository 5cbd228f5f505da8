//! X03: greetings and proofs of a secret that are changed on their way, replayed, reflected and made
//! up: nobody is let in by them, and whoever knows the secret is.

mod changed;
mod forged;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cconn::secret::{LONGUEUR_MIN, Secret};
use cconn::{Client, OptionsClient, Serveur};

use crate::company::{Door, in_company, visit};
use crate::counted;
use crate::heard::secret;
use crate::host::Host;
use crate::run::Run;
use crate::ways::Way;

/// Attacks between two visits of an honest client, and those that go on at once.
const BATCH: usize = 100;
const THREADS: usize = 16;

/// How long a server waits for a greeting and a proof, and how long a client does that is tampered
/// with: what is left out is waited for that long.
const GREETING: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_millis(500);

/// A server that wants a secret proved.
struct Target {
    way: Way,
    host: Host,
}

impl Target {
    fn start(way: Way) -> Target {
        let options = Serveur::options(0).max_clients(200).delai_accueil(GREETING);
        let options = way.secured_server(options).secrets([secret(1)]);
        Target { way, host: Host::start(options, counted::register) }
    }

    fn door(&self) -> Door {
        let (way, address) = (self.way, self.host.address());
        Box::new(move || knowing(way, Client::options(address)))
    }
}

/// The options of a client that knows the secret.
fn knowing(way: Way, options: OptionsClient) -> OptionsClient {
    way.secured_client(options).secrets([secret(1)])
}

pub(crate) fn proofs(run: &Run) {
    for length in 0..LONGUEUR_MIN {
        let built = Secret::new("short", vec![7; length]);
        run.require(built.is_err(), || format!("a secret of {length} bytes was taken"));
    }
    let targets = [Way::Tcp, Way::Tls].map(Target::start);
    let doors: Vec<Door> = targets.iter().map(Target::door).collect();
    let held: Vec<Client> = doors.iter().map(|door| door().connecter().unwrap()).collect();
    in_company(run, &held, &doors, || {
        for target in &targets {
            changed::attack(run, target);
        }
        forged::attack(run, &targets[0]);
    });
    counted::judge(run);
    for client in &held {
        client.eteindre().unwrap();
    }
    for target in targets {
        let stopped = target.host.stop();
        run.require(stopped.is_ok(), || format!("a server's stop: {stopped:?}"));
    }
}

/// Does that so often, several at once, and lets an honest client in after each batch; what came of
/// each.
fn in_batches<T: Send>(
    run: &Run,
    target: &Target,
    wanted: usize,
    attack: impl Fn(u64) -> T + Sync,
) -> Vec<T> {
    let all = Mutex::new(Vec::with_capacity(wanted));
    for first in (0..wanted).step_by(BATCH) {
        let next = AtomicUsize::new(first);
        let end = wanted.min(first + BATCH);
        std::thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    let numbers = std::iter::repeat_with(|| next.fetch_add(1, Ordering::SeqCst));
                    for number in numbers.take_while(|number| *number < end) {
                        let result = attack(number as u64);
                        all.lock().unwrap().push(result);
                    }
                });
            }
        });
        if let Err(error) = visit(&target.door()) {
            run.fault(&format!("an honest client after {end} attacks: {error}"));
        }
    }
    all.into_inner().unwrap()
}
