//! Clients whose connection comes back: what becomes of calls, sessions and commands when a server
//! is stopped, killed or started anew.

mod appels;
mod flux;
mod orages;
mod reconstruction;

use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::persistant::{ClientPersistant, OptionsPersistantes};
use cconn::{Client, Etat, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{until, until_some};

const LIMIT: Duration = Duration::from_secs(30);

/// A server that runs on a thread.
struct Running {
    serveur: Serveur,
    moi: Moi,
    lancer: JoinHandle<Resultat<()>>,
}

impl Running {
    /// On that port, which another server has just left.
    fn on(port: u16, prepare: impl Fn(&Serveur)) -> Running {
        let asked = Moi::default();
        let serveur = until_some("the port is free", || {
            Serveur::options(port).max_clients(60).fournir(asked.clone()).ouvrir().ok()
        });
        serveur.enregistrer(commandes![moi]).unwrap();
        serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        prepare(&serveur);
        let lancer = thread::spawn({
            let serveur = serveur.clone();
            move || serveur.lancer()
        });
        Running { serveur, moi: asked, lancer }
    }

    fn new() -> Running {
        Running::on(0, |_| ())
    }

    fn port(&self) -> u16 {
        self.serveur.adresse().port().unwrap()
    }

    fn stop(self) {
        self.serveur.eteindre().unwrap();
        self.lancer.join().unwrap().unwrap();
    }

    /// Cuts every connection without a goodbye that would wait.
    fn cut(&self) {
        self.serveur.clients().iter().for_each(Client::close);
    }
}

/// The server's end of the connection that has asked last.
#[derive(Clone, Default)]
struct Moi(Arc<Mutex<Option<Client>>>);

/// It runs beside whatever else does.
#[commande(parallele)]
fn moi(client: &Client, moi: &Etat<Moi>) {
    *moi.0.lock().unwrap() = Some(client.clone());
}

/// Loses the connection of that client, and waits until the client has seen it: a call before that
/// would be lost with it. No other connection is cut, for the client may be back at once.
fn lose(server: &Running, client: &ClientPersistant) {
    client.appeler(moi {}).unwrap();
    let before = client.client().map(|client| client.id());
    server.moi.0.lock().unwrap().take().expect("it has asked").close();
    until("the loss is seen", || client.client().map(|client| client.id()) != before);
}

fn options(port: u16) -> OptionsPersistantes {
    Client::options(port).delai_reponse(Duration::from_secs(8)).persistant()
}

fn double(client: &ClientPersistant, n: u64) -> Resultat<u64> {
    client.appeler(nommee("double", (n,)))
}
