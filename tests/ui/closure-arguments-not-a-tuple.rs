use cconn::{Client, Serveur};

fn main() {
    let (serveur, _) = Serveur::boucle();
    let _ = serveur.enregistrer_commande("echo", |_: &Client, mot: String| mot);
}
