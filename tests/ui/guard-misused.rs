//! A guard is a function that takes the client and says yes or no, of a command that runs here.

use cconn::{Client, commande, commandes};

fn takes_nothing() -> bool {
    true
}

fn says_nothing(_: &Client) {}

fn allows(_: &Client) -> bool {
    true
}

#[commande(garde = takes_nothing)]
fn un() {}

#[commande(garde = says_nothing)]
fn deux() {}

#[commande(garde)]
fn trois() {}

#[commande(garde = |_| true)]
fn quatre() {}

#[commande(garde = allows, garde = allows)]
fn cinq() {}

#[commande(garde = allows)]
fn six();

#[commande(guard = allows)]
fn sept() {}

#[commande(garde = allows)]
mod huit {}

fn main() {
    let _ = commandes![un, deux, trois, quatre, cinq, sept];
}
