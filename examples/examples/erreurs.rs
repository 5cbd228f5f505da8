//! What can go wrong, as a caller sees it.
//!
//!     cargo run --example erreurs

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, Serveur, commandes, nommee};
use cconn_examples::{Compte, Decouvert, retirer};

fn main() -> Resultat<()> {
    let serveur = Serveur::new(0)?;
    serveur.enregistrer(commandes![retirer])?;
    serveur.enregistrer_commande("racine", |_, (n,): (f64,)| {
        if n < 0.0 { Err(Erreur::echec(format!("{n} has no square root"))) } else { Ok(n.sqrt()) }
    })?;
    let (gate, opened) = mpsc::channel::<()>();
    let opened = Mutex::new(opened);
    serveur.enregistrer_commande("lente", move |_, (): ()| {
        // It ends when the gate is dropped, which is an error that nobody is interested in.
        let _ = opened.lock().map(|opened| opened.recv());
    })?;
    let client = serveur.client_local()?;

    // The command's own error comes back as the value that it was.
    let compte = Compte { titulaire: "Ada".to_owned(), solde: 100 };
    match client.appeler(retirer { compte, montant: 130 }) {
        Err(Erreur::Refus(Decouvert { manque })) => println!("refused, {manque} missing"),
        other => println!("{other:?}"),
    }
    // A command that fails with a text, and one that is not there: `nature` tells them apart.
    show("failed there", &client.appeler::<f64, _>(nommee("racine", (-1.0,))));
    match client.appeler::<(), _>(nommee("absente", ())) {
        Err(Erreur::Distante(why)) if why.nature == NatureDistante::Inconnue => {
            println!("not there: {}", why.commande);
        }
        other => println!("{other:?}"),
    }
    // Too late: whether the command may have run decides whether to ask again.
    let hasty = client.avec_delai(Duration::from_millis(20));
    show("too late", &hasty.appeler::<(), _>(nommee("lente", ())));
    drop(gate);
    // The connection has lived through all of this; now it ends.
    println!("still connected: {}", client.est_connecte());
    client.eteindre()?;
    show("ended", &client.appeler::<(), _>(nommee("lente", ())));
    show("nobody there", &Client::new(1).map(drop));
    Ok(())
}

fn show<T>(what: &str, outcome: &Resultat<T>) {
    if let Err(error) = outcome {
        let (fatal, ran) = (error.est_fatale(), error.a_pu_etre_executee());
        println!("{what}: {error}\n  connection over: {fatal}, may have run: {ran}");
    }
}
