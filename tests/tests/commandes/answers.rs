//! What comes out of a command: the four forms of an answer.

use std::fmt;

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, commande, commandes};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Faute {
    Negatif(i64),
    Liaison(String),
}

impl fmt::Display for Faute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "faute {self:?}")
    }
}

impl From<Erreur> for Faute {
    fn from(erreur: Erreur) -> Self {
        Faute::Liaison(erreur.to_string())
    }
}

#[commande]
fn valeur(a: i64) -> (i64, String) {
    (a, a.to_string())
}

#[commande]
fn rien(_a: i64) {}

#[commande]
fn lien(a: i64) -> Resultat<i64> {
    if a < 0 { Err(Erreur::echec("négatif")) } else { Ok(a) }
}

#[commande]
fn refus(a: i64) -> Result<i64, Faute> {
    if a < 0 { Err(Faute::Negatif(a)) } else { Ok(a) }
}

#[commande]
fn mixte(a: i64) -> Resultat<i64, Faute> {
    match a {
        -1 => Err(Faute::Negatif(a))?,
        -2 => Err(Erreur::echec("ni l'un ni l'autre").into()),
        _ => Ok(a),
    }
}

type Alias<T> = Result<T, Faute>;

#[commande]
fn alias() -> Alias<Option<i64>> {
    Ok(Some(3))
}

fn connected() -> (cconn::Serveur, Client) {
    let (serveur, client) = local();
    let liste = commandes![valeur, rien, lien, refus, mixte, alias, relais, relais_type];
    serveur.enregistrer(liste).unwrap();
    (serveur, client)
}

fn remote<E: fmt::Debug>(erreur: Erreur<E>) -> (NatureDistante, String) {
    match erreur {
        Erreur::Distante(distante) => (distante.nature, distante.texte.into()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_comes_as_it_is() {
    let (_serveur, client) = connected();
    assert_eq!(client.appeler(valeur { a: 1 }).unwrap(), (1, "1".to_owned()));
    client.appeler(rien { _a: 1 }).unwrap();
    assert_eq!(client.appeler(alias {}).unwrap(), Some(3));
}

#[test]
fn a_failure_comes_as_its_text() {
    let (_serveur, client) = connected();
    assert_eq!(client.appeler(lien { a: 1 }).unwrap(), 1);
    let erreur = client.appeler(lien { a: -1 }).unwrap_err();
    assert_eq!(remote(erreur), (NatureDistante::Echec, "négatif".to_owned()));
}

#[test]
fn an_error_of_ones_own_comes_as_itself() {
    let (_serveur, client) = connected();
    assert_eq!(client.appeler(refus { a: 1 }).unwrap(), 1);
    let erreur = client.appeler(refus { a: -5 }).unwrap_err();
    assert!(matches!(erreur, Erreur::Refus(Faute::Negatif(-5))));
}

#[test]
fn both_kinds_of_error_come_apart() {
    let (_serveur, client) = connected();
    assert_eq!(client.appeler(mixte { a: 1 }).unwrap(), 1);
    let erreur = client.appeler(mixte { a: -1 }).unwrap_err();
    assert!(matches!(erreur, Erreur::Refus(Faute::Negatif(-1))));
    let erreur = client.appeler(mixte { a: -2 }).unwrap_err();
    assert_eq!(remote(erreur), (NatureDistante::Echec, "ni l'un ni l'autre".to_owned()));
}

/// An error of a command called becomes the text of the command that called it.
#[commande]
fn relais(client: &Client, a: i64) -> Resultat<i64> {
    Ok(client.appeler(refus { a })? + 1)
}

/// An error of the link becomes one of the command's own.
#[commande]
fn relais_type(client: &Client, a: i64) -> Result<i64, Faute> {
    let un = client.appeler(lien { a })?;
    match client.appeler(refus { a: un }) {
        Ok(a) => Ok(a),
        Err(Erreur::Refus(faute)) => Err(faute),
        Err(_) => unreachable!("the link is whole"),
    }
}

#[test]
fn question_marks_turn_errors_into_each_other() {
    let (_serveur, client) = connected();
    client.enregistrer(commandes![refus, lien]).unwrap();
    assert_eq!(client.appeler(relais { a: 1 }).unwrap(), 2);
    let (nature, texte) = remote(client.appeler(relais { a: -1 }).unwrap_err());
    assert_eq!((nature, &*texte), (NatureDistante::Echec, "faute Negatif(-1)"));
    let erreur = client.appeler(relais_type { a: -1 }).unwrap_err();
    assert!(matches!(erreur, Erreur::Refus(Faute::Liaison(texte)) if texte.contains("négatif")));
    boxed(&client).unwrap();
}

fn boxed(client: &Client) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    client.appeler(refus { a: 1 })?;
    client.envoyer(refus { a: 1 })?;
    Ok(())
}
