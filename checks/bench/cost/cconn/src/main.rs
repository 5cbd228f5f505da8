//! The smallest program with cconn: a server, a client, one call.

use cconn::{Client, Resultat, Serveur, commande, commandes};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

fn main() -> Resultat<()> {
    let serveur = Serveur::new(0)?;
    serveur.enregistrer(commandes![somme])?;
    let adresse = serveur.adresse();
    std::thread::spawn(move || serveur.lancer());
    let client = Client::new(adresse)?;
    println!("{}", client.appeler(somme { a: 12, b: 34 })?);
    Ok(())
}
