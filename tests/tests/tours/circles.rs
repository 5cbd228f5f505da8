//! Closures that capture a handle to what they are registered on, and are let go of all the same.

use std::net::TcpListener;
use std::sync::{Arc, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::Enregistrement;
use cconn::{Client, Erreur, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running};

/// Says so when it is dropped.
struct Captured(mpsc::Sender<&'static str>, &'static str);

impl Drop for Captured {
    fn drop(&mut self) {
        let _nobody_asks = self.0.send(self.1);
    }
}

fn expect(dropped: &mpsc::Receiver<&'static str>, what: &[&str]) {
    let wait = || dropped.recv_timeout(LIMIT / 2);
    let mut seen: Vec<_> = what.iter().map(|_| wait().expect("it is kept")).collect();
    seen.sort_unstable();
    assert_eq!(seen, what);
}

fn registering_itself(client: &Client, captured: Captured) {
    let own = client.clone();
    let etat = move |_: &Client, (): ()| {
        let _kept = &captured;
        own.est_connecte()
    };
    client.enregistrer_commande("etat", etat).unwrap();
}

#[test]
fn captures_of_a_client_are_dropped_with_the_connection() {
    with_watchdog("client", LIMIT, || {
        let running = Running::new(Serveur::options(0).max_clients(8));
        let end: [fn(&Running, &Client); 4] = [
            |_, client| client.eteindre().unwrap(),
            |_, client| client.close(),
            |running, _| running.serveur.clients().iter().for_each(Client::close),
            |running, _| running.serveur.clients().iter().for_each(|c| c.eteindre().unwrap()),
        ];
        for end in end {
            for local in [false, true] {
                let (sender, dropped) = mpsc::channel();
                let client =
                    if local { running.serveur.client_local().unwrap() } else { running.client() };
                registering_itself(&client, Captured(sender, "closure"));
                // So that the server knows of it.
                let _absent = client.appeler::<(), _>(nommee("absent", ()));
                end(&running, &client);
                expect(&dropped, &["closure"]);
                let late = client.enregistrer_commande("late", |_: &Client, (): ()| ());
                let is_late = matches!(&late, Err(Erreur::Enregistrement(why))
                    if **why == Enregistrement::Finie);
                assert!(is_late, "{late:?}");
            }
        }
        running.stop().unwrap();
    });
}

#[test]
fn hooks_of_a_client_go_with_the_connection() {
    with_watchdog("client's hooks", LIMIT, || {
        let running = Running::new(Serveur::options(0));
        let (sender, dropped) = mpsc::channel();
        let (one, two, three) = (
            Captured(sender.clone(), "echec"),
            Captured(sender.clone(), "fin"),
            Captured(sender, "ici"),
        );
        let own = Arc::new(OnceLock::<Client>::new());
        let (a, b, c) = (own.clone(), own.clone(), own.clone());
        let options = Client::options(running.serveur.adresse());
        let client = options
            .quand_echec(move |_, _| {
                let _kept = (&one, &a);
            })
            .quand_deconnecte(move |_, _| {
                let _kept = (&two, &b);
            })
            .quand_commande_echoue(move |_, _| {
                let _kept = (&three, &c);
            })
            .connecter()
            .unwrap();
        own.set(client.clone()).unwrap();
        drop(own);
        client.eteindre().unwrap();
        expect(&dropped, &["echec", "fin", "ici"]);
        running.stop().unwrap();
    });
}

/// Registers closures that hold the server itself.
fn closed_circle(sender: &mpsc::Sender<&'static str>) -> Serveur {
    let own = Arc::new(OnceLock::<Serveur>::new());
    let captured = |what| (Captured(sender.clone(), what), own.clone());
    let [a, b, c, d] = [captured("a"), captured("b"), captured("c"), captured("d")];
    let serveur = Serveur::options(0)
        .max_clients(4)
        .quand_connecte(move |_| {
            let _kept = &a;
        })
        .quand_deconnecte(move |_, _| {
            let _kept = &b;
        })
        .quand_refuse(move |_, _| {
            let _kept = &c;
        })
        .ouvrir()
        .unwrap();
    let count = move |_: &Client, (): ()| {
        let all = &d;
        all.1.get().unwrap().clients().len()
    };
    serveur.enregistrer_commande("combien", count).unwrap();
    own.set(serveur.clone()).unwrap();
    serveur
}

#[test]
fn captures_of_a_server_are_dropped_at_its_stop() {
    with_watchdog("server", LIMIT, || {
        let (sender, dropped) = mpsc::channel();
        let running = Running::of(closed_circle(&sender));
        let address = running.serveur.adresse();
        let client = running.client();
        assert_eq!(client.appeler::<usize, _>(nommee("combien", ())).unwrap(), 1);
        running.stop().unwrap();
        expect(&dropped, &["a", "b", "c", "d"]);
        TcpListener::bind(address).unwrap();
        drop(client);
    });
}

#[test]
fn a_server_that_never_ran_lets_go_too() {
    with_watchdog("never ran", LIMIT, || {
        let (sender, dropped) = mpsc::channel();
        let serveur = closed_circle(&sender);
        let client = serveur.client_local().unwrap();
        assert_eq!(client.appeler::<usize, _>(nommee("combien", ())).unwrap(), 1);
        serveur.eteindre().unwrap();
        expect(&dropped, &["a", "b", "c", "d"]);
        assert!(serveur.enregistrer_commande("late", |_: &Client, (): ()| ()).is_err());
    });
}

#[test]
fn a_command_that_outlasts_the_stop_keeps_its_own_closure_only() {
    with_watchdog("outlasts", LIMIT, || {
        let (sender, dropped) = mpsc::channel();
        let options = Serveur::options(0).delai_arret(Duration::from_millis(50));
        let serveur = options.ouvrir().unwrap();
        let (end, ends) = mpsc::channel::<()>();
        let (ends, own) = (std::sync::Mutex::new(ends), serveur.clone());
        let captured = Captured(sender, "stuck");
        let (started, starts) = mpsc::channel();
        let stuck = move |_: &Client, (): ()| {
            let _kept = (&captured, &own);
            started.send(()).unwrap();
            let _end = ends.lock().unwrap().recv();
        };
        serveur.enregistrer_commande("stuck", stuck).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        client.envoyer(nommee("stuck", ())).unwrap();
        starts.recv().unwrap();
        assert!(running.stop().is_err(), "its thread is stuck");
        assert!(dropped.try_recv().is_err(), "it runs");
        drop(end);
        expect(&dropped, &["stuck"]);
    });
}

#[test]
fn weak_handles_keep_nothing_open() {
    with_watchdog("weak", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let address = serveur.adresse();
        let weak = serveur.faible();
        let count = move |_: &Client, (): ()| weak.serveur().map_or(0, |s| s.clients().len());
        serveur.enregistrer_commande("combien", count).unwrap();
        let weak = serveur.faible();
        drop(serveur);
        assert!(weak.serveur().is_none());
        TcpListener::bind(address).unwrap();

        let running = Running::new(Serveur::options(0));
        let client = running.client();
        let own = client.faible();
        let etat = move |_: &Client, (): ()| own.client().is_some();
        client.enregistrer_commande("etat", etat).unwrap();
        let weak = client.faible();
        let _absent = client.appeler::<(), _>(nommee("absent", ()));
        drop(client);
        assert!(weak.client().is_none());
        while !running.serveur.clients().is_empty() {
            thread::yield_now();
        }
        running.stop().unwrap();
    });
}

#[test]
fn a_closure_that_panics_when_it_is_dropped_keeps_no_other() {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            panic!("a panic on purpose");
        }
    }
    with_watchdog("panics", LIMIT, || {
        let running = Running::new(Serveur::options(0));
        let client = running.client();
        let (sender, dropped) = mpsc::channel();
        for (name, panics) in [("a", Some(Panics)), ("b", None), ("c", Some(Panics))] {
            let captured = (Captured(sender.clone(), "closure"), client.clone(), panics);
            let command = move |_: &Client, (): ()| {
                let all = &captured;
                all.1.est_connecte()
            };
            client.enregistrer_commande(name, command).unwrap();
        }
        client.eteindre().unwrap();
        expect(&dropped, &["closure", "closure", "closure"]);
        running.stop().unwrap();
    });
}
