use cconn::{commande, commandes};

#[commande]
fn tous() -> impl Iterator<Item = i64> {
    0..3
}

#[commande]
fn jamais() -> ! {
    panic!()
}

fn main() {
    let _ = commandes![tous, jamais];
}
