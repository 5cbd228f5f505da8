use cconn::{commande, commandes};

#[commande]
fn afficher(mot: impl std::fmt::Display) -> String {
    mot.to_string()
}

fn main() {
    let _ = commandes![afficher];
}
