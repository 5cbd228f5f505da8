//! A promise is kept with a value of its type.

use cconn::{Promesse, commande};

#[commande]
fn attendre(reponse: Promesse<u64>) {
    let _kept = reponse.tenir("one");
}

fn main() {}
