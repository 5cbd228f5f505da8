use cconn::{Commandes, commande, commandes};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande(nom = "somme")]
fn addition(a: i64, b: i64) -> i64 {
    a + b
}

const LISTE: Commandes = commandes![somme, addition];

fn main() {
    let _ = LISTE;
}
