//! What the library did that cconn comes from, sentence by sentence of its README.
//!
//! The guide names the test beside each sentence.

use std::collections::BTreeSet;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, Resultat, Serveur, commande};

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

/// Every test here stands in the tables of the guide, in English and in French, and every test
/// there stands here.
#[test]
fn the_tables_of_the_guide_name_these_tests() {
    let sources = [include_str!("original/client.rs"), include_str!("original/serveur.rs")];
    let tests = sources.iter().flat_map(|source| source.split("#[test]\nfn ").skip(1));
    let tests: BTreeSet<&str> = tests.filter_map(|test| test.split('(').next()).collect();
    let pages = [
        include_str!("../../docs/guide/src/from-python.md"),
        include_str!("../../docs/guide/src/francais.md"),
    ];
    for page in pages {
        let section = page.split("\n## ").find(|section| section.contains("Serveur(12800, 23)"));
        let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| "));
        let shown = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "));
        let names = shown.flat_map(|(_, shown)| shown.split('`'));
        let is_name = |name: &&str| name.matches('_').count() > 1 && !name.contains(['(', '/']);
        assert_eq!(names.filter(is_name).collect::<BTreeSet<_>>(), tests);
    }
}
