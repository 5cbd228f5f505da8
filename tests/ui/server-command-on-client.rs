use cconn::{Serveur, commande, commandes};

#[commande]
fn compter(serveur: &Serveur) {
    let _ = serveur;
}

fn main() {
    let client = Serveur::client_seul();
    let _ = client.enregistrer(commandes![compter]);
}
