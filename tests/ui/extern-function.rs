use cconn::{commande, commandes};

#[commande]
extern "C" fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() {
    let _ = commandes![somme];
}
