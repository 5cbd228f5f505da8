//! A server in this process, with the thread in its `lancer`.

use std::net::SocketAddr;
use std::thread::{self, JoinHandle};

use cconn::{Client, OptionsServeur, Resultat, Serveur};

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) serveur: Serveur,
    thread: JoinHandle<Resultat<()>>,
}

impl Host {
    /// Starts a server with those options, and the commands that `register` gives it.
    pub(crate) fn start(options: OptionsServeur, register: impl FnOnce(&Serveur)) -> Host {
        let serveur = options.ouvrir().expect("a server opens on a free port");
        register(&serveur);
        let running = serveur.clone();
        let thread = spawn("lancer", move || running.lancer());
        Host { serveur, thread }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.serveur.adresse().socket().unwrap()
    }

    /// Stops the server in order and waits for `lancer`; what either of them says.
    pub(crate) fn stop(self) -> Resultat<()> {
        let stopped = self.serveur.eteindre();
        let ran = self.thread.join().expect("`lancer` does not panic");
        stopped.and(ran)
    }
}

/// The one client that is connected to the server, once it is there.
pub(crate) fn only_client(serveur: &Serveur) -> Client {
    loop {
        if let Some(client) = serveur.clients().pop() {
            return client;
        }
        thread::yield_now();
    }
}

/// A thread of that name.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    thread::Builder::new().name(name.to_owned()).spawn(body).expect("a thread starts")
}
