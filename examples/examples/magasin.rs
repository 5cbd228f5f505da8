//! A store of keys and values, with state that all clients share and a session for each.
//!
//!     cargo run --example magasin

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use cconn::{Etat, Resultat, Serveur, Session, commande, commandes};

/// What is stored: one table for all clients.
#[derive(Default)]
struct Magasin(RwLock<BTreeMap<String, String>>);

/// What one client has done.
#[derive(Default)]
struct Activite {
    lectures: AtomicU64,
    ecritures: AtomicU64,
}

/// Stores a value; the one that was there before comes back.
#[commande]
fn ecrire(
    magasin: &Etat<Magasin>,
    activite: &Session<Activite>,
    cle: String,
    valeur: String,
) -> Option<String> {
    activite.ecritures.fetch_add(1, Ordering::Relaxed);
    magasin.0.write().unwrap_or_else(PoisonError::into_inner).insert(cle, valeur)
}

#[commande]
fn lire(magasin: &Etat<Magasin>, activite: &Session<Activite>, cle: &str) -> Option<String> {
    activite.lectures.fetch_add(1, Ordering::Relaxed);
    magasin.0.read().unwrap_or_else(PoisonError::into_inner).get(cle).cloned()
}

/// The keys that begin so, in order.
#[commande]
fn cles(magasin: &Etat<Magasin>, debut: &str) -> Vec<String> {
    let all = magasin.0.read().unwrap_or_else(PoisonError::into_inner);
    all.keys().filter(|cle| cle.starts_with(debut)).cloned().collect()
}

/// How often this client has read and written.
#[commande]
fn activite(activite: &Session<Activite>) -> (u64, u64) {
    let Activite { lectures, ecritures } = &**activite;
    (lectures.load(Ordering::Relaxed), ecritures.load(Ordering::Relaxed))
}

fn main() -> Resultat<()> {
    let serveur = Serveur::options(0)
        .max_clients(2)
        .fournir(Magasin::default())
        .apres_commande(|execution, issue, _| {
            println!("{} of client {}: {issue:?}", execution.nom(), execution.client().id());
        })
        .ouvrir()?;
    serveur.enregistrer(commandes![ecrire, lire, cles, activite])?;

    // Two clients in the same process; in programs of their own: `Client::new(address)`.
    let (ada, bea) = (serveur.client_local()?, serveur.client_local()?);
    for (cle, valeur) in [("fruit.1", "pomme"), ("fruit.2", "poire"), ("legume.1", "navet")] {
        ada.appeler(ecrire { cle: cle.to_owned(), valeur: valeur.to_owned() })?;
    }
    println!("fruit.2 is {:?}", bea.appeler(lire { cle: "fruit.2" })?);
    println!("fruits: {:?}", bea.appeler(cles { debut: "fruit." })?);
    let before = bea.appeler(ecrire { cle: "fruit.1".to_owned(), valeur: "prune".to_owned() })?;
    println!("fruit.1 was {before:?}, and is {:?}", ada.appeler(lire { cle: "fruit.1" })?);
    println!("ada has read and written {:?}", ada.appeler(activite {})?);
    println!("bea has read and written {:?}", bea.appeler(activite {})?);
    ada.eteindre()?;
    bea.eteindre()
}
