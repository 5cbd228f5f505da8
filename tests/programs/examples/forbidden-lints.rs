#![forbid(non_camel_case_types, unused, nonstandard_style, missing_docs, future_incompatible)]
#![forbid(rust_2018_idioms, unused_qualifications, let_underscore_drop, unsafe_code)]
#![forbid(unused_results, single_use_lifetimes, trivial_casts, unused_lifetimes)]
#![forbid(elided_lifetimes_in_paths, non_local_definitions, private_interfaces, dead_code)]
#![forbid(unnameable_types, redundant_lifetimes, explicit_outlives_requirements)]
//! A program that allows itself nothing.

use cconn::{Client, Resultat, Serveur, commande, commandes};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn pong(mot: &str);

#[commande]
fn rien() {}

#[commande]
fn ping(client: &Client, serveur: &Serveur, mot: &str) -> Resultat<()> {
    assert!(!format!("{serveur:?}").is_empty());
    client.envoyer(pong { mot })
}

#[deprecated = "add it up yourself"]
#[commande]
fn addition(a: i64) -> i64 {
    a
}

/// Another one.
#[commande]
mod autre {
    #[cconn::commande]
    pub(super) fn produit(a: i64, b: i64) -> i64 {
        a * b
    }
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur.enregistrer(commandes![somme, ping, rien]).unwrap();
    #[allow(deprecated)]
    serveur.enregistrer(commandes![addition]).unwrap();
    serveur.enregistrer(autre::commandes()).unwrap();
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    client.envoyer(ping { mot: "x" }).unwrap();
    client.envoyer(rien {}).unwrap();
    assert_eq!(client.appeler(autre::produit { a: 2, b: 2 }).unwrap(), 4);
}
