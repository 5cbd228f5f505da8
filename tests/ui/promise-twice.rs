//! A command has one answer.

use cconn::{Promesse, commande};

#[commande]
fn attendre(un: Promesse<u64>, deux: Promesse<u64>) {
    drop((un, deux));
}

fn main() {}
