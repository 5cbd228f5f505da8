use cconn::{commande, commandes};

#[commande]
fn tous() -> impl std::fmt::Display {
    3
}

#[commande]
fn jamais() -> ! {
    panic!()
}

fn main() {
    let _ = commandes![tous, jamais];
}
