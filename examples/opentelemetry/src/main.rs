//! Two programs, one trace: a customer buys in a shop, and the shop asks the customer back whether
//! it is meant. The shop is a process of its own.
//!
//! Both print their spans as OpenTelemetry's exporter for the standard output does; with another
//! exporter they go to a collector. The trace has three spans in two processes.

mod otel;

use std::process::Command;
use std::time::Duration;

use cconn::{Client, Resultat, Serveur, commande, commandes};
use tracing::{info, info_span};

#[commande] // the shop has this one
fn acheter(client: &Client, article: &str) -> Resultat<String> {
    info!(article, "somebody buys");
    let meant = client.appeler(confirmer { article, prix: 12 })?;
    Ok(format!("{article}: {}", if meant { "sold" } else { "kept" }))
}

#[commande] // the customer has this one
fn confirmer(article: &str, prix: u32) -> bool {
    info!(article, prix, "the shop asks");
    prix < 20
}

fn boutique() -> Resultat<()> {
    let provider = otel::install("boutique");
    let serveur = Serveur::options("parent:").avant_commande(otel::begins).ouvrir()?;
    serveur.enregistrer(commandes![acheter])?;
    let outcome = serveur.lancer();
    provider.shutdown().map_err(cconn::Erreur::echec)?;
    outcome
}

fn client() -> Resultat<()> {
    let provider = otel::install("client");
    let mut shop = Command::new(std::env::current_exe().map_err(cconn::Erreur::echec)?);
    shop.arg("boutique");
    let boutique = Client::options_enfant(shop).avant_commande(otel::begins).lancer()?;
    boutique.enregistrer(commandes![confirmer])?;
    let answer = info_span!("an afternoon in town")
        .in_scope(|| otel::calling(|| boutique.appeler(acheter { article: "kettle" })))?;
    boutique.eteindre()?;
    // What the shop prints stands before what this process prints.
    boutique.attendre_fin(Duration::from_secs(10))?;
    provider.shutdown().map_err(cconn::Erreur::echec)?;
    println!("{answer}");
    Ok(())
}

fn main() -> Resultat<()> {
    match std::env::args().nth(1).as_deref() {
        Some("boutique") => boutique(),
        _ => client(),
    }
}
