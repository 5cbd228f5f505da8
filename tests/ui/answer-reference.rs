use std::borrow::Cow;

use cconn::{commande, commandes};

#[commande]
fn echo(mot: &str) -> &str {
    mot
}

#[commande]
fn nom() -> &'static str {
    "nom"
}

#[commande]
fn vache(mot: &str) -> Cow<'_, str> {
    mot.into()
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    let _ = serveur.enregistrer(commandes![echo, nom, vache]);
    let _: Result<String, _> = client.appeler(nom {});
}
