//! Commands by name: closures on one side, messages without a declaration on the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cconn::{Client, Erreur, NatureDistante, Resultat, commande, commandes, nommee};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Faute(i64);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

// What a peer that knows no closures would declare.
#[commande]
fn fautive(a: i64) -> Result<i64, Faute>;

#[test]
fn both_sides_need_no_macro() {
    let (serveur, client) = local();
    serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
    let total: i64 = client.appeler(nommee("somme", (12_i64, 34_i64))).unwrap();
    assert_eq!(total, 46);
    assert_eq!(client.appeler::<i64, _>(&nommee("somme", (1_i64, 2_i64))).unwrap(), 3);
    // A declared message meets a closure, and a message by name a function.
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    client.enregistrer(commandes![somme]).unwrap();
}

#[test]
fn every_form_of_answer_is_told_apart() {
    let (serveur, client) = local();
    let lien = |_: &Client, (a,): (i64,)| -> Resultat<i64> {
        if a < 0 { Err(Erreur::echec("négatif")) } else { Ok(a) }
    };
    serveur.enregistrer_commande("lien", lien).unwrap();
    let fautive = |_: &Client, (a,): (i64,)| if a < 0 { Err(Faute(a)) } else { Ok(a) };
    serveur.enregistrer_commande("fautive", fautive).unwrap();
    let mixte = |_: &Client, (a,): (i64,)| -> Resultat<i64, Faute> { Err(Faute(a).into()) };
    serveur.enregistrer_commande("mixte", mixte).unwrap();
    serveur.enregistrer_commande("rien", |_, ()| ()).unwrap();
    serveur.enregistrer_commande("octets", |_, (o,): (Vec<u8>,)| o).unwrap();

    assert_eq!(client.appeler::<i64, _>(nommee("lien", (1_i64,))).unwrap(), 1);
    assert!(matches!(
        client.appeler::<i64, _>(nommee("lien", (-1_i64,))),
        Err(Erreur::Distante(_))
    ));
    assert_eq!(client.appeler(fautive { a: 1 }).unwrap(), 1);
    assert!(matches!(client.appeler(fautive { a: -1 }), Err(Erreur::Refus(Faute(-1)))));
    // By name no error type is declared, so that it can't be read.
    let erreur = client.appeler::<i64, _>(nommee("mixte", (-1_i64,))).unwrap_err();
    assert!(matches!(erreur, Erreur::Codage(_)), "{erreur}");
    client.appeler::<(), _>(nommee("rien", ())).unwrap();
    let octets: Vec<u8> = client.appeler(nommee("octets", (vec![7_u8; 100_000],))).unwrap();
    assert_eq!(octets.len(), 100_000);
}

fn triple(_: &Client, (a,): (u32,)) -> u32 {
    3 * a
}

#[test]
fn closures_capture_and_functions_serve() {
    let (serveur, client) = local();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    serveur
        .enregistrer_commande("compter", move |_, (n,): (u64,)| {
            counted.fetch_add(n, Ordering::SeqCst) + n
        })
        .unwrap();
    serveur.enregistrer_commande("tripler", triple).unwrap();
    assert_eq!(client.appeler::<u64, _>(nommee("compter", (2_u64,))).unwrap(), 2);
    assert_eq!(client.appeler::<u64, _>(nommee(String::from("compter"), (3_u64,))).unwrap(), 5);
    assert_eq!(count.load(Ordering::SeqCst), 5);
    assert_eq!(client.appeler::<u32, _>(nommee("tripler", (5_u32,))).unwrap(), 15);
}

#[test]
fn twelve_arguments_are_the_most() {
    type Douze = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, String);
    let (serveur, client) = local();
    serveur.enregistrer_commande("douze", |_, tous: Douze| u64::from(tous.10)).unwrap();
    let message =
        nommee("douze", (0_u8, 1_u8, 2_u8, 3_u8, 4_u8, 5_u8, 6_u8, 7_u8, 8_u8, 9_u8, 10_u8, "x"));
    assert_eq!(client.appeler::<u64, _>(message).unwrap(), 10);
}

#[test]
fn an_argument_that_does_not_fit_is_named_by_its_place() {
    let (serveur, client) = local();
    serveur.enregistrer_commande("echo", |_, (_, mot): (u8, String)| mot).unwrap();
    let erreur = client.appeler::<String, _>(nommee("echo", (1_u8, 300_u64))).unwrap_err();
    let Erreur::Distante(distante) = erreur else { panic!("{erreur:?}") };
    assert_eq!(distante.nature, NatureDistante::Arguments);
    assert!(distante.texte.starts_with("argument `2`: "), "{}", distante.texte);
}
