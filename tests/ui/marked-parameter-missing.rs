use cconn::{Client as Lien, commande, commandes};

#[commande(client = c)]
fn ping(lien: &Lien) {
    let _ = lien;
}

fn main() {
    let _ = commandes![ping];
}
