//! Answers that borrow from the arguments, the state or the session.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock};

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Etat, Resultat, Serveur, Session, commande, commandes};
use cconn_tests::with_watchdog;
use serde::{Deserialize, Serialize};

use super::{LIMIT, Running};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Fiche {
    nom: String,
    octets: Vec<u8>,
}

struct Fiches(BTreeMap<u32, Fiche>);

#[derive(Default)]
struct Memoire(OnceLock<String>);

#[commande]
fn echo(octets: &[u8]) -> &[u8] {
    octets
}

#[commande]
fn premier(mots: Vec<&str>) -> Option<&str> {
    mots.first().copied()
}

#[commande]
fn mots(texte: &str) -> Vec<&str> {
    texte.split(' ').collect()
}

#[commande]
fn fiche(fiches: &Etat<Fiches>, numero: u32) -> Resultat<&Fiche> {
    fiches.0.get(&numero).ok_or_else(|| Erreur::echec("no such card"))
}

#[commande]
fn octets(fiches: &Etat<Fiches>, numero: u32) -> Result<&[u8], String> {
    fiches.0.get(&numero).map(|fiche| &*fiche.octets).ok_or_else(|| format!("no {numero}"))
}

#[commande]
fn octets_ou_echec(fiches: &Etat<Fiches>, numero: u32) -> Resultat<&[u8]> {
    fiches.0.get(&numero).map(|fiche| &*fiche.octets).ok_or_else(|| Erreur::echec("none"))
}

#[commande]
fn mixte(fiches: &Etat<Fiches>, numero: u32) -> Resultat<&[u8], u32> {
    match fiches.0.get(&numero) {
        Some(fiche) => Ok(&fiche.octets),
        None if numero == 0 => Err(Erreur::<u32>::Echec("zero".into())),
        None => Err(Erreur::Refus(numero)),
    }
}

#[commande]
fn retiens<'s>(memoire: &'s Session<Memoire>, mot: &str) -> &'s str {
    memoire.0.get_or_init(|| mot.to_owned())
}

#[commande]
fn en_majuscules<'a>(client: &Client, mot: &'a str) -> Cow<'a, str> {
    assert!(client.est_connecte());
    if mot.chars().all(char::is_uppercase) { mot.into() } else { mot.to_uppercase().into() }
}

#[commande]
fn toutes(fiches: &Etat<Fiches>) -> Vec<(&u32, &str, &[u8])> {
    fiches.0.iter().map(|(n, fiche)| (n, &*fiche.nom, &*fiche.octets)).collect()
}

#[commande(parallele)]
fn tranche(nombres: &Etat<Vec<u64>>, de: usize, a: usize) -> &[u64] {
    nombres.get(de..a).unwrap_or(&[])
}

mod declaree {
    #[cconn::commande(nom = "echo")]
    pub(super) fn copie(octets: &[u8]) -> &[u8];
}

fn served() -> Running {
    let fiches = BTreeMap::from([
        (1, Fiche { nom: "Ada".into(), octets: vec![1, 2, 3] }),
        (2, Fiche { nom: String::new(), octets: vec![7; 100_000] }),
    ]);
    let options = Serveur::options(0).max_clients(4).fournir(Fiches(fiches));
    let running = Running::new(options.fournir((0..1000).collect::<Vec<u64>>()));
    let serveur = &running.serveur;
    serveur.enregistrer(commandes![echo, premier, mots, fiche, octets, octets_ou_echec]).unwrap();
    serveur.enregistrer(commandes![mixte, retiens, en_majuscules, toutes, tranche]).unwrap();
    running
}

#[test]
fn what_is_borrowed_from_the_arguments_arrives_as_it_came() {
    with_watchdog("arguments", LIMIT, || {
        let running = served();
        let client = running.client();
        for length in [0, 1, 127, 128, 5000, 16 << 10, 64 << 10, 1 << 20] {
            let sent: Vec<u8> = (0..=250_u8).cycle().take(length).collect();
            assert!(client.appeler(echo { octets: &sent }).unwrap() == sent, "{length}");
            assert!(client.appeler(declaree::copie { octets: &sent }).unwrap() == sent, "{length}");
        }
        assert_eq!(
            client.appeler(premier { mots: vec!["un", "deux"] }).unwrap(),
            Some("un".into())
        );
        assert_eq!(client.appeler(premier { mots: vec![] }).unwrap(), None);
        assert_eq!(client.appeler(mots { texte: "un  é" }).unwrap(), ["un", "", "é"]);
        for mot in ["Ada", "ADA", ""] {
            assert_eq!(client.appeler(en_majuscules { mot }).unwrap(), mot.to_uppercase());
        }
        running.stop().unwrap();
    });
}

#[test]
fn what_is_borrowed_from_state_and_session_arrives_in_each_form() {
    with_watchdog("state", LIMIT, || {
        let running = served();
        let client = running.client();
        assert_eq!(client.appeler(fiche { numero: 1 }).unwrap().nom, "Ada");
        let failed = client.appeler(fiche { numero: 9 }).unwrap_err();
        let Erreur::Distante(distante) = &failed else { panic!("{failed}") };
        assert_eq!((distante.nature, &*distante.texte), (NatureDistante::Echec, "no such card"));

        assert_eq!(client.appeler(octets { numero: 2 }).unwrap(), vec![7; 100_000]);
        let refused = client.appeler(octets { numero: 9 }).unwrap_err();
        assert!(matches!(&refused, Erreur::Refus(why) if why == "no 9"), "{refused:?}");
        assert_eq!(client.appeler(octets_ou_echec { numero: 1 }).unwrap(), [1, 2, 3]);
        assert!(client.appeler(octets_ou_echec { numero: 9 }).is_err());
        assert_eq!(client.appeler(mixte { numero: 1 }).unwrap(), [1, 2, 3]);
        assert!(matches!(client.appeler(mixte { numero: 9 }), Err(Erreur::Refus(9))));
        assert!(matches!(client.appeler(mixte { numero: 0 }), Err(Erreur::Distante(_))));

        let all = client.appeler(toutes {}).unwrap();
        assert_eq!((all.len(), all[0].0, &*all[0].1, &*all[0].2), (2, 1, "Ada", &[1, 2, 3][..]));
        assert_eq!(client.appeler(tranche { de: 3, a: 6 }).unwrap(), [3, 4, 5]);
        assert!(client.appeler(tranche { de: 6, a: 3 }).unwrap().is_empty());

        assert_eq!(client.appeler(retiens { mot: "un" }).unwrap(), "un");
        assert_eq!(client.appeler(retiens { mot: "deux" }).unwrap(), "un");
        assert_eq!(running.client().appeler(retiens { mot: "trois" }).unwrap(), "trois");
        running.stop().unwrap();
    });
}

#[test]
fn an_answer_that_is_too_large_for_its_caller_is_told() {
    with_watchdog("too large", LIMIT, || {
        let running = served();
        let client =
            Client::options(running.serveur.adresse()).taille_max(2048).connecter().unwrap();
        let failed = client.appeler(octets_ou_echec { numero: 2 }).unwrap_err();
        assert!(failed.to_string().contains("bytes"), "{failed}");
        assert_eq!(client.appeler(octets { numero: 1 }).unwrap(), [1, 2, 3]);
        running.stop().unwrap();
    });
}

#[test]
fn functions_that_lend_are_called_as_they_are_written() {
    let sent = [1, 2, 3];
    assert_eq!(echo(&sent).as_ptr(), sent.as_ptr());
    let fiches = Etat::new(Fiches(BTreeMap::new()));
    assert!(fiche(&fiches, 1).is_err());
    let lock = Mutex::new(0);
    assert_eq!(*lock.lock().unwrap(), 0);
}
