//! Waits over a network that stalls, heals, is slow or is cut; and the server that only answers.

use std::time::{Duration, Instant};

use cconn::erreur::{NatureDistante, RaisonFin};
use cconn::essais::{FauxServeur, Reseau, Sens};
use cconn::{Client, Erreur, Serveur, commande, commandes, nommee};
use cconn_tests::{Stopwatch, undisturbed, until, with_watchdog};
use serde::{Deserialize, Serialize};

use super::LIMIT;
use super::executors::block_on;

#[commande]
fn echo(octets: Vec<u8>) -> Vec<u8> {
    octets
}

fn server() -> Serveur {
    let serveur = Serveur::options(0).max_clients(50).ouvrir().unwrap();
    serveur.enregistrer(commandes![echo]).unwrap();
    serveur
}

fn payload(n: usize) -> Vec<u8> {
    (0..n).map(|i| u8::try_from(i % 251).unwrap()).collect()
}

#[test]
fn a_stall_heals_and_nothing_is_lost() {
    with_watchdog("stall", LIMIT, || {
        let serveur = server();
        for sens in [Sens::VersServeur, Sens::VersClient] {
            let time = Duration::from_millis(80);
            let reseau = Reseau::new(1).fige(sens, 120, time).fige(sens, 5_000, time);
            let client = reseau.client(&serveur).unwrap();
            let begin = Instant::now();
            assert_eq!(client.appeler(echo { octets: payload(20_000) }).unwrap(), payload(20_000));
            assert!(begin.elapsed() >= 2 * time, "{:?}", begin.elapsed());
            client.eteindre().unwrap();
        }
    });
}

#[test]
fn a_call_whose_answer_is_held_up_is_late_and_the_connection_heals() {
    with_watchdog("late", LIMIT, || {
        let serveur = server();
        let stall = Duration::from_millis(150);
        // A process that is held up for as long as the network finds the answer there.
        undisturbed(stall / 5, || {
            let client = Reseau::new(1).fige(Sens::VersClient, 60, stall).client(&serveur).unwrap();
            let pressed = client.avec_delai(stall / 5);
            let late = pressed.appeler(echo { octets: payload(50) }).unwrap_err();
            assert!(matches!(late, Erreur::Delai(_)) && late.a_pu_etre_executee(), "{late}");
            assert_eq!(client.appeler(echo { octets: payload(9) }).unwrap(), payload(9));
            client.eteindre().unwrap();
        });
    });
}

#[test]
fn a_future_and_a_closure_outlast_a_stall() {
    with_watchdog("future", LIMIT, || {
        let serveur = server();
        let reseau =
            Reseau::new(3).en_tranches(3).fige(Sens::VersClient, 70, Duration::from_millis(60));
        let client = reseau.client(&serveur).unwrap();
        let (told, heard) = std::sync::mpsc::channel();
        let other = client.differer(echo { octets: payload(30) }).unwrap();
        other.quand_prete(move |result| told.send(result).unwrap());
        let call = client.differer(echo { octets: payload(40) }).unwrap();
        assert_eq!(block_on(call).unwrap(), payload(40));
        assert_eq!(heard.recv().unwrap().unwrap(), payload(30));
        client.eteindre().unwrap();
    });
}

#[test]
fn a_cut_is_told_wherever_it_lies() {
    with_watchdog("cut", LIMIT, || {
        let serveur = server();
        // The greeting, a call and its answer have fewer bytes each way.
        for at in (0..160).step_by(13) {
            for sens in [Sens::VersServeur, Sens::VersClient] {
                let error = match Reseau::new(5).coupe(sens, at).client(&serveur) {
                    Err(error) => error,
                    Ok(client) => client.appeler(echo { octets: payload(150) }).unwrap_err(),
                };
                match &error {
                    Erreur::Fermee(fin) => assert_eq!(fin.raison, RaisonFin::Coupee, "{error}"),
                    Erreur::Connexion(_) => assert!(at < 60, "cut at {at}: {error}"),
                    _ => panic!("cut at {at}: {error}"),
                }
            }
        }
    });
}

#[test]
fn a_slow_line_takes_its_time() {
    with_watchdog("slow", LIMIT, || {
        let serveur = server();
        let client = Reseau::new(1).lent(20_000).client(&serveur).unwrap();
        let begin = Instant::now();
        assert_eq!(client.appeler(echo { octets: payload(2_000) }).unwrap(), payload(2_000));
        assert!(begin.elapsed() >= Duration::from_millis(200), "{:?}", begin.elapsed());
        client.close();
    });
}

/// What a client of that network sees: how many calls were answered, and how it ended.
fn seen(serveur: &Serveur, seed: u64) -> (usize, bool) {
    let Ok(client) = Reseau::au_hasard(seed).client(serveur) else { return (0, true) };
    for n in 0..20 {
        match client.appeler(echo { octets: payload(10 * n) }) {
            Ok(answer) => assert_eq!(answer, payload(10 * n), "seed {seed}"),
            Err(error) => {
                assert!(matches!(error, Erreur::Fermee(_)), "seed {seed}: {error}");
                return (n, true);
            }
        }
    }
    client.close();
    (20, false)
}

#[test]
fn one_seed_makes_one_run_and_every_call_ends() {
    with_watchdog("seeds", LIMIT, || {
        let serveur = server();
        let seeds = 0..16;
        let first: Vec<_> = seeds.clone().map(|seed| seen(&serveur, seed)).collect();
        let second: Vec<_> = seeds.map(|seed| seen(&serveur, seed)).collect();
        assert_eq!(first, second);
        assert!(first.iter().any(|(_, cut)| *cut) && first.iter().any(|(_, cut)| !*cut));
        assert_eq!(format!("{:?}", Reseau::au_hasard(4)), format!("{:?}", Reseau::au_hasard(4)));
    });
}

#[test]
fn a_full_server_says_so_over_any_network() {
    with_watchdog("full", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let client = Reseau::new(1).client(&serveur).unwrap();
        let full = Reseau::new(1).en_tranches(1).client(&serveur).unwrap_err();
        assert!(full.to_string().contains("takes 1 client"), "{full}");
        client.close();
    });
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Decouvert {
    manque: u32,
}

#[commande]
fn retirer(montant: u32) -> Result<u32, Decouvert>;

#[test]
fn a_fake_server_answers_refuses_fails_and_remembers() {
    with_watchdog("fake", LIMIT, || {
        let faux = FauxServeur::new()
            .and_then(|faux| faux.repond("retirer", Err::<u32, _>(Decouvert { manque: 3 })))
            .and_then(|faux| faux.repond("vide", ()))
            .and_then(|faux| faux.repond_avec("panique", |_: &Client| -> u8 { panic!("as told") }))
            .unwrap();
        let again = FauxServeur::new().unwrap().repond("a", 1_u8).unwrap().repond("a", 2_u8);
        assert!(matches!(again, Err(Erreur::Enregistrement(_))));
        let client = Client::new(faux.adresse()).unwrap();
        let refused = client.appeler(retirer { montant: 9 }).unwrap_err();
        assert!(matches!(refused, Erreur::Refus(Decouvert { manque: 3 })), "{refused:?}");
        client.appeler::<(), _>(nommee("vide", ("any", 12_u8, vec![1_u64]))).unwrap();
        let panicked = client.appeler::<u8, _>(nommee("panique", ())).unwrap_err();
        let nature = |error: &Erreur| match error {
            Erreur::Distante(distante) => distante.nature,
            _ => panic!("{error}"),
        };
        assert_eq!(nature(&panicked), NatureDistante::Panique);
        let unknown = client.appeler::<u8, _>(nommee("autre", ())).unwrap_err();
        assert_eq!(nature(&unknown), NatureDistante::Inconnue);
        assert_eq!(faux.recues(), ["retirer", "vide", "panique"]);
        let local = faux.client_par(&Reseau::new(2).en_tranches(2)).unwrap();
        local.appeler::<(), _>(nommee("vide", ())).unwrap();
        assert_eq!(faux.recues().len(), 4);
        // Clients that are still there do not hold its end up.
        let watch = Stopwatch::start();
        drop(faux);
        assert!(watch.elapsed() < Duration::from_secs(5));
        until("both see it", || !client.est_connecte() && !local.est_connecte());
    });
}
