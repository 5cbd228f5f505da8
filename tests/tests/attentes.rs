//! Waits as long as they were told to be: those of no time at all, which only look, and short ones;
//! and waits that hold no thread.
//!
//! A client that does not run `lancer` has nobody to read for it but the thread that waits or looks.

#[path = "attentes/courtes.rs"]
mod courtes;
#[path = "attentes/executors.rs"]
mod executors;
#[path = "attentes/futures.rs"]
mod futures;
#[path = "attentes/nulles.rs"]
mod nulles;
#[path = "attentes/premiere.rs"]
mod premiere;
#[path = "attentes/rappels.rs"]
mod rappels;
#[path = "attentes/reseaux.rs"]
mod reseaux;

use std::thread;
use std::time::Duration;

use cconn::{Attente, Client, Serveur, nommee};

const LIMIT: Duration = Duration::from_secs(20);

/// A server with a command `dors` that answers after so many milliseconds and a command `jamais`
/// that returns once nobody wants its answer, and a client over TCP that does not run `lancer`.
fn with_client(test: impl FnOnce(&Serveur, &Client)) {
    with_client_of(&Serveur::new(0).unwrap(), test);
}

/// A call that is not answered, however long the process was held up.
fn never(client: &Client) -> Attente<()> {
    client.differer(nommee("jamais", ())).unwrap()
}

/// A server that takes a second client.
fn two_clients() -> Serveur {
    Serveur::options(0).max_clients(2).ouvrir().unwrap()
}

/// The same with that server.
fn with_client_of(serveur: &Serveur, test: impl FnOnce(&Serveur, &Client)) {
    serveur
        .enregistrer_commande("dors", |_, (millis,): (u64,)| {
            thread::sleep(Duration::from_millis(millis));
        })
        .unwrap();
    serveur
        .enregistrer_commande("jamais", |client: &Client, (): ()| {
            while !client.est_annule() {
                thread::sleep(Duration::from_millis(1));
            }
        })
        .unwrap();
    let running = thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });
    let client = Client::new(serveur.adresse()).unwrap();
    test(serveur, &client);
    client.close();
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
}
