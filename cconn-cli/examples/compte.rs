//! A server for tests of `veille`: it says where it listens, and ends with its standard input.
//!
//! `compte` counts its commands, `compte sans` does not, `compte muet` tells no figures, and `compte
//! occupe` calls itself meanwhile, so that there is something to see.

use std::io::Read;
use std::thread;
use std::time::Duration;

use cconn::description::Integree;
use cconn::{Client, Resultat, Serveur, commande, commandes};

/// Adds two numbers.
#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

/// The square root, of what has one.
#[commande]
fn racine(n: f64) -> Result<f64, String> {
    if n < 0.0 { Err("negative".to_owned()) } else { Ok(n.sqrt()) }
}

/// Sleeps.
#[commande(parallele)]
fn dort(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

/// Counts up, slowly.
#[commande(parallele)]
fn compte_lentement(jusqu_a: u64) -> impl Iterator<Item = u64> {
    (0..jusqu_a).inspect(|_| thread::sleep(Duration::from_millis(20)))
}

fn occupe(serveur: &Serveur) -> Resultat<()> {
    let clients = [0; 3].map(|_| Client::new(serveur.adresse()));
    let [fast, slow, streams] = clients;
    let (fast, slow, streams) = (fast?, slow?, streams?);
    thread::spawn(move || {
        for n in 0.. {
            let _over = fast.appeler(somme { a: n, b: 1 });
            if n % 10 == 0 {
                let _negative = fast.appeler(racine { n: -1.0 });
            }
            thread::sleep(Duration::from_millis(1 + n.unsigned_abs() % 4));
        }
    });
    thread::spawn(move || while slow.appeler(dort { ms: 2500 }).is_ok() {});
    thread::spawn(move || {
        while let Ok(items) = streams.appeler(compte_lentement { jusqu_a: 100_000 }) {
            items.for_each(drop);
        }
    });
    Ok(())
}

fn main() -> Resultat<()> {
    let how = std::env::args().nth(1).unwrap_or_default();
    let serveur = Serveur::options(0)
        .max_clients(64)
        .compter(how != "sans")
        .integree(Integree::Chiffres, how != "muet")
        .ouvrir()?;
    serveur.enregistrer(commandes![somme, racine, dort, compte_lentement])?;
    println!("{}", serveur.adresse());
    thread::spawn(|| {
        let _broken = std::io::stdin().read_to_end(&mut Vec::new());
        // Whoever started it is gone, so nobody waits for an orderly end.
        std::process::exit(0);
    });
    if how == "occupe" {
        let serves = serveur.clone();
        thread::spawn(move || serves.lancer());
        occupe(&serveur)?;
        loop {
            thread::park();
        }
    }
    serveur.lancer()
}
