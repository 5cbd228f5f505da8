//! An answer may borrow from the arguments and from what is handed in, and from nothing else.

use cconn::{commande, commandes};

#[commande]
fn nom() -> &'static str {
    "nom"
}

#[commande]
fn change(octets: Vec<u8>) -> &'static mut [u8] {
    octets.leak()
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    let _ = serveur.enregistrer(commandes![nom]);
    let _: Result<String, _> = client.appeler(nom {});
}
