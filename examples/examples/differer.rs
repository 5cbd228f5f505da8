//! Calls that are under way at the same time: `differer` sends now, `attendre` waits later.
//!
//!     cargo run --example differer

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use cconn::{Resultat, Serveur, commande, commandes, nommee};

#[commande]
fn carre(n: u64) -> u64 {
    n * n
}

fn main() -> Resultat<()> {
    let serveur = Serveur::new(0)?;
    serveur.enregistrer(commandes![carre])?;
    // A command that takes until the gate is opened, in place of one that is slow.
    let (gate, opened) = mpsc::channel::<()>();
    let opened = Mutex::new(opened);
    serveur.enregistrer_commande("lente", move |_, (): ()| {
        let opened = opened.lock().map_err(|_| cconn::Erreur::echec("the gate is broken"))?;
        opened.recv().map_err(cconn::Erreur::echec)
    })?;
    // A client in the same process; it needs neither a socket nor `lancer`.
    let client = serveur.client_local()?;

    // Ten calls go out one behind the other, and only then the first answer is waited for.
    let calls: Vec<_> = (1..=10).map(|n| client.differer(carre { n })).collect::<Resultat<_>>()?;
    let squares = calls.into_iter().map(cconn::Attente::attendre).collect::<Resultat<Vec<_>>>()?;
    println!("squares: {squares:?}");

    let mut slow = client.differer::<(), _>(nommee("lente", ()))?;
    // `None`: not yet, and the call is still under way.
    let early = slow.attendre_au_plus(Duration::from_millis(10));
    println!("answered at once: {}", early.is_some());
    gate.send(()).map_err(cconn::Erreur::echec)?;
    slow.attendre()?;
    println!("answered in the end");

    // Dropping it gives the call up: the server is told that nobody waits for it.
    drop(client.differer(carre { n: 11 })?);
    client.eteindre()
}
