//! A command that is only declared has no state on this side.

use cconn::{Etat, commande};

#[commande]
fn lire(compte: &Etat<u64>) -> u64;

fn main() {}
