//! A command that is only declared does not know of a promise.

use cconn::{Promesse, commande};

#[commande]
fn attendre(tache: u64, reponse: Promesse<String>);

fn main() {}
