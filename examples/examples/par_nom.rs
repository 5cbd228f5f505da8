//! Without the macro: commands are names and closures, as in the library that cconn comes from.
//!
//!     cargo run --example par_nom

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use cconn::{Client, Resultat, Serveur, nommee};

fn main() -> Resultat<()> {
    let serveur = Serveur::new(0)?;
    // The arguments are one tuple; one of a single value keeps its comma.
    serveur.enregistrer_commande("ping", |client, (mot,): (String,)| {
        client.envoyer(nommee("pong", (mot,)))
    })?;
    serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b)?;
    // A closure keeps what it captures; commands of several clients may run it at once.
    let visits = AtomicU32::new(0);
    serveur.enregistrer_commande("visite", move |_, (): ()| {
        visits.fetch_add(1, Ordering::Relaxed) + 1
    })?;
    let listening = thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });

    let client = Client::new(serveur.adresse())?;
    client.enregistrer_commande("pong", |_, (mot,): (String,)| println!("pong: {mot}"))?;
    client.envoyer(nommee("ping", ("bonjour",)))?;
    // No declaration says what the answer is: the caller does. Neither does one say which
    // integers are meant, and `12` alone would be an `i32`.
    let total: i64 = client.appeler(nommee("somme", (12_i64, 34_i64)))?;
    println!("12 + 34 = {total}");
    client.appeler::<u32, _>(nommee("visite", ()))?;
    let visits: u32 = client.appeler(nommee("visite", ()))?;
    println!("visits: {visits}");

    client.eteindre()?;
    serveur.eteindre()?;
    listening.join().expect("the listening thread does not panic")
}
