//! What goes wrong between two sides, and what the caller is told of it.

use cconn::erreur::{Distante, NatureDistante};
use cconn::{Client, Erreur, commande, commandes, nommee};
use cconn_tests::local;
use serde::{Serialize, Serializer};

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn texte(mot: &str) -> String {
    mot.to_owned()
}

#[commande]
fn paniquer(mot: &str) -> i64 {
    panic!("the secret of {mot}");
}

/// Panics when it is dropped, as the payload of a panic.
struct Double;

impl Drop for Double {
    fn drop(&mut self) {
        panic!("again");
    }
}

#[commande]
fn paniquer_deux_fois() {
    std::panic::panic_any(Double);
}

/// The same commands as a peer of another version knows them.
mod ancienne {
    use cconn::commande;

    #[commande]
    pub(super) fn somme(a: i64, b: i32) -> i64;

    #[commande]
    pub(super) fn texte(mot: &str) -> i64;
}

fn connected() -> (cconn::Serveur, Client) {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![somme, texte, paniquer, paniquer_deux_fois]).unwrap();
    (serveur, client)
}

fn remote<T: std::fmt::Debug>(result: cconn::Resultat<T>) -> Distante {
    match result {
        Err(Erreur::Distante(distante)) => *distante,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_command_is_said_to_be() {
    let (_serveur, client) = connected();
    let distante = remote(client.appeler::<i64, _>(nommee("produit", (1, 2))));
    assert_eq!(distante.nature, NatureDistante::Inconnue);
    assert!(distante.texte.ends_with("commands registered: 4"), "{}", distante.texte);
}

#[test]
fn different_signatures_are_both_shown() {
    let (_serveur, client) = connected();
    let distante = remote(client.appeler(ancienne::somme { a: 1, b: 2 }));
    assert_eq!(distante.nature, NatureDistante::Signature);
    for signature in ["somme(a: i64, b: i64) -> i64", "somme(a: i64, b: i32) -> i64"] {
        assert!(distante.texte.contains(signature), "{}", distante.texte);
    }
    // The answer's type counts too.
    let distante = remote(client.appeler(ancienne::texte { mot: "x" }));
    assert_eq!(distante.nature, NatureDistante::Signature);
}

#[test]
fn arguments_that_do_not_fit_are_named() {
    let (_serveur, client) = connected();
    let distante = remote(client.appeler::<i64, _>(nommee("texte", (300_u64,))));
    assert_eq!(distante.nature, NatureDistante::Arguments);
    assert!(distante.texte.starts_with("argument `mot`: "), "{}", distante.texte);
    let distante = remote(client.appeler::<i64, _>(nommee("somme", (1_i64, 2_i64, 3_u8))));
    assert!(distante.texte.starts_with("after the last argument: "), "{}", distante.texte);
    let distante = remote(client.appeler::<i64, _>(nommee("somme", (1_i64,))));
    assert!(distante.texte.starts_with("argument `b`: "), "{}", distante.texte);
    // Nothing of this harms the connection.
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
}

#[test]
fn an_answer_of_another_type_is_an_error_here() {
    let (_serveur, client) = connected();
    let erreur = client.appeler::<String, _>(nommee("somme", (100_i64, 200_i64))).unwrap_err();
    assert!(matches!(erreur, Erreur::Codage(_)), "{erreur}");
    assert!(erreur.a_pu_etre_executee());
}

#[test]
fn a_panic_is_told_without_its_text() {
    let (_serveur, client) = connected();
    let distante = remote(client.appeler(paniquer { mot: "moi" }));
    assert_eq!((distante.nature, &*distante.texte), (NatureDistante::Panique, ""));
    let distante = remote(client.appeler(paniquer_deux_fois {}));
    assert_eq!(distante.nature, NatureDistante::Panique);
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
}

/// Can be decoded, and never encoded.
#[derive(Debug, PartialEq)]
struct Muet;

impl Serialize for Muet {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("nothing to say"))
    }
}

impl<'de> serde::Deserialize<'de> for Muet {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Ok(Muet)
    }
}

#[commande]
fn muet() -> (String, Muet) {
    ("begun".to_owned(), Muet)
}

#[commande]
fn avec(mot: &str, muet: Muet) {
    let _ = (mot, muet);
}

#[test]
fn an_encoding_failure_is_reported_at_the_sender() {
    let (serveur, client) = connected();
    serveur.enregistrer(commandes![muet, avec]).unwrap();
    let distante = remote(client.appeler(muet {}));
    assert_eq!(distante.nature, NatureDistante::ReponseNonCodable);
    assert_eq!(&*distante.texte, "nothing to say");
    let erreur = client.appeler(avec { mot: "x", muet: Muet }).unwrap_err();
    assert!(matches!(erreur, Erreur::Codage(_)), "{erreur}");
    assert!(!erreur.a_pu_etre_executee());
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
}
