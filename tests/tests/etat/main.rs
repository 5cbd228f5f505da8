//! What a command finds besides its arguments, and what a connection does without being asked:
//! a client that listens by itself, state and session, groups, hooks.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

mod ailleurs;
mod crochets;
mod ecoute;
mod empruntees;
mod partage;
mod salons;
mod sessions;

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cconn::{Client, OptionsServeur, Resultat, Serveur};

/// Far more than any of these tests takes.
const LIMIT: Duration = Duration::from_secs(20);

/// A server that runs, and the thread that it runs on.
struct Running {
    serveur: Serveur,
    lancer: Option<JoinHandle<Resultat<()>>>,
}

impl Running {
    fn new(options: OptionsServeur) -> Self {
        Running::of(options.ouvrir().unwrap())
    }

    fn of(serveur: Serveur) -> Self {
        let running = serveur.clone();
        let lancer = Some(thread::spawn(move || running.lancer()));
        Running { serveur, lancer }
    }

    fn client(&self) -> Client {
        Client::new(self.serveur.adresse()).unwrap()
    }

    /// Stops it; says how.
    fn stop(mut self) -> Resultat<()> {
        let stopped = self.serveur.eteindre();
        let ran = self.lancer.take().map_or(Ok(()), |lancer| lancer.join().unwrap());
        stopped.and(ran)
    }
}

/// Waits until `holds`; false if that takes longer than any of these tests may.
fn soon(holds: impl Fn() -> bool) -> bool {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > LIMIT / 2 {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
    true
}
