//! What the other side would refuse to decode is refused where it is sent, with an error.

use std::collections::BTreeMap;
use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{local, with_watchdog};
use serde::{Deserialize, Serialize};

const LIMIT: Duration = Duration::from_secs(20);

/// A list that is as deep as it is long.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Liste(Option<Box<Liste>>);

impl Liste {
    fn of(length: usize) -> Self {
        (0..length).fold(Liste(None), |next, _| Liste(Some(Box::new(next))))
    }
}

/// Step by step, for all at once would take the stack.
impl Drop for Liste {
    fn drop(&mut self) {
        let mut next = self.0.take();
        while let Some(mut list) = next {
            next = list.0.take();
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Trou {
    #[serde(skip_serializing_if = "Option::is_none")]
    un: Option<u8>,
    deux: u8,
}

#[commande]
fn liste(l: Liste) -> u8 {
    drop(l);
    1
}

#[commande]
fn vides(v: Vec<()>, w: Vec<()>) -> u64 {
    (v.len() + w.len()) as u64
}

#[commande]
fn trou(t: Trou) -> u8 {
    t.deux
}

#[commande]
fn rendre_liste(n: usize) -> Liste {
    Liste::of(n)
}

#[commande]
fn rendre_vides(n: usize) -> Resultat<Vec<()>> {
    Ok(vec![(); n])
}

#[commande]
fn refuser_vides(n: usize) -> Result<(), Vec<()>> {
    Err(vec![(); n])
}

#[commande]
fn rien() {}

fn connected() -> (Serveur, Client) {
    let (serveur, client) = local();
    let liste = commandes![liste, vides, trou, rendre_liste, rendre_vides, refuser_vides, rien];
    serveur.enregistrer(liste).unwrap();
    (serveur, client)
}

/// The value was not sent, the connection lives.
#[track_caller]
fn assert_not_sent<T: std::fmt::Debug>(client: &Client, result: Resultat<T>, words: &str) {
    let error = result.unwrap_err();
    assert!(matches!(error, Erreur::Codage(_)), "{error:?}");
    assert!(!error.a_pu_etre_executee() && !error.est_fatale());
    assert!(error.to_string().contains(words), "{error}");
    client.appeler(rien {}).unwrap();
}

#[test]
fn values_nested_too_deep_are_not_sent() {
    with_watchdog("values_nested_too_deep_are_not_sent", LIMIT, || {
        let (serveur, client) = connected();
        let words = "nested more than 128 levels deep";
        // Each link is two levels: the struct, and `Some`.
        assert_eq!(client.appeler(liste { l: Liste::of(63) }).unwrap(), 1);
        for length in [64, 10_000, 200_000] {
            let message = || liste { l: Liste::of(length) };
            assert_not_sent(&client, client.appeler(message()), words);
            assert_not_sent(&client, client.envoyer(message()), words);
            assert_not_sent(&client, client.differer(message()), words);
            assert_not_sent(&client, serveur.diffuser(message()), words);
            let named = nommee("liste", (Liste::of(length),));
            assert_not_sent(&client, client.appeler::<u8, _>(named), words);
        }
    });
}

#[test]
fn elements_without_bytes_beyond_what_is_read_are_not_sent() {
    let (_serveur, client) = connected();
    assert_eq!(client.appeler(vides { v: vec![(); 4000], w: vec![(); 90] }).unwrap(), 4090);
    for (v, w) in [(1_000_000, 0), (0, 1_000_000), (3000, 3000), (5000, 0)] {
        let message = vides { v: vec![(); v], w: vec![(); w] };
        assert_not_sent(&client, client.appeler(&message), "elements are declared");
        assert_not_sent(&client, client.envoyer(&message), "elements are declared");
        let named = nommee("vides", (vec![(); v], vec![(); w]));
        assert_not_sent(&client, client.appeler::<u64, _>(named), "elements are declared");
    }
    let all: BTreeMap<String, Vec<[u8; 0]>> = BTreeMap::from([(String::new(), vec![[]; 5000])]);
    assert_not_sent(&client, client.envoyer(nommee("rien", (all,))), "elements are declared");
}

#[test]
fn a_field_that_is_left_out_is_not_sent() {
    let (_serveur, client) = connected();
    assert_eq!(client.appeler(trou { t: Trou { un: Some(1), deux: 2 } }).unwrap(), 2);
    let gap = trou { t: Trou { un: None, deux: 2 } };
    assert_not_sent(&client, client.appeler(&gap), "`skip_serializing_if`");
    let named = nommee("trou", (Trou { un: None, deux: 2 },));
    assert_not_sent(&client, client.envoyer(named), "`skip_serializing_if`");
}

#[test]
fn an_answer_that_could_not_be_read_is_not_sent_either() {
    with_watchdog("an_answer_that_could_not_be_read", LIMIT, || {
        let (serveur, client) = connected();
        serveur.enregistrer_commande("nommee", |_, (n,): (usize,)| Liste::of(n)).unwrap();
        let failed = |error: Erreur| {
            let Erreur::Distante(distante) = &error else { panic!("{error:?}") };
            assert_eq!(distante.nature, NatureDistante::ReponseNonCodable, "{error}");
            assert!(distante.texte.contains("levels") || distante.texte.contains("elements"));
            client.appeler(rien {}).unwrap();
        };
        drop(client.appeler(rendre_liste { n: 63 }).unwrap());
        failed(client.appeler(rendre_liste { n: 64 }).unwrap_err());
        failed(client.appeler(rendre_liste { n: 1_000_000 }).unwrap_err());
        failed(client.appeler::<Liste, _>(nommee("nommee", (100_000_usize,))).unwrap_err());
        assert_eq!(client.appeler(rendre_vides { n: 4096 }).unwrap().len(), 4096);
        failed(client.appeler(rendre_vides { n: 1_000_000 }).unwrap_err());
        match client.appeler(refuser_vides { n: 1_000_000 }) {
            Err(Erreur::Distante(distante)) => {
                assert_eq!(distante.nature, NatureDistante::ReponseNonCodable);
            }
            other => panic!("{other:?}"),
        }
    });
}

/// Counted in two ways: `Supprimer` is written as 1, and 1 is read as `Garder`.
mod ordre {
    use super::{Deserialize, Serialize, commande};

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Ordre {
        #[serde(skip)]
        #[expect(dead_code, reason = "that is what is tried")]
        Interne,
        Supprimer(u32),
        Garder(u32),
    }

    /// Behind all others a variant may be skipped.
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Sain {
        Supprimer(u32),
        Garder(u32),
        #[serde(skip)]
        Interne,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum NonLu {
        Un,
        #[serde(skip_deserializing)]
        #[expect(dead_code, reason = "that is what is tried")]
        Deux,
        Trois {
            a: u8,
        },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct Lot {
        pub(super) ordres: Vec<(u8, Option<Ordre>)>,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub(super) struct NonEcrit {
        #[serde(skip_serializing)]
        pub(super) un: u8,
        pub(super) deux: u8,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    pub(super) enum Quelconque {
        Nombre(u8),
        Texte(String),
    }

    #[commande]
    pub(super) fn direct(o: Ordre) -> bool {
        o == Ordre::Garder(7)
    }

    #[commande]
    pub(super) fn emprunte(o: &[Ordre]) -> bool;

    #[commande]
    pub(super) fn lot(l: Lot) -> usize {
        l.ordres.len()
    }

    #[commande]
    pub(super) fn non_lu(n: NonLu) -> bool {
        matches!(n, NonLu::Trois { .. })
    }

    #[commande]
    pub(super) fn non_ecrit(n: NonEcrit) -> u8 {
        n.un + n.deux
    }

    #[commande]
    pub(super) fn quelconque(q: Option<Quelconque>) -> bool {
        q.is_none()
    }

    #[commande]
    pub(super) fn en_reponse() -> Ordre {
        Ordre::Supprimer(7)
    }

    #[commande]
    pub(super) fn en_erreur() -> Result<(), Ordre> {
        Err(Ordre::Supprimer(7))
    }

    #[commande]
    pub(super) fn sain(s: Sain) -> Sain {
        s
    }
}

#[test]
fn a_type_that_is_not_read_as_it_is_written_is_neither_registered_nor_sent() {
    use ordre::{Lot, NonEcrit, NonLu, Ordre, Quelconque, Sain};

    let (serveur, client) = connected();
    let refused = |commandes: cconn::Commandes, words: &str| {
        let error = serveur.enregistrer(commandes).unwrap_err();
        assert!(matches!(error, Erreur::Enregistrement(_)), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    };
    let enums = "`skip`, `skip_serializing` or `skip_deserializing`";
    refused(commandes![ordre::direct], enums);
    refused(commandes![rien, ordre::lot], enums);
    refused(commandes![ordre::non_lu], enums);
    refused(commandes![ordre::en_reponse], enums);
    refused(commandes![ordre::en_erreur], enums);
    refused(commandes![ordre::non_ecrit], "`skip_serializing` and `skip_deserializing` on a field");
    refused(commandes![ordre::quelconque], "`untagged`");

    let supprimer = Ordre::Supprimer(7);
    assert_not_sent(&client, client.appeler(ordre::direct { o: supprimer.clone() }), enums);
    assert_not_sent(&client, client.envoyer(ordre::direct { o: supprimer.clone() }), enums);
    assert_not_sent(&client, serveur.diffuser(ordre::direct { o: supprimer.clone() }), enums);
    let lot = Lot { ordres: vec![(1, Some(supprimer))] };
    assert_not_sent(&client, client.appeler(ordre::lot { l: lot }), enums);
    assert_not_sent(&client, client.appeler(ordre::non_lu { n: NonLu::Trois { a: 1 } }), enums);
    let words = "`skip_serializing` and";
    let non_ecrit = NonEcrit { un: 1, deux: 2 };
    assert_not_sent(&client, client.appeler(ordre::non_ecrit { n: non_ecrit }), words);
    let quelconque = Some(Quelconque::Texte(String::new()));
    assert_not_sent(&client, client.appeler(ordre::quelconque { q: quelconque }), "`untagged`");
    assert_not_sent(&client, client.appeler(ordre::en_reponse {}).map(|_| ()), enums);
    let error = client.appeler(ordre::en_erreur {}).unwrap_err();
    assert!(matches!(error, Erreur::Codage(_)), "{error:?}");
    let borrowed = [Ordre::Garder(7)];
    assert_not_sent(&client, client.appeler(ordre::emprunte { o: &borrowed }), enums);

    serveur.enregistrer(commandes![ordre::sain]).unwrap();
    for sain in [Sain::Supprimer(1), Sain::Garder(2)] {
        assert_eq!(client.appeler(ordre::sain { s: sain.clone() }).unwrap(), sain);
    }
    // What is skipped itself is serde's own error.
    let error = client.appeler(ordre::sain { s: Sain::Interne }).unwrap_err();
    assert!(matches!(error, Erreur::Codage(_)), "{error:?}");
}

/// The tag and the content are fields, which are found by their names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Adjacent {
    Rien,
    Un(u8),
    Trois { a: u8 },
}

#[commande]
fn adjacent(a: Adjacent) -> Adjacent {
    a
}

#[test]
fn a_tag_with_its_content_is_said_not_to_work() {
    let (serveur, client) = connected();
    let error = serveur.enregistrer(commandes![adjacent]).unwrap_err();
    assert!(error.to_string().contains("`tag` (with `content` too)"), "{error}");
    for a in [Adjacent::Rien, Adjacent::Un(1), Adjacent::Trois { a: 1 }] {
        assert_not_sent(&client, client.appeler(adjacent { a }), "`tag` (with `content` too)");
    }
}
