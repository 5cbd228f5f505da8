use cconn::{commande, commandes};

#[commande(parallel, krate = cconn)]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande(noms = "x", clinet = a, loin)]
fn autre() {}

fn main() {
    let _ = commandes![somme, autre];
}
