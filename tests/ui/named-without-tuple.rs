use cconn::{Serveur, nommee};

fn main() {
    let (_, client) = Serveur::boucle();
    let _ = client.envoyer(nommee("ping", "bonjour"));
}
