//! The figures of a program, in the program and asked for by a peer.

use std::collections::BTreeMap;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;

use cconn::description::{self, Chiffres, CommandeChiffree, Integree};
use cconn::erreur::NatureDistante;
use cconn::{Client, OptionsServeur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running, soon};

#[commande(alias = "doubler")]
fn double(n: u32) -> u32 {
    2 * n
}

#[commande]
fn racine(n: f64) -> Result<f64, String> {
    if n < 0.0 { Err("negative".to_owned()) } else { Ok(n.sqrt()) }
}

#[commande]
fn panique() {
    panic!("a panic on purpose");
}

#[commande]
fn octets(combien: usize) -> Vec<u8> {
    vec![7; combien]
}

#[commande]
fn compter_jusqu_a(n: u32) -> impl Iterator<Item = u32> {
    0..n
}

fn counting() -> OptionsServeur {
    Serveur::options(0).compter(true).echecs_affiches(false).max_clients(8)
}

fn opened(options: OptionsServeur) -> Serveur {
    let serveur = options.ouvrir().unwrap();
    let all = commandes![double, racine, panique, octets, compter_jusqu_a];
    serveur.enregistrer(all).unwrap();
    serveur
}

fn running(options: OptionsServeur) -> Running {
    Running::of(opened(options))
}

fn local(options: OptionsServeur) -> (Serveur, Client) {
    let serveur = opened(options);
    let client = serveur.client_local().unwrap();
    (serveur, client)
}

fn of<'a>(chiffres: &'a Chiffres, nom: &str) -> &'a CommandeChiffree {
    let found = chiffres.commandes.iter().find(|one| one.nom == nom);
    found.unwrap_or_else(|| panic!("`{nom}` is not in {chiffres:#?}"))
}

/// How often a command failed, by reason.
fn failures(one: &CommandeChiffree) -> Vec<(NatureDistante, u64)> {
    one.echecs.iter().map(|failed| (failed.nature(), failed.nombre)).collect()
}

/// How often a command was asked for, however it ended.
fn ended(one: &CommandeChiffree) -> u64 {
    one.reponses + one.refus + one.echecs.iter().map(|failed| failed.nombre).sum::<u64>()
}

#[test]
fn every_way_in_which_a_command_ends_is_counted() {
    with_watchdog("ends", LIMIT, || {
        let (serveur, client) = local(counting());
        for n in 0..10 {
            assert_eq!(client.appeler(double { n }).unwrap(), 2 * n);
        }
        client.envoyer(double { n: 1 }).unwrap();
        assert_eq!(client.appeler::<u32, _>(nommee("doubler", (1_u32,))).unwrap(), 2);
        client.appeler(racine { n: 4.0 }).unwrap();
        client.appeler(racine { n: -1.0 }).unwrap_err();
        client.envoyer(racine { n: -1.0 }).unwrap();
        client.appeler(panique {}).unwrap_err();
        client.envoyer(panique {}).unwrap();
        client.appeler::<u32, _>(nommee("double", ("text",))).unwrap_err();
        client.appeler::<u32, _>(nommee("double", (1_u32,)).avec_empreinte(7)).unwrap_err();
        client.appeler(octets { combien: 9 << 20 }).unwrap_err();
        client.envoyer(compter_jusqu_a { n: 1 }).unwrap_err();
        client.envoyer(nommee("compter_jusqu_a", (1_u32,))).unwrap();
        let items = client.appeler(compter_jusqu_a { n: 100 }).unwrap();
        assert_eq!(items.collect::<Resultat<Vec<_>>>().unwrap().len(), 100);
        client.appeler::<(), _>(nommee("absente", ())).unwrap_err();
        description::ping(&client).unwrap();

        let told = description::chiffres(&client).unwrap();
        for chiffres in [&told, &serveur.chiffres()] {
            let double = of(chiffres, "double");
            assert_eq!((double.reponses, double.refus, double.en_cours), (11, 0, 0));
            let [signature, arguments] = [NatureDistante::Signature, NatureDistante::Arguments];
            assert_eq!(failures(double), [(signature, 1), (arguments, 1)]);
            assert_eq!(of(chiffres, "doubler").ancien_nom_de.as_deref(), Some("double"));
            assert_eq!(of(chiffres, "doubler").reponses, 1);
            let racine = of(chiffres, "racine");
            assert_eq!((racine.reponses, racine.refus, racine.echecs.len()), (1, 2, 0));
            assert_eq!(failures(of(chiffres, "panique")), [(NatureDistante::Panique, 2)]);
            let large = of(chiffres, "octets");
            assert_eq!(large.reponses, 0, "what could not be sent is no answer");
            assert_eq!(failures(large), [(NatureDistante::ReponseTropGrande, 1)]);
            let stream = of(chiffres, "compter_jusqu_a");
            assert_eq!(failures(stream), [(NatureDistante::FluxInattendu, 1)]);
            assert_eq!(stream.reponses, 1);
            assert_eq!(of(chiffres, "cconn.ping").reponses, 1);
            assert_eq!(chiffres.inconnues, 1);
            for one in &chiffres.commandes {
                let durees = &one.durees;
                assert_eq!(durees.nombre(), ended(one), "{one:?}");
                assert!(durees.maximum <= durees.somme || durees.nombre() == 0);
                assert!(durees.quantile(0.5) <= durees.quantile(1.0) && durees.somme < LIMIT);
            }
            let names: Vec<_> = chiffres.commandes.iter().map(|one| &one.nom).collect();
            assert!(names.is_sorted(), "{names:?}");
        }
    });
}

#[test]
fn several_clients_are_counted_together_from_any_thread() {
    with_watchdog("several", LIMIT, || {
        let running = running(counting());
        let connect = |_| {
            let options = Client::options(running.serveur.adresse()).echecs_affiches(false);
            options.connecter().unwrap()
        };
        let clients: Vec<_> = (0..4).map(connect).collect();
        thread::scope(|scope| {
            for client in &clients {
                scope.spawn(|| {
                    for n in 0..500 {
                        assert_eq!(client.appeler(double { n }).unwrap(), 2 * n);
                        client.envoyer(racine { n: -1.0 }).unwrap();
                    }
                    client.appeler(double { n: 0 }).unwrap();
                });
            }
        });
        let chiffres = running.serveur.chiffres();
        assert_eq!((chiffres.clients, chiffres.venus, chiffres.places), (4, 4, 8));
        assert_eq!(of(&chiffres, "double").reponses, 2_004);
        assert_eq!(of(&chiffres, "racine").refus, 2_000);
        assert_eq!(chiffres.charge.recues, 4_004);
        assert_eq!(chiffres.charge.en_file, 0);
        // A grant may leave a moment after the last answer, and connections with the most to send
        // come first: with nothing, they are in the order of their numbers.
        assert!(soon(|| running.serveur.chiffres().charge.sortie == 0));
        assert!(soon(|| {
            let connexions = running.serveur.chiffres().connexions;
            connexions.iter().map(|one| one.client).eq(1..=4)
        }));
        drop(clients);
        assert!(soon(|| running.serveur.chiffres().clients == 0));
        let chiffres = running.serveur.chiffres();
        assert_eq!((chiffres.venus, of(&chiffres, "double").reponses), (4, 2_004));
        running.stop().unwrap();
    });
}

#[test]
fn what_runs_and_what_waits_is_shown_while_it_does() {
    with_watchdog("running", LIMIT, || {
        let (serveur, client) = local(counting());
        let (entered, inside) = mpsc::channel();
        let gate = Arc::new(Barrier::new(2));
        let theirs = gate.clone();
        let waits = move |_: &Client, (): ()| {
            entered.send(()).unwrap();
            theirs.wait();
        };
        serveur.enregistrer_commande("attend", waits).unwrap();
        let waiting = client.differer::<(), _>(nommee("attend", ())).unwrap();
        inside.recv().unwrap();
        let behind = client.differer(double { n: 1 }).unwrap();
        let other = serveur.client_local().unwrap();
        assert!(soon(|| serveur.chiffres().charge.en_file == 1));
        let chiffres = description::chiffres(&other).unwrap();
        let names: Vec<_> =
            chiffres.executions.iter().map(|one| (one.commande.as_str(), one.client)).collect();
        assert_eq!(names, [("attend", 1), ("cconn.chiffres", 2)]);
        assert_eq!(of(&chiffres, "attend").en_cours, 1);
        assert_eq!((chiffres.charge.en_file, chiffres.connexions[0].client), (1, 1));
        assert!(chiffres.charge.threads >= 2 && chiffres.charge.fenetre > 0);
        assert!(chiffres.connexions[0].depuis < LIMIT && chiffres.executions[0].depuis < LIMIT);
        assert_eq!(client.chiffres().charge.appels, 2);
        gate.wait();
        waiting.attendre().unwrap();
        behind.attendre().unwrap();
        let chiffres = serveur.chiffres();
        assert_eq!((of(&chiffres, "attend").reponses, chiffres.executions.len()), (1, 0));
    });
}

#[test]
fn a_stream_runs_until_its_end_and_is_shown_on_both_sides() {
    with_watchdog("stream", LIMIT, || {
        let (serveur, client) = local(counting());
        let mut items = client.appeler(compter_jusqu_a { n: 1_000_000 }).unwrap();
        assert_eq!(items.next().unwrap().unwrap(), 0);
        let chiffres = serveur.chiffres();
        assert_eq!(of(&chiffres, "compter_jusqu_a").en_cours, 1);
        assert_eq!((chiffres.charge.flux_envoyes, chiffres.charge.flux_recus), (1, 0));
        let ours = client.chiffres().charge;
        assert_eq!((ours.flux_envoyes, ours.flux_recus, ours.appels), (0, 1, 1));
        drop(items);
        assert!(soon(|| serveur.chiffres().charge.flux_envoyes == 0));
        assert!(soon(|| of(&serveur.chiffres(), "compter_jusqu_a").en_cours == 0));
        assert!(soon(|| client.chiffres().charge.flux_recus == 0));
    });
}

#[test]
fn names_that_are_made_up_make_nothing_grow() {
    // [figures.codes]
    with_watchdog("names", LIMIT, || {
        let (serveur, client) = local(counting());
        for n in 0..2_000 {
            client.envoyer(nommee(&format!("absente_{n}"), ())).unwrap();
        }
        client.appeler(double { n: 1 }).unwrap();
        let chiffres = description::chiffres(&client).unwrap();
        assert_eq!(chiffres.inconnues, 2_000);
        let names: Vec<_> = chiffres.commandes.iter().map(|one| one.nom.as_str()).collect();
        assert_eq!(names, ["cconn.chiffres", "double"]);
        assert_eq!(of(&chiffres, "cconn.chiffres").en_cours, 1, "the question itself");
        let again = serveur.chiffres();
        assert_eq!(of(&again, "cconn.chiffres").reponses, 1);
        assert_eq!(again.commandes.len(), 2);
    });
}

#[test]
fn without_counting_the_connections_are_told_all_the_same() {
    with_watchdog("off", LIMIT, || {
        let (serveur, client) = local(Serveur::options(0));
        client.appeler(double { n: 1 }).unwrap();
        for chiffres in [description::chiffres(&client).unwrap(), serveur.chiffres()] {
            assert!(!chiffres.comptees && chiffres.commandes.is_empty());
            assert_eq!((chiffres.format, chiffres.clients, chiffres.places), (1, 1, 1));
            assert!(chiffres.charge.recues >= 2 && chiffres.executions.is_empty());
            assert_eq!((chiffres.inconnues, chiffres.depuis.is_zero()), (0, true));
        }
    });
}

#[test]
fn those_who_were_refused_are_counted() {
    with_watchdog("refused", LIMIT, || {
        let running = running(Serveur::options(0));
        let client = running.client();
        client.appeler(double { n: 1 }).unwrap();
        Client::new(running.serveur.adresse()).unwrap_err();
        running.serveur.client_local().unwrap_err();
        assert!(soon(|| running.serveur.chiffres().refuses == 2));
        let chiffres = running.serveur.chiffres();
        assert_eq!((chiffres.clients, chiffres.venus, chiffres.places), (1, 1, 1));
        running.stop().unwrap();
    });
}

#[test]
fn a_client_tells_its_server_how_it_fares() {
    with_watchdog("client", LIMIT, || {
        let serveur = Serveur::options(0).echecs_affiches(false).ouvrir().unwrap();
        serveur
            .enregistrer_commande("demander", |client: &Client, (): ()| -> Resultat<[u64; 3]> {
                assert_eq!(client.appeler(double { n: 4 })?, 8);
                let theirs = description::chiffres(client)?;
                assert!(theirs.comptees && theirs.clients == 0 && theirs.venus == 0);
                assert_eq!(client.chiffres().commandes.len(), 0, "those are the server's to tell");
                let double = of(&theirs, "double").reponses;
                Ok([double, theirs.charge.appels, theirs.connexions.len() as u64])
            })
            .unwrap();
        let running = Running::of(serveur);
        let options = Client::options(running.serveur.adresse()).compter(true);
        let client = options.connecter().unwrap();
        client.enregistrer(commandes![double]).unwrap();
        let told: [u64; 3] = client.appeler(nommee("demander", ())).unwrap();
        assert_eq!(told, [1, 1, 1]);
        assert_eq!(of(&client.chiffres(), "double").reponses, 1);
        running.stop().unwrap();
    });
}

#[test]
fn what_is_switched_off_is_still_there_for_the_program() {
    let options = counting().integree(Integree::Chiffres, false);
    let (serveur, client) = local(options);
    client.appeler(double { n: 1 }).unwrap();
    let refused = description::chiffres(&client).unwrap_err().to_string();
    assert!(refused.contains("`cconn.chiffres` is switched off there"), "{refused}");
    let chiffres = serveur.chiffres();
    let double: BTreeMap<_, _> =
        chiffres.commandes.iter().map(|one| (one.nom.as_str(), ended(one))).collect();
    assert_eq!(double, BTreeMap::from([("cconn.chiffres", 1), ("double", 1)]));
}
