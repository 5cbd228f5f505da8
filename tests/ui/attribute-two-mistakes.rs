use cconn::{commande, commandes};

#[commande(name = "addition", rapide)]
fn somme(a: i64, b: &mut i64) -> i64 {
    a + *b
}

fn main() {
    let _ = commandes![somme];
}
