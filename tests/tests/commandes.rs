//! Commands end to end: registered on one side, called from the other.

use cconn::{Client, Resultat, Serveur, commande, commandes};

/// Answers with the same word.
#[commande]
fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.envoyer(pong { mot })
}

#[commande]
fn pong(mot: &str);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[test]
fn a_command_is_called_and_answers() {
    let serveur = Serveur::new(0).unwrap();
    let client = serveur.client_local().unwrap();
    serveur.enregistrer(commandes![ping, somme]).unwrap();
    let total = client.appeler(somme { a: 12, b: 34 }).unwrap();
    assert_eq!(total, 46);
    client.envoyer(ping { mot: "bonjour" }).unwrap();
    assert_eq!(somme(1, 2), 3);
}
