//! Which side ended a connection, and for which of its settings.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::RaisonFin;
use cconn::{Client, Erreur, Etat, Promesse, Serveur, commande, commandes, nommee};
use cconn_tests::raw::{Greeting, Raw, call};
use cconn_tests::{undisturbed, until, until_some, with_watchdog};

use super::LIMIT;

/// An end, its name, and what the client and the server say of it.
type End = (&'static str, fn(&Serveur, &Client), [(RaisonFin, bool); 2]);

const ENDS: [End; 5] = [
    (
        "the client stops",
        |_, client| client.eteindre().unwrap(),
        [(RaisonFin::Terminee, true), (RaisonFin::Terminee, false)],
    ),
    (
        "the server stops",
        |serveur, _| serveur.eteindre().unwrap(),
        [(RaisonFin::Terminee, false), (RaisonFin::Terminee, true)],
    ),
    (
        "the client closes",
        |_, client| client.close(),
        [(RaisonFin::FermeeIci, true), (RaisonFin::FermeeParLePair, false)],
    ),
    (
        "the server closes",
        |serveur, _| serveur.clients()[0].close(),
        [(RaisonFin::FermeeParLePair, false), (RaisonFin::FermeeIci, true)],
    ),
    (
        "the server sends away",
        |serveur, _| serveur.clients()[0].expulser("be polite").unwrap(),
        [(RaisonFin::Expulsee, false), (RaisonFin::FermeeIci, true)],
    ),
];

#[test]
fn each_side_knows_which_one_asked_for_the_end() {
    with_watchdog("which side asked for the end", LIMIT, || ENDS.into_iter().for_each(ends));
}

fn ends((name, end, [at_client, at_server]): End) {
    let (told, of_server) = mpsc::channel();
    let hook = move |client: &Client, _| told.send(client.fin()).unwrap();
    let serveur = Serveur::options(0).quand_deconnecte(hook).ouvrir().unwrap();
    serveur.enregistrer_commande("rien", |_, (): ()| ()).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let (told, of_client) = mpsc::channel();
    let hook = move |client: &Client, _| told.send(client.fin()).unwrap();
    let client = Client::options(serveur.adresse()).quand_deconnecte(hook).connecter().unwrap();
    client.ecouter().unwrap();
    client.appeler::<(), _>(nommee("rien", ())).unwrap();
    assert_eq!(client.fin(), None, "{name}");
    end(&serveur, &client);
    for (hook, expected) in [(of_client, at_client), (of_server, at_server)] {
        let fin = hook.recv().unwrap().expect("the connection has ended");
        assert_eq!((fin.raison, fin.ici), expected, "{name}: {fin}");
    }
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

/// The stop of a server says how long it took, not how long it might have taken, and which limit
/// ended a connection meanwhile.
#[test]
fn a_stop_that_a_slow_client_spoils_says_so() {
    with_watchdog("a slow client", LIMIT, || undisturbed(Duration::from_millis(100), slow_client));
}

fn slow_client() {
    let options = Serveur::options(0).delai_ecriture(Duration::from_millis(300));
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer_commande("large", |_, (): ()| vec![7_u8; 60 << 10]).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let mut deaf = Raw::client(serveur.adresse().socket().unwrap());
    for id in 1..=1000 {
        deaf.send(&call(id, "large", &[]));
    }
    until("the client is there", || !serveur.clients().is_empty());
    let begin = Instant::now();
    let Err(Erreur::Delai(late)) = serveur.eteindre() else { panic!("it was cut") };
    assert!(late.delai <= begin.elapsed(), "{late}");
    let text = late.to_string();
    assert!(text.contains("1 connection was cut, before the end of `delai_arret`: "), "{text}");
    assert!(text.contains("the whole of `delai_ecriture`"), "{text}");
    assert!(!text.contains("still inside"), "{text}");
    lancer.join().unwrap().unwrap_err();
    // Its connection is kept until now.
    assert!(deaf.address().port() > 0);
}

#[test]
fn a_call_by_an_ended_connection_says_which_side_ended_it() {
    with_watchdog("an ended connection", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let client = serveur.client_local().unwrap();
        client.eteindre().unwrap();
        let text = client.appeler::<(), _>(nommee("rien", ())).unwrap_err().to_string();
        assert!(text.contains("in an orderly way, as this side asked"), "{text}");
    });
}

type Promises = Mutex<Vec<Promesse<u8>>>;

#[commande]
fn promet(promesse: Promesse<u8>, gardees: &Etat<Promises>) {
    gardees.lock().unwrap().push(promesse);
}

/// A promise may be dropped under a lock of the program's, whatever its caller takes.
#[test]
fn the_drop_of_a_promise_waits_for_no_deaf_peer() {
    with_watchdog("a deaf peer", LIMIT, || {
        let options = Serveur::options(0).delai_ecriture(Duration::from_secs(3));
        let serveur = options.fournir(Promises::default()).ouvrir().unwrap();
        serveur.enregistrer(commandes![promet]).unwrap();
        let running = serveur.clone();
        let lancer = thread::spawn(move || running.lancer());
        let greeting = Greeting { window: 1 << 30, max_frame: 1 << 20, ..Greeting::client() };
        let mut deaf = Raw::client_with(serveur.adresse().socket().unwrap(), &greeting);
        deaf.send(&call(1, "promet", &[]));
        let there = until_some("the client is there", || serveur.clients().pop());
        let kept = || there.avec_etat(|gardees: &Promises| gardees.lock().unwrap().pop()).unwrap();
        let promise = until_some("the promise is made", kept);
        // What the peer does not take fills the socket, and then the outbox.
        while there.essayer(nommee("line", (vec![0_u8; 60_000],))).is_ok() {}
        let begin = Instant::now();
        drop(promise);
        assert!(begin.elapsed() < Duration::from_millis(1500), "{:?}", begin.elapsed());
        assert!(there.est_connecte());
        there.close();
        drop(deaf);
        serveur.eteindre().unwrap();
        lancer.join().unwrap().unwrap();
    });
}
