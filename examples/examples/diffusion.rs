//! One message for everyone who is connected.
//!
//!     cargo run --example diffusion

use cconn::{Resultat, Serveur, nommee};
use cconn_examples::annonce;

fn main() -> Resultat<()> {
    let serveur = Serveur::options(0).max_clients(3).ouvrir()?;
    serveur.enregistrer_commande("entrer", |_, (): ()| ())?;
    // Clients in the same process; they need neither sockets nor `lancer`.
    let clients = (1..=3).map(|_| serveur.client_local()).collect::<Resultat<Vec<_>>>()?;
    for (number, client) in (1..).zip(&clients) {
        client.enregistrer_commande("annonce", move |_, (texte,): (String,)| {
            println!("client {number}: {texte}");
        })?;
        // The server may learn of a client a moment after the client has connected. Once it has
        // answered a call it knows of it for certain.
        client.appeler::<(), _>(nommee("entrer", ()))?;
    }

    // It is encoded once and waits for nobody: a client that does not keep up is not reached.
    let diffusion = serveur.diffuser(annonce { texte: "bonjour" })?;
    println!("reached: {}, missed: {}", diffusion.atteints, diffusion.manques.len());

    // What has arrived is handled before a connection ends, so every client shows its line.
    clients.iter().try_for_each(cconn::Client::eteindre)?;

    // Nobody is left, which is no error.
    println!("reached: {}", serveur.diffuser(annonce { texte: "anyone?" })?.atteints);
    Ok(())
}
