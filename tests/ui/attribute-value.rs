use cconn::{commande, commandes};

#[commande(nom = 5)]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande(nom)]
fn produit(a: i64, b: i64) -> i64 {
    a * b
}

#[commande(parallele = true)]
fn lent() {}

#[commande("addition")]
fn addition() {}

fn main() {
    let _ = commandes![somme, produit, lent, addition];
}
