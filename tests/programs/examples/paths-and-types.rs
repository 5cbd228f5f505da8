use std::borrow::Cow;
use std::collections::HashMap;

use cconn::{Resultat, commande, commandes};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
pub struct Point<'p> {
    nom: &'p str,
}

#[derive(Serialize)]
pub struct Envoi(i64);

type Mots<'m> = Vec<&'m str>;

pub mod profond {
    pub mod encore {
        use cconn::commande;

        #[commande]
        pub fn compter<'a, 'b>(mots: super::super::Mots<'a>, autre: Option<&'b str>) -> usize {
            mots.len() + autre.map_or(0, str::len)
        }
    }
    pub use encore::*;
}

use profond::compter as compte;

#[commande]
pub fn points(un: Point<'_>, deux: (Point<'_>, &[u8]), trois: Cow<'_, str>) -> HashMap<String, i64> {
    HashMap::from([(un.nom.to_owned(), 1), (deux.0.nom.to_owned(), 2), (trois.into_owned(), 3)])
}

// What is only declared sends whatever can be serialised.
#[commande]
pub fn envoi(un: &Envoi, tous: &[Envoi]);

#[commande(nom = "le mot de la fin")]
pub fn fin() -> Resultat<Cow<'static, str>> {
    Ok("fin".into())
}

#[commande]
#[cfg(any())]
fn absente(a: PasLa) {}

#[cfg_attr(all(), doc = "Documented", cfg(all()))]
#[commande]
fn presente() {}

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur
        .enregistrer(commandes![
            compte,
            points,
            self::fin,
            #[cfg(any())]
            absente,
            presente
        ])
        .unwrap();
    let mots = vec!["un", "deux"];
    assert_eq!(client.appeler(compte { mots, autre: Some("abc") }).unwrap(), 5);
    let message =
        points { un: Point { nom: "a" }, deux: (Point { nom: "b" }, b"x"), trois: "c".into() };
    assert_eq!(client.appeler(&message).unwrap().len(), 3);
    assert_eq!(client.appeler(fin {}).unwrap(), "fin");
    assert_eq!(format!("{message:?}").matches("Point").count(), 2);
    let _ = envoi { un: &Envoi(1), tous: &[Envoi(2)] };
    client.envoyer(presente {}).unwrap();
}
