//! A promise is kept once: keeping it consumes it.

use cconn::{Promesse, commande};

#[commande]
fn attendre(reponse: Promesse<u64>) {
    let _kept = reponse.tenir(1);
    let _again = reponse.tenir(2);
}

fn main() {}
