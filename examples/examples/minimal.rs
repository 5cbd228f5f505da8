//! The smallest whole program: the example of the README.

use cconn::{Client, Resultat, Serveur, commande, commandes};

/// Runs on the server: answers with the same word.
#[commande]
fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.envoyer(pong { mot })
}

/// Runs on the client.
#[commande]
fn pong(mot: &str) {
    println!("pong: {mot}");
}

/// Runs on either side: here the server has it.
#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() -> Resultat<()> {
    let serveur = Serveur::new(0)?; // any free port; 12800 would be that one
    serveur.enregistrer(commandes![ping, somme])?;
    let adresse = serveur.adresse();
    std::thread::spawn(move || serveur.lancer());

    let client = Client::new(adresse)?; // in real life another program, with "127.0.0.1:12800"
    client.enregistrer(commandes![pong])?;
    let total = client.appeler(somme { a: 12, b: 34 })?;
    println!("12 + 34 = {total}");
    client.envoyer(ping { mot: "bonjour" })?;
    client.eteindre() // what was sent is still handled, so `pong` runs before this returns
}
