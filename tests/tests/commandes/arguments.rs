//! What goes into a command: borrowed and owned values, and what it is handed besides.

use std::borrow::Cow;
use std::sync::mpsc;

use cconn::{Client, Resultat, Serveur, commande, commandes};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

/// Answers with the same word.
#[commande]
fn ping(client: &Client, mot: &str) -> Resultat<()> {
    client.envoyer(pong { mot })
}

#[commande]
fn pong(mot: &str);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[test]
fn a_command_is_called_and_answers() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![ping, somme]).unwrap();
    assert_eq!(client.appeler(somme { a: 12, b: 34 }).unwrap(), 46);
    assert_eq!(client.differer(somme { a: 1, b: 2 }).unwrap().attendre().unwrap(), 3);
    assert_eq!(somme(1, 2), 3);
}

#[test]
fn a_command_sends_to_its_caller() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![ping]).unwrap();
    let (said, heard) = mpsc::channel();
    let pong = move |_: &Client, (mot,): (String,)| drop(said.send(mot));
    client.enregistrer_commande("pong", pong).unwrap();
    client.appeler(ping { mot: "bonjour" }).unwrap();
    client.eteindre().unwrap();
    assert_eq!(heard.recv().unwrap(), "bonjour");
}

#[derive(Serialize, Deserialize)]
struct Point<'p> {
    nom: &'p str,
    place: (i64, i64),
}

#[commande]
fn tout(
    texte: &str,
    octets: &[u8],
    vache: Cow<'_, str>,
    brut: Cow<'_, [u8]>,
    peut_etre: Option<&str>,
    points: Vec<Point<'_>>,
    possede: String,
    vecteur: Vec<u8>,
) -> String {
    assert!(matches!((&vache, &brut), (Cow::Borrowed(_), Cow::Borrowed(_))));
    assert!(points.iter().all(|point| point.nom == texte));
    let points: i64 = points.iter().map(|p| p.place.0 + p.place.1).sum();
    let octets: usize = [octets, &brut, &vecteur].iter().map(|octets| octets.len()).sum();
    format!("{texte} {vache} {peut_etre:?} {possede} {points} {octets}")
}

#[test]
fn arguments_borrow_on_both_sides() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![tout]).unwrap();
    let texte = "un".to_owned();
    let message = tout {
        texte: &texte,
        octets: &[1, 2],
        vache: Cow::Owned("deux".to_owned()),
        brut: b"abc".into(),
        peut_etre: Some(&texte),
        points: vec![Point { nom: &texte, place: (3, 4) }],
        possede: "trois".to_owned(),
        vecteur: vec![5; 1000],
    };
    let answer = client.appeler(&message).unwrap();
    assert_eq!(answer, "un deux Some(\"un\") trois 7 1005");
    assert_eq!(client.appeler(message).unwrap(), answer);
}

type Alias = Vec<u8>;

#[commande]
fn echo(octets: Alias) -> Alias {
    octets
}

#[test]
fn large_bytes_go_there_and_back() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![echo]).unwrap();
    let octets: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    assert_eq!(client.appeler(echo { octets: octets.clone() }).unwrap(), octets);
}

use cconn::{Client as Lien, Serveur as Hote};

#[commande(client = lien, serveur = hote, nom = "qui est là ?")]
fn presents(avant: u64, lien: &Lien, hote: &Hote, apres: u64) -> u64 {
    assert_eq!(hote.clients().len(), 1);
    avant + hote.clients().iter().filter(|client| client.id() == lien.id()).count() as u64 + apres
}

#[commande]
fn compte(serveur: &Serveur) -> usize {
    serveur.clients().len()
}

#[test]
fn a_command_is_handed_its_client_and_its_server() {
    let (serveur, client) = local();
    serveur.enregistrer(commandes![presents, compte, somme]).unwrap();
    assert_eq!(client.appeler(presents { avant: 10, apres: 100 }).unwrap(), 111);
    assert_eq!(client.appeler(compte {}).unwrap(), 1);
}

#[test]
fn a_message_shows_what_it_can() {
    struct Muet;
    impl Serialize for Muet {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_unit()
        }
    }
    #[commande]
    fn montrer(a: i64, b: &Muet);

    let message = montrer { a: 1, b: &Muet };
    assert_eq!(format!("{message:?}"), "montrer { a: 1, b: _ }");
}
