//! The smallest whole program: the example of the README.

use cconn::{Client, Resultat, Serveur, commande, commandes};

#[commande] // the server has this one: it answers with a message to the client that asked
fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.envoyer(pong { mot })
}

#[commande] // the client has this one
fn pong(mot: &str) {
    println!("pong: {mot}");
}

#[commande] // either side can have this one
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() -> Resultat<()> {
    let serveur = Serveur::new(0)?; // 0 takes any free port, 12800 that one
    serveur.enregistrer(commandes![ping, somme])?;
    let adresse = serveur.adresse();
    std::thread::spawn(move || serveur.lancer()); // runs until `eteindre`

    let client = Client::new(adresse)?; // in a program of its own: "127.0.0.1:12800"
    client.enregistrer(commandes![pong])?;
    println!("12 + 34 = {}", client.appeler(somme { a: 12, b: 34 })?);
    client.envoyer(ping { mot: "bonjour" })?;
    client.eteindre() // what was sent is still handled, so `pong` has run when this returns
}
