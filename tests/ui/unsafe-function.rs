use cconn::{commande, commandes};

#[commande]
unsafe fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let _ = commandes![somme];
    let _ = somme { a: 1, b: 2 };
}
