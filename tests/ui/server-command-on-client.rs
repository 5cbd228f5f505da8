use cconn::{Serveur, commande, commandes};

#[commande]
fn compter(serveur: &Serveur) {
    let _ = serveur;
}

fn main() {
    let (_, client) = cconn_tests::local();
    let _ = client.enregistrer(commandes![compter]);
}
