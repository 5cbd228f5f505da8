use cconn::{commande, commandes};

#[commande]
fn somme(a: i64, a: i64) -> i64 {
    a
}

fn main() {
    let _ = commandes![somme];
    let _ = somme { a: 1 };
}
