//! The verbs that never wait.

use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use cconn::erreur::RaisonNonEnvoi;
use cconn::{Client, Erreur, nommee};
use cconn_tests::{Stopwatch, local, with_watchdog};

use super::LIMIT;

#[test]
fn a_message_that_needs_no_waiting_is_sent() {
    with_watchdog("essayer", LIMIT, || {
        let (serveur, client) = local();
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("note", move |_, (n,): (u32,)| sender.send(n).unwrap())
            .unwrap();
        for n in 0..1_000_u32 {
            client.essayer(nommee("note", (n,))).unwrap();
        }
        client.vider().unwrap();
        let seen: Vec<u32> = seen.iter().take(1_000).collect();
        assert_eq!(seen, (0..1_000).collect::<Vec<_>>());
    });
}

#[test]
fn a_call_that_is_tried_is_waited_for_as_long_as_any_other() {
    with_watchdog("essayer_appel", LIMIT, || {
        let (serveur, client) = local();
        serveur
            .enregistrer_commande("double", |_, (n,): (u64,)| {
                thread::sleep(Duration::from_millis(30));
                2 * n
            })
            .unwrap();
        let call = client.essayer_appel::<u64, _>(nommee("double", (21_u64,))).unwrap();
        assert_eq!(call.attendre().unwrap(), 42);
    });
}

#[test]
fn essayer_at_a_full_window_fails_at_once() {
    with_watchdog("a full window", LIMIT, || {
        let (serveur, client) = local();
        let (go, gate) = mpsc::channel::<()>();
        let gate = Mutex::new(gate);
        serveur
            .enregistrer_commande("bloc", move |_, (_b,): (cconn::Octets,)| {
                let _gone = gate.lock().unwrap().recv();
            })
            .unwrap();
        let block = vec![7_u8; 1 << 20];
        let watch = Stopwatch::start();
        let refused =
            (0..64).find_map(|_| client.essayer(nommee("bloc", (cconn::OctetsRef(&block),))).err());
        // A wait for room would have lasted until the deadline of half a minute.
        assert!(watch.elapsed() < LIMIT / 4, "it never waits");
        let Some(Erreur::NonEnvoyee(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(error.raison, RaisonNonEnvoi::SansPlace);
        assert!(error.to_string().contains("`bloc` was not sent"), "{error}");
        assert!(client.est_connecte());
        drop(go);
        client.eteindre().unwrap();
    });
}

#[test]
fn essayer_inside_a_command_keeps_the_turn() {
    with_watchdog("inside a command", LIMIT, || {
        let (serveur, client) = local();
        serveur
            .enregistrer_commande("rend", |client: &Client, ()| -> cconn::Resultat<()> {
                client.essayer(nommee("recu", ()))?;
                drop(client.essayer_appel::<(), _>(nommee("recu", ()))?);
                Ok(())
            })
            .unwrap();
        let (sender, seen) = mpsc::channel();
        client.enregistrer_commande("recu", move |_, ()| sender.send(()).unwrap()).unwrap();
        client.appeler::<(), _>(nommee("rend", ())).unwrap();
        client.rattraper().unwrap();
        assert!(seen.try_iter().count() >= 1);
    });
}

#[test]
fn the_end_and_a_stop_are_told_from_no_room() {
    with_watchdog("the end", LIMIT, || {
        let (_serveur, client) = local();
        client.close();
        assert!(matches!(client.essayer(nommee("x", ())), Err(Erreur::Fermee(_))));
        let call = client.essayer_appel::<(), _>(nommee("x", ()));
        assert!(matches!(call, Err(Erreur::Fermee(_))));
        let large = vec![0_u8; 9 << 20];
        let (_serveur, client) = local();
        let sent = client.essayer(nommee("x", (cconn::OctetsRef(&large),)));
        let Err(Erreur::NonEnvoyee(error)) = sent else { panic!("{sent:?}") };
        assert!(matches!(error.raison, RaisonNonEnvoi::TropGrande { .. }));
    });
}
