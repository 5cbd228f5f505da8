use cconn::Client;

fn main() {
    let (serveur, _) = cconn_tests::local();
    let _ = serveur.enregistrer_commande("echo", |_: &Client, mot: String| mot);
}
