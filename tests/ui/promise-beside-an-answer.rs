//! A command with a promise returns nothing.

use cconn::{Promesse, commande};

#[commande]
fn attendre(tache: u64, reponse: Promesse<String>) -> String {
    drop(reponse);
    tache.to_string()
}

fn main() {}
