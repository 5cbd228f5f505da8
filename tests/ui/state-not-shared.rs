//! Commands of several connections use state at the same time, so it can be shared.

use std::cell::Cell;
use std::rc::Rc;

use cconn::{Etat, Session, commande};

#[commande]
fn lire(compte: &Etat<Cell<u64>>) -> u64 {
    compte.get()
}

#[commande]
fn qui(nom: &Session<Rc<str>>) -> String {
    nom.to_string()
}

fn main() {}
