//! A type of the program's own that is called `Etat` is not handed in.

use cconn::commande;

struct Etat<T>(T);

#[commande]
fn lire(compte: &Etat<u64>) -> u64 {
    compte.0
}

fn main() {}
