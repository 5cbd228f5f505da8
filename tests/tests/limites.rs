//! Limits of size and depth: each can be reached, and none makes another unreachable.

use std::thread;
use std::time::Duration;

use cconn::erreur::{NatureDistante, RaisonNonEnvoi};
use cconn::{Attente, Client, Erreur, Octets, Resultat, Serveur, commande, commandes};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(60);

/// The longest that answers to deferred calls may wait with the usual `taille_max`.
const UNCLAIMED: usize = 64 << 20;

/// The deepest nesting that a frame can say.
const DEEPEST: u8 = 127;

#[commande]
fn donne(octets: usize) -> Octets {
    vec![7; octets].into()
}

/// How many levels there are below this one: as many as asked for, or as may be.
#[commande]
fn profonde(client: &Client, encore: u16) -> Resultat<u16> {
    if encore == 0 {
        return Ok(0);
    }
    match client.appeler(profonde { encore: encore - 1 }) {
        Err(Erreur::NonEnvoyee(why)) => {
            assert_eq!(why.raison, RaisonNonEnvoi::TropProfonde { limite: usize::from(DEEPEST) });
            Ok(0)
        }
        below => Ok(1 + below?),
    }
}

/// A server, a client of it over a socket, and the server's end of the client.
fn joined(taille_max: u32) -> (Serveur, Client) {
    let serveur = Serveur::options(0).taille_max(taille_max).ouvrir().unwrap();
    serveur.enregistrer(commandes![donne, profonde]).unwrap();
    let running = serveur.clone();
    thread::spawn(move || running.lancer());
    let client = Client::options(serveur.adresse()).taille_max(taille_max).connecter().unwrap();
    client.enregistrer(commandes![donne]).unwrap();
    (serveur, client)
}

fn length(answer: Resultat<Octets>) -> usize {
    answer.unwrap().as_ref().len()
}

#[test]
fn an_answer_that_is_waited_for_may_be_as_large_as_a_message() {
    with_watchdog("large answers", LIMIT, || {
        let (_serveur, client) = joined(u32::MAX);
        for octets in [UNCLAIMED - 9, UNCLAIMED] {
            assert_eq!(length(client.appeler(donne { octets })), octets);
        }
    });
}

#[test]
fn an_answer_to_a_deferred_call_may_be_as_large_as_a_message() {
    with_watchdog("a large deferred answer", LIMIT, || {
        let (_serveur, client) = joined(u32::MAX);
        let call = client.differer(donne { octets: UNCLAIMED + 1 }).unwrap();
        // It has arrived before anybody waits for it.
        assert_eq!(length(client.appeler(donne { octets: 1 })), 1);
        assert!(call.est_prete());
        assert_eq!(length(call.attendre()), UNCLAIMED + 1);
    });
}

#[test]
fn answers_that_nobody_waits_for_are_kept_up_to_the_limit_and_those_waited_for_beyond() {
    with_watchdog("unclaimed answers", LIMIT, || {
        let (_serveur, client) = joined(8 << 20);
        // With its length each takes an eighth of the limit, the last one a byte more.
        let eighth = UNCLAIMED / 8 - 9;
        let octets = |n| if n == 7 { eighth + 5 } else { eighth };
        let mut calls: Vec<Attente<Octets, _>> =
            (0..8).map(|n| client.differer(donne { octets: octets(n) - 10 }).unwrap()).collect();
        assert_eq!(length(client.appeler(donne { octets: 8_000_000 })), 8_000_000);
        assert!(calls.iter().all(Attente::est_prete));
        let beyond = client.differer(donne { octets: 1000 }).unwrap();
        assert_eq!(length(client.appeler(donne { octets: 1 })), 1);
        match beyond.attendre() {
            Err(Erreur::Distante(why)) => assert_eq!(why.nature, NatureDistante::ReponsePerdue),
            other => panic!("{:?}", other.map(|octets| octets.as_ref().len())),
        }
        // Claiming one makes room for others.
        assert_eq!(length(calls.pop().unwrap().attendre()), eighth - 5);
        let again = client.differer(donne { octets: 1000 }).unwrap();
        assert_eq!(length(client.appeler(donne { octets: 1 })), 1);
        assert_eq!(length(again.attendre()), 1000);
        for call in calls {
            assert_eq!(length(call.attendre()), eighth - 10);
        }
    });
}

#[test]
fn an_answer_that_a_command_waits_for_is_no_unclaimed_one_either() {
    with_watchdog("a large answer inside a command", LIMIT, || {
        let (serveur, client) = joined(u32::MAX);
        let fetch = |client: &Client, (octets,): (usize,)| -> Resultat<usize> {
            Ok(client.appeler(donne { octets })?.as_ref().len())
        };
        serveur.enregistrer_commande("fetch", fetch).unwrap();
        let octets = UNCLAIMED + 1;
        let got: usize = client.appeler(cconn::nommee("fetch", (octets,))).unwrap();
        assert_eq!(got, octets);
    });
}

#[test]
fn calls_nest_as_deep_as_a_frame_can_say_and_not_deeper() {
    // [depth.most]
    with_watchdog("the deepest calls", LIMIT, || {
        let deepest = || Serveur::options(0).profondeur_max(DEEPEST).max_attentes(300);
        let serveur = deepest().ouvrir().unwrap();
        serveur.enregistrer(commandes![profonde]).unwrap();
        let running = serveur.clone();
        thread::spawn(move || running.lancer());
        let client = Client::options(serveur.adresse()).profondeur_max(DEEPEST).max_attentes(300);
        let client = client.connecter().unwrap();
        client.enregistrer(commandes![profonde]).unwrap();
        for encore in [126, 127, 128, 280] {
            let deepest = encore.min(u16::from(DEEPEST));
            assert_eq!(client.appeler(profonde { encore }).unwrap(), deepest);
        }
        for niveaux in [DEEPEST + 1, u8::MAX] {
            let both = [
                Serveur::options(0).profondeur_max(niveaux).ouvrir().map(drop),
                Client::options(1).profondeur_max(niveaux).connecter().map(drop),
            ];
            for refused in both {
                let text = refused.unwrap_err().to_string();
                assert!(text.contains("`profondeur_max`") && text.contains("127"), "{text}");
            }
        }
    });
}

#[test]
fn a_message_as_large_as_the_peer_takes_is_sent_and_one_byte_more_is_not() {
    with_watchdog("sizes", LIMIT, || {
        for taille_max in [1024, 1025, 65_536] {
            let (serveur, client) = joined(taille_max);
            serveur
                .enregistrer_commande("len", |_, (octets,): (Octets,)| octets.as_ref().len())
                .unwrap();
            // 22 bytes of a call's own, and the length of the bytes.
            let most = taille_max as usize - 22 - 3;
            let call = |octets: usize| -> Resultat<usize> {
                client.appeler(cconn::nommee("len", (Octets::from(vec![0; octets]),)))
            };
            assert_eq!(call(most).unwrap(), most);
            match call(most + 1) {
                Err(Erreur::NonEnvoyee(why)) => {
                    let (taille, limite) = (taille_max as usize + 1, taille_max as usize);
                    assert_eq!(why.raison, RaisonNonEnvoi::TropGrande { taille, limite });
                }
                other => panic!("{other:?}"),
            }
            let most = taille_max as usize - 9 - 3;
            assert_eq!(length(client.appeler(donne { octets: most })), most);
            match client.appeler(donne { octets: most + 1 }) {
                Err(Erreur::Distante(why)) => {
                    assert_eq!(why.nature, NatureDistante::ReponseTropGrande);
                }
                other => panic!("{other:?}"),
            }
        }
    });
}
