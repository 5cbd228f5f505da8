//! The commands that are measured, and the server that has them.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]

use std::io::{self, Write as _};
use std::thread;

use cconn::{Commandes, Erreur, Resultat, Serveur, commande, commandes};

/// Every command.
pub(crate) const ALL: Commandes = commandes![somme, noter, echo];

/// The smallest call.
#[commande]
pub(crate) fn somme(a: i64, b: i64) -> i64 {
    a.wrapping_add(b)
}

/// The smallest message.
#[commande]
pub(crate) fn noter(valeur: i64) {
    std::hint::black_box(valeur);
}

/// Bytes there and back.
#[commande]
pub(crate) fn echo(octets: Vec<u8>) -> Vec<u8> {
    octets
}

/// Serves in a process of its own, until its input ends.
pub(crate) fn serve() -> Resultat<()> {
    let serveur = Serveur::new(0)?;
    serveur.enregistrer(ALL)?;
    println!("{}", serveur.adresse());
    io::stdout().flush().map_err(Erreur::echec)?;
    thread::scope(|scope| {
        let running = scope.spawn(|| serveur.lancer());
        let heard = io::copy(&mut io::stdin(), &mut io::sink()).map_err(Erreur::echec);
        serveur.eteindre()?;
        heard?;
        running.join().unwrap_or(Ok(()))
    })
}
