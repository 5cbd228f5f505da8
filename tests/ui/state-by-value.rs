//! State is handed in by reference.

use cconn::{Etat, Session, commande};

#[commande]
fn lire(compte: Etat<u64>) -> u64 {
    *compte
}

#[commande]
fn changer(compte: &mut Etat<u64>) -> u64 {
    **compte
}

#[commande]
fn vue(compte: &Etat<u64>, autre: &Etat<u64>, qui: &Session<u64>) -> u64 {
    **compte + **autre + **qui
}

fn main() {}
