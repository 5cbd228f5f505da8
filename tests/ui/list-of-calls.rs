use cconn::{commande, commandes};

#[commande]
fn somme() {}

fn main() {
    let _ = commandes![somme()];
}
