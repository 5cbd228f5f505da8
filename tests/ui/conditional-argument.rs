use cconn::{commande, commandes};

#[commande]
fn somme(a: i64, #[cfg(unix)] b: i64) -> i64 {
    a + b
}

fn main() {
    let _ = commandes![somme];
}
