use cconn::{commande, commandes};

#[commande]
fn appliquer(f: fn(i64) -> i64) -> i64 {
    f(1)
}

fn main() {
    let _ = commandes![appliquer];
}
