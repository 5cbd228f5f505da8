//! What users write to make errors of their own.

use cconn::{Erreur, Resultat, Serveur, nommee};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Faute(u8);

fn number(texte: &str) -> Resultat<u8> {
    texte.parse().map_err(Erreur::echec)
}

/// Nothing but `echec` itself says here which error it is.
fn double(texte: &str) -> Resultat<u16> {
    let n: u16 = texte.parse().map_err(Erreur::echec)?;
    Ok(n * 2)
}

fn half(texte: &str) -> Resultat<u8, Faute> {
    let n: u8 = texte.parse().map_err(Erreur::echec)?;
    match n {
        0 => Err(Erreur::echec("nothing to halve").into()),
        n if n % 2 == 1 => Err(Faute(n))?,
        n => Ok(n / 2),
    }
}

#[test]
fn a_failure_needs_no_type_beside_it() {
    assert_eq!(number("7").unwrap(), 7);
    assert_eq!(double("21").unwrap(), 42);
    let text = double("x").unwrap_err().to_string();
    assert_eq!(text, "invalid digit found in string");
    assert!(matches!(half("3"), Err(Erreur::Refus(Faute(3)))));
    assert!(matches!(half("x"), Err(Erreur::Echec(_))));
    assert!(matches!(half("0"), Err(Erreur::Echec(_))));
    assert_eq!(half("8").unwrap(), 4);
}

#[test]
fn a_closure_that_fails_needs_no_type_beside_it() {
    let serveur = Serveur::new(0).unwrap();
    let root = |n: f64| if n < 0.0 { Err(Erreur::echec("no square root")) } else { Ok(n.sqrt()) };
    serveur.enregistrer_commande("racine", move |_, (n,): (f64,)| root(n)).unwrap();
    let client = serveur.client_local().unwrap();
    let error = client.appeler::<f64, _>(nommee("racine", (-1.0,))).unwrap_err();
    assert!(error.to_string().ends_with("it failed at the peer: no square root"), "{error}");
}

#[test]
fn a_server_for_nobody_is_refused() {
    let error = Serveur::options(0).max_clients(0).ouvrir().unwrap_err();
    assert!(error.to_string().contains("`max_clients` is 0"), "{error}");
}

/// A command whose own error is a text passes on what this crate and other commands say.
fn told(client: &cconn::Client, name: &str) -> Result<u8, String> {
    if name.is_empty() {
        return Err("a name is missing".to_owned());
    }
    let n: u8 = client.appeler(nommee(name, ()).avec_refus::<String>())?;
    client.envoyer(nommee("note", ()))?;
    Ok(n)
}

#[test]
fn where_the_own_error_is_a_text_every_error_becomes_one() {
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer_commande("sept", |_, (): ()| 7_u8).unwrap();
    serveur
        .enregistrer_commande("non", |_, (): ()| Err::<u8, _>("not \u{1b}[31mtoday".to_owned()))
        .unwrap();
    serveur.enregistrer_commande("note", |_, (): ()| ()).unwrap();
    let client = serveur.client_local().unwrap();
    assert_eq!(told(&client, "sept"), Ok(7));
    assert_eq!(told(&client, "").unwrap_err(), "a name is missing");
    assert_eq!(told(&client, "non").unwrap_err(), "not \\u{1b}[31mtoday");
    let absent = told(&client, "absent").unwrap_err();
    assert!(absent.contains("command `absent` on "), "{absent}");
    client.eteindre().unwrap();
    let ended = told(&client, "sept").unwrap_err();
    assert!(ended.contains("as this side asked"), "{ended}");
}
