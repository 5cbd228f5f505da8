use cconn::{commande, commandes};

#[commande]
fn somme((a, b): (i64, i64)) -> i64 {
    a + b
}

#[commande]
fn rien(_: i64) {}

fn main() {
    let _ = commandes![somme, rien];
}
