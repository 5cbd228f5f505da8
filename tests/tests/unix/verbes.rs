//! What a connection does over a Unix socket: every verb, large payloads, ends.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Octets, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::dossier::{Dossier, LIMIT, launch, stop};

#[test]
fn every_verb_works() {
    with_watchdog("verbs", LIMIT, || {
        let dossier = Dossier::new();
        let serveur = Serveur::options(dossier.join("s")).max_clients(3).ouvrir().unwrap();
        serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
        let back = |client: &Client, (n,): (u64,)| client.appeler::<u64, _>(nommee("plus", (n,)));
        serveur.enregistrer_commande("rappel", back).unwrap();
        let (sender, heard) = mpsc::channel();
        let note = move |_: &Client, (n,): (u64,)| sender.send(n).unwrap();
        serveur.enregistrer_commande("note", note).unwrap();
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        let (sender, news) = mpsc::channel();
        client.enregistrer_commande("plus", |_, (n,): (u64,)| n + 1).unwrap();
        client
            .enregistrer_commande("news", move |_, (n,): (u64,)| sender.send(n).unwrap())
            .unwrap();
        let running = client.clone();
        let runs = thread::spawn(move || running.lancer());
        assert_eq!(client.appeler::<u64, _>(nommee("double", (21_u64,))).unwrap(), 42);
        assert_eq!(client.appeler::<u64, _>(nommee("rappel", (1_u64,))).unwrap(), 2);
        client.envoyer(nommee("note", (1_u64,))).unwrap();
        assert!(client.essayer(nommee("note", (2_u64,))).is_ok());
        assert_eq!([heard.recv().unwrap(), heard.recv().unwrap()], [1, 2]);
        let later = client.differer::<u64, _>(nommee("double", (4_u64,))).unwrap();
        assert_eq!(later.attendre().unwrap(), 8);
        serveur.diffuser(nommee("news", (7_u64,))).unwrap();
        assert_eq!(news.recv().unwrap(), 7);
        client.rattraper().unwrap();
        client.eteindre().unwrap();
        runs.join().unwrap().unwrap();
        stop(&serveur, lancer);
    });
}

#[test]
fn both_sides_know_each_other() {
    with_watchdog("both sides", LIMIT, || {
        let dossier = Dossier::new();
        let (sender, connected) = mpsc::channel();
        let options = Serveur::options(dossier.join("s")).quand_connecte(move |client| {
            sender.send((client.adresse(), client.to_string(), client.identite().clone())).unwrap();
        });
        let serveur = options.ouvrir().unwrap();
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        let (address, shown, pair) = connected.recv().unwrap();
        assert_eq!((address, client.adresse()), (Some(serveur.adresse()), Some(serveur.adresse())));
        assert_eq!(shown, format!("{} (#1)", serveur.adresse()));
        if cfg!(target_os = "linux") {
            for pair in [&pair, client.identite()] {
                let pair = pair.unix().unwrap();
                assert!(pair.est_meme_utilisateur());
                assert_eq!(pair.pid, Some(std::process::id()));
            }
        }
        // By TCP nothing is known.
        let other = Serveur::new(0).unwrap();
        let runs = launch(&other);
        assert_eq!(Client::new(other.adresse()).unwrap().identite().unix(), None);
        stop(&other, runs);
        stop(&serveur, lancer);
    });
}

#[test]
fn large_payloads_cross_both_ways_at_once() {
    with_watchdog("large", LIMIT, || {
        let dossier = Dossier::new();
        let serveur = Serveur::new(dossier.join("s")).unwrap();
        serveur.enregistrer_commande("echo", |_, (octets,): (Octets,)| octets).unwrap();
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        thread::scope(|scope| {
            for seed in 0..4_u8 {
                let client = &client;
                scope.spawn(move || {
                    for size in [0, 1, 1 << 16, 233_000, 1 << 20, 5 << 20] {
                        let bytes: Vec<u8> =
                            (0..251).cycle().take(size).map(|n: u8| n ^ seed).collect();
                        let sent = Octets::from(bytes.clone());
                        let back: Octets = client.appeler(nommee("echo", (sent,))).unwrap();
                        assert!(back.0 == bytes, "{size} bytes");
                    }
                });
            }
        });
        stop(&serveur, lancer);
    });
}

#[test]
fn a_stop_from_inside_a_command_only_begins_it() {
    with_watchdog("stop inside", LIMIT, || {
        let dossier = Dossier::new();
        let serveur = Serveur::new(dossier.join("s")).unwrap();
        let hers = serveur.clone();
        serveur.enregistrer_commande("stop", move |_, (): ()| hers.eteindre()).unwrap();
        let (sender, receiver) = mpsc::channel::<Client>();
        let receiver = std::sync::Mutex::new(receiver);
        // The client's end of the connection that the command came by.
        let other_end =
            move |_: &Client, (): ()| receiver.lock().unwrap().recv().unwrap().eteindre();
        serveur.enregistrer_commande("other_end", other_end).unwrap();
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        sender.send(client.clone()).unwrap();
        if cfg!(target_os = "linux") {
            client.appeler::<(), _>(nommee("other_end", ())).unwrap();
            client.eteindre().unwrap();
        }
        drop(client);
        let second = Client::new(serveur.adresse()).unwrap();
        second.appeler::<(), _>(nommee("stop", ())).unwrap();
        lancer.join().unwrap().unwrap();
    });
}

/// A peer that greets as a server, and what is done to it afterwards.
fn with_peer(end: impl FnOnce(UnixStream) + Send + 'static) -> (Dossier, Client) {
    let dossier = Dossier::new();
    let listener = UnixListener::bind(dossier.join("s")).unwrap();
    let greeting = greeting();
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(&greeting).unwrap();
        end(stream);
    });
    let client = Client::options(dossier.join("s")).delai_reponse(LIMIT).connecter().unwrap();
    drop(peer);
    (dossier, client)
}

/// A server's greeting, as a server sends it.
fn greeting() -> Vec<u8> {
    let dossier = Dossier::new();
    let serveur = Serveur::new(dossier.join("s")).unwrap();
    let lancer = launch(&serveur);
    let mut stream = UnixStream::connect(dossier.join("s")).unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    stop(&serveur, lancer);
    bytes
}

#[test]
fn a_peer_that_goes_or_ends_its_side_ends_every_call() {
    with_watchdog("gone", LIMIT, || {
        let ends: [fn(UnixStream); 4] = [
            drop,
            |stream| stream.shutdown(Shutdown::Write).unwrap(),
            |stream| stream.shutdown(Shutdown::Both).unwrap(),
            |mut stream| {
                // The call has come, and is not answered.
                let _some = stream.read(&mut [0; 100]).unwrap();
            },
        ];
        for end in ends {
            let (_dossier, client) = with_peer(move |stream| {
                thread::sleep(Duration::from_millis(5));
                end(stream);
            });
            let error = client.appeler::<(), _>(nommee("absente", ())).unwrap_err();
            assert!(matches!(error, Erreur::Fermee(_)), "{error:?}");
            assert!(error.to_string().contains("unix:/"), "{error}");
            assert!(!client.est_connecte());
        }
    });
}

#[test]
fn a_deadline_ends_a_wait_for_a_peer_that_is_silent() {
    with_watchdog("silent", LIMIT, || {
        let (sender, kept) = mpsc::channel();
        let (_dossier, client) = with_peer(move |stream| sender.send(stream).unwrap());
        for millis in [0, 1, 20, 120] {
            let client = client.avec_delai(Duration::from_millis(millis));
            let error = client.appeler::<(), _>(nommee("absente", ())).unwrap_err();
            assert!(matches!(error, Erreur::Delai(_)), "{error:?}");
        }
        drop(kept);
    });
}

#[test]
fn who_says_nothing_or_nonsense_is_turned_away_and_costs_nobody_a_place() {
    with_watchdog("newcomers", LIMIT, || {
        let dossier = Dossier::new();
        let (sender, refused) = mpsc::channel();
        // Longer than who does greet is ever held up for.
        let time = Duration::from_millis(1_500);
        let options = Serveur::options(dossier.join("s")).delai_accueil(time);
        let options = options.quand_refuse(move |_, why| sender.send(why.to_string()).unwrap());
        let serveur = options.ouvrir().unwrap();
        let lancer = launch(&serveur);
        let silent = UnixStream::connect(dossier.join("s")).unwrap();
        drop(UnixStream::connect(dossier.join("s")).unwrap());
        let mut other = UnixStream::connect(dossier.join("s")).unwrap();
        other.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let said: Vec<_> = (0..3).map(|_| refused.recv().unwrap()).collect();
        assert!(said.iter().any(|why| why.contains("GET / HTTP/1.1")), "{said:?}");
        assert!(said.iter().any(|why| why.contains("no greeting")), "{said:?}");
        drop(silent);
        drop(Client::new(dossier.join("s")).unwrap());
        stop(&serveur, lancer);
    });
}

#[test]
fn a_guard_knows_the_user_of_its_caller() {
    with_watchdog("guard", LIMIT, || {
        let dossier = Dossier::new();
        let ours = std::fs::metadata(dossier.join(".")).unwrap().uid();
        let guard = move |client: &Client, name: &str| match (client.identite().unix(), name) {
            (Some(caller), "a_nous") => caller.uid == ours,
            (caller, "aux_autres") => caller.is_some_and(|caller| caller.uid != ours),
            _ => false,
        };
        let serveur = Serveur::options(dossier.join("s")).garde(guard).ouvrir().unwrap();
        for name in ["a_nous", "aux_autres"] {
            serveur.enregistrer_commande(name, |_, (): ()| 7_u8).unwrap();
        }
        let lancer = launch(&serveur);
        let client = Client::new(serveur.adresse()).unwrap();
        assert_eq!(client.appeler::<u8, _>(nommee("a_nous", ())).unwrap(), 7);
        let refused = client.appeler::<u8, _>(nommee("aux_autres", ())).unwrap_err();
        let Erreur::Distante(distante) = &refused else { panic!("{refused}") };
        assert_eq!(distante.nature, NatureDistante::Interdite);
        let known = format!("known there as uid {ours}, gid ");
        assert!(refused.to_string().contains(&known), "{refused}");
        client.eteindre().unwrap();
        stop(&serveur, lancer);
    });
}
