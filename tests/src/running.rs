//! A server that runs on a thread of its own until a test stops it.

use std::panic;
use std::thread::{self, JoinHandle};

use cconn::{Client, OptionsServeur, Resultat, Serveur};

/// A server that runs, and the thread that it runs on.
pub struct Running {
    /// The server itself.
    pub serveur: Serveur,
    lancer: JoinHandle<Resultat<()>>,
}

impl Running {
    /// Opens a server with these options and runs it.
    ///
    /// # Panics
    ///
    /// If it cannot be opened.
    #[must_use]
    pub fn new(options: OptionsServeur) -> Self {
        Running::of(options.ouvrir().expect("a free port"))
    }

    /// Runs that server.
    #[must_use]
    pub fn of(serveur: Serveur) -> Self {
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        Running { serveur, lancer }
    }

    /// A new client of it.
    ///
    /// # Panics
    ///
    /// If it is not let in.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(self.serveur.adresse()).expect("it is let in")
    }

    /// Stops it, and waits until it no longer runs.
    ///
    /// # Errors
    ///
    /// What `eteindre` says, else what `lancer` says.
    ///
    /// # Panics
    ///
    /// As `lancer` did.
    pub fn stop(self) -> Resultat<()> {
        let stopped = self.serveur.eteindre();
        let ran = self.lancer.join().unwrap_or_else(|panic| panic::resume_unwind(panic));
        stopped.and(ran)
    }
}
