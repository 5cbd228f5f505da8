use cconn::commande;

#[commande]
fn note(texte: &str) {
    drop(texte.to_owned());
}

fn main() {
    let (_, client) = cconn_tests::local();
    client.envoyer(note).unwrap();
}
