//! A program that serves whoever started it: `cconn appeler exec:./enfant double 21`.

use cconn::{Resultat, Serveur, commande, commandes};

/// Twice the number.
#[commande]
fn double(n: u64) -> u64 {
    2 * n
}

/// Waits so many milliseconds.
#[commande]
fn dort(ms: u64) -> u64 {
    println!("dort");
    std::thread::sleep(std::time::Duration::from_millis(ms));
    ms
}

fn main() -> Resultat<()> {
    println!("what a child prints is no answer");
    let serveur = Serveur::depuis_parent()?;
    serveur.enregistrer(commandes![double, dort])?;
    serveur.lancer()
}
