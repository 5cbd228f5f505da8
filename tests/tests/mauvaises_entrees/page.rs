//! What the protocol page says of cases that it would be easy to leave open.

use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::{EchecConnexion, NatureDistante, RaisonFin};
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw, Seen, adieu, call, failure, one_way, retrait};
use cconn_tests::{undisturbed, with_watchdog};

use super::LIMIT;
use super::banc::Bench;

/// What a client comes to at a server that sends that greeting, and then what `conversation` does.
fn at_server(
    greeting: &Greeting,
    conversation: impl FnOnce(Raw) + Send + 'static,
) -> (Resultat<Client>, thread::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let bytes = greeting.bytes();
    let server = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&bytes);
        raw.greeting();
        conversation(raw);
    });
    (Client::new(address), server)
}

#[test]
fn the_bound_on_a_refusals_text_is_the_senders() {
    // [greeting.text-of-others]
    with_watchdog("long refusals", LIMIT, || {
        // 4066 bytes are what is left of the longest rest.
        for length in [0, 512, 513, 4066] {
            let text = "x".repeat(length);
            let (client, server) = at_server(&Greeting::refusing(1, &text), drop);
            let Err(Erreur::Connexion(why)) = client else { panic!("{length}: accepted") };
            let EchecConnexion::Complet { texte, .. } = &*why else { panic!("{why}") };
            assert!(texte.contains(&text[..length.min(512)]), "{length}: {texte}");
            server.join().unwrap();
        }
    });
}

#[test]
fn limits_of_a_server_that_refuses_mean_nothing() {
    // [refusal.limits]
    with_watchdog("limits of a refusal", LIMIT, || {
        let greeting = Greeting { max_frame: 0, window: 0, ..Greeting::refusing(2, "later") };
        let (client, server) = at_server(&greeting, drop);
        let Err(Erreur::Connexion(why)) = client else { panic!("accepted") };
        assert!(matches!(*why, EchecConnexion::Refusee { .. }), "{why}");
        server.join().unwrap();
    });
}

#[test]
fn a_text_in_a_greeting_that_refuses_nothing_is_not_looked_at() {
    // [greeting.text-unread]
    with_watchdog("texts of greetings", LIMIT, || {
        let greeting = Greeting { text: b"welcome".to_vec(), ..Greeting::server() };
        let (client, server) = at_server(&greeting, |mut raw| assert!(!raw.rest().is_empty()));
        client.unwrap().close();
        server.join().unwrap();
        let bench = Bench::usual();
        let text = Greeting { text: b"hello".to_vec(), ..Greeting::client() };
        let mut raw = Raw::client_with(bench.address(), &text);
        raw.send(&call(9, "somme", &[2, 4]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 9, body: vec![6] }));
    });
}

#[test]
fn reasons_for_reports_only_are_abrupt_ends_all_the_same() {
    // [adieu.reports-only]
    with_watchdog("reasons 3, 4, 11", LIMIT, || {
        let bench = Bench::usual();
        for reason in [3, 4, 11] {
            let mut raw = bench.raw();
            raw.send(&adieu(reason, b"no peer"));
            raw.end();
            assert_eq!(raw.rest(), [], "nothing is sent after an abrupt goodbye");
            bench.assert_cut(raw.address(), RaisonFin::Protocole, "no peer");
        }
    });
}

#[test]
fn an_abrupt_goodbye_may_follow_an_orderly_one() {
    // [retrait.answer] [adieu.late-abrupt] [goodbye.grace]
    with_watchdog("adieu 10 after adieu 1", LIMIT, || {
        // From the peer, while a command of its own still runs here.
        let bench = Bench::usual();
        let (release, held) = mpsc::channel::<()>();
        let held = std::sync::Mutex::new(held);
        let slow = move |_: &Client, (): ()| {
            let _released = held.lock().unwrap().recv();
        };
        bench.serveur.enregistrer_commande("slow", slow).unwrap();
        let mut raw = bench.raw();
        raw.send(&[one_way("slow", &[]), retrait()].concat());
        assert_eq!(raw.next(), Some(Seen::Retrait));
        raw.send(&[adieu(1, b""), adieu(10, b"it is late")].concat());
        raw.end();
        assert_eq!(raw.rest(), []);
        drop(release);
        bench.assert_cut(raw.address(), RaisonFin::DelaiDeGrace, "it is late");

        // From this side, to a peer that does not say its own.
        let grace = Duration::from_millis(200);
        undisturbed(grace / 3, || {
            let serveur = Serveur::options(0).delai_arret(grace).ouvrir().unwrap();
            let running = serveur.clone();
            thread::spawn(move || running.lancer());
            let mut raw = Raw::client(serveur.adresse().socket().unwrap());
            let stopping = serveur.clone();
            let stop = thread::spawn(move || stopping.eteindre());
            assert_eq!(raw.next(), Some(Seen::Retrait));
            raw.send(&retrait());
            let said: Vec<_> = raw.rest();
            assert!(
                matches!(said[..], [Seen::Adieu { reason: 1, .. }, Seen::Adieu { reason: 10, .. }]),
                "{said:?}"
            );
            assert!(matches!(stop.join().unwrap(), Err(Erreur::Delai(_))));
        });
    });
}

#[test]
fn every_failure_code_has_a_meaning_and_a_long_text_is_kept_in_part() {
    // [text.of-others] [codes.short]
    with_watchdog("codes 9 and 10", LIMIT, || {
        let long = "long ".repeat(1000);
        let cases = [
            (9, NatureDistante::ReponsePerdue, "nobody claimed it".to_owned()),
            (10, NatureDistante::Fermee, "it went away".to_owned()),
            (5, NatureDistante::Echec, long),
        ];
        for (code, nature, text) in cases {
            let said = text.clone();
            let (client, server) = at_server(&Greeting::server(), move |mut raw| {
                let Some(Seen::Call { id, .. }) = raw.next() else { panic!("no call") };
                raw.send(&failure(id, "somme", code, said.as_bytes()));
                assert!(!raw.rest().is_empty(), "it ends with an adieu");
            });
            let client = client.unwrap();
            let answer = client.appeler::<i64, _>(nommee("somme", (1_i64, 2_i64)));
            let Err(error @ Erreur::Distante(_)) = answer else { panic!("{answer:?}") };
            assert!(error.a_pu_etre_executee() && !error.est_fatale(), "{error}");
            let Erreur::Distante(why) = error else { unreachable!() };
            assert_eq!(why.nature, nature);
            assert!(why.texte.len() <= 900 && why.texte.starts_with(&text[..10]), "{}", why.texte);
            client.close();
            server.join().unwrap();
        }
    });
}

#[test]
fn a_failure_of_a_message_that_was_never_sent_ends_nothing() {
    // [failure.never-sent]
    with_watchdog("failures of nothing", LIMIT, || {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let options = Client::options(listener.local_addr().unwrap()).quand_echec(|_, _| {});
        let server = thread::spawn(move || {
            let mut raw = Raw::accept(&listener);
            raw.send(&Greeting::server().bytes());
            raw.greeting();
            for _ in 0..200 {
                raw.send(&failure(0, "never", 1, b"not here"));
            }
            let Some(Seen::Call { id, .. }) = raw.next() else { panic!("no call") };
            raw.send(&cconn_tests::raw::answer(id, &[92]));
            raw.rest()
        });
        let client = options.connecter().unwrap();
        assert_eq!(client.appeler::<i64, _>(nommee("somme", (1_i64, 2_i64))).unwrap(), 46);
        client.close();
        server.join().unwrap();
    });
}

#[test]
fn a_refused_client_keeps_no_place() {
    with_watchdog("a refused newcomer that stays", LIMIT, || {
        let bench = Bench::new(|options| options.max_clients(2));
        // The bench has one client of its own.
        let first = bench.raw();
        let mut refused: Vec<Raw> = (0..5)
            .map(|_| {
                let mut raw = Raw::connect(bench.serveur.adresse().socket().unwrap());
                let greeting = raw.greeting();
                assert_eq!(greeting[14], 1, "full");
                raw
            })
            .collect();
        drop(first);
        // They still read, and have not ended their side.
        let mut raw = loop {
            let mut raw = Raw::connect(bench.serveur.adresse().socket().unwrap());
            raw.send(&Greeting::client().bytes());
            if raw.greeting()[14] == 0 {
                break raw;
            }
        };
        raw.send(&call(9, "somme", &[2, 4]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 9, body: vec![6] }));
        for raw in &mut refused {
            assert_eq!(raw.rest(), [], "the server has ended its side");
        }
    });
}
