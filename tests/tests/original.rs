//! What the library did that cconn comes from, sentence by sentence of its README.
//!
//! The README of cconn names the test beside each sentence.

use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::{Client, EchecConnexion, Erreur, Resultat, Serveur, commande};

mod original {
    mod client;
    mod serveur;

    use super::{LIMIT, is_full, launch, listen, ping, somme, stop};
}

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `lancer` on a thread of its own.
fn launch(serveur: &Serveur) -> JoinHandle<Resultat<()>> {
    let serveur = serveur.clone();
    thread::spawn(move || serveur.lancer())
}

/// The same for a client.
fn listen(client: &Client) -> JoinHandle<Resultat<()>> {
    let client = client.clone();
    thread::spawn(move || client.lancer())
}

fn stop(serveur: &Serveur, running: JoinHandle<Resultat<()>>) {
    serveur.eteindre().unwrap();
    running.join().unwrap().unwrap();
}

fn is_full(outcome: Resultat<Client>) -> bool {
    let Err(Erreur::Connexion(why)) = outcome else { return false };
    matches!(*why, EchecConnexion::Complet { .. })
}

#[commande]
fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.envoyer(pong { mot })
}

#[commande]
fn pong(mot: &str);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}
