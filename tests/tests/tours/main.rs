//! Commands while they run: what they may wait for, what may run beside them, who is told of them.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

mod admission;
mod circles;
mod failures;
mod inside;
mod parallel;
mod question;
mod rings;
mod whereabouts;

use std::thread::{self, JoinHandle};
use std::time::Duration;

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
