//! An answer overtakes what its command sent before; `rattraper` waits for that.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cconn::erreur::{Phase, RaisonNonEnvoi};
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::{until, with_watchdog};

use super::LIMIT;

const LINES: u32 = 100;

/// A server whose command `work` sends 100 messages and answers, a client over TCP, and how many
/// of the messages the client has handled; each takes that long.
fn counting(each: Duration) -> (Serveur, Client, Arc<AtomicU32>) {
    counting_behind(&Arc::default(), each)
}

/// The same, and none is handled while that is locked.
fn counting_behind(gate: &Arc<Mutex<()>>, each: Duration) -> (Serveur, Client, Arc<AtomicU32>) {
    let serveur = Serveur::new(0).unwrap();
    serveur
        .enregistrer_commande("work", |client: &Client, ()| -> Resultat<()> {
            (0..LINES).try_for_each(|n| client.envoyer(nommee("line", (n,))))
        })
        .unwrap();
    thread::spawn({
        let serveur = serveur.clone();
        move || serveur.lancer()
    });
    let client = Client::new(serveur.adresse()).unwrap();
    let handled = Arc::new(AtomicU32::new(0));
    let (counter, gate) = (handled.clone(), gate.clone());
    client
        .enregistrer_commande("line", move |_, (n,): (u32,)| {
            drop(gate.lock().unwrap());
            thread::sleep(each);
            assert_eq!(counter.fetch_add(1, Ordering::SeqCst), n % LINES, "in order");
        })
        .unwrap();
    (serveur, client, handled)
}

fn work(client: &Client) {
    client.appeler::<(), _>(nommee("work", ())).unwrap();
}

#[test]
fn rattraper_waits_for_what_came_before_the_answer() {
    with_watchdog("rattraper", LIMIT, || {
        for launched in [false, true] {
            let (serveur, client, handled) = counting(Duration::from_micros(200));
            let runs = client.clone();
            let running = launched.then(|| thread::spawn(move || runs.lancer()));
            work(&client);
            client.rattraper().unwrap();
            assert_eq!(handled.load(Ordering::SeqCst), LINES, "lancer: {launched}");
            client.rattraper().unwrap();
            client.eteindre().unwrap();
            if let Some(running) = running {
                running.join().unwrap().unwrap();
            }
            serveur.eteindre().unwrap();
        }
    });
}

#[test]
fn messages_that_arrive_during_a_call_are_run_to_their_end() {
    with_watchdog("without lancer", LIMIT, || {
        let (serveur, client, handled) = counting(Duration::ZERO);
        work(&client);
        until("all are handled", || handled.load(Ordering::SeqCst) == LINES);
        client.close();
        serveur.eteindre().unwrap();
    });
}

#[test]
fn rattraper_is_bounded_by_the_handle_s_deadline() {
    with_watchdog("a deadline", LIMIT, || {
        let gate = Arc::default();
        let (serveur, client, handled) = counting_behind(&gate, Duration::ZERO);
        let closed = gate.lock().unwrap();
        work(&client);
        for delai in [Duration::ZERO, Duration::from_millis(20)] {
            let late = client.avec_delai(delai).rattraper();
            let Err(Erreur::Delai(late)) = late else { panic!("{late:?}") };
            assert_eq!((late.phase, late.delai), (Phase::Rattrapage, delai));
            assert!(late.to_string().contains("not handled yet"), "{late}");
        }
        drop(closed);
        client.rattraper().unwrap();
        assert_eq!(handled.load(Ordering::SeqCst), LINES);
        client.close();
        serveur.eteindre().unwrap();
    });
}

#[test]
fn rattraper_does_not_wait_for_what_comes_meanwhile() {
    with_watchdog("a stream without end", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur
            .enregistrer_commande(
                "flot",
                |client: &Client, ()| {
                    while client.envoyer(nommee("goutte", ())).is_ok() {}
                },
            )
            .unwrap();
        thread::spawn({
            let serveur = serveur.clone();
            move || serveur.lancer()
        });
        let client = Client::new(serveur.adresse()).unwrap();
        let (sender, first) = mpsc::sync_channel(1);
        client
            .enregistrer_commande("goutte", move |_, ()| {
                let _full = sender.try_send(());
            })
            .unwrap();
        let runs = client.clone();
        thread::spawn(move || runs.lancer());
        client.envoyer(nommee("flot", ())).unwrap();
        first.recv().unwrap();
        for _ in 0..3 {
            client.rattraper().unwrap();
        }
        client.close();
        serveur.eteindre().unwrap();
    });
}

#[test]
fn rattraper_waits_for_handlers_that_wait_themselves_and_for_parallel_ones() {
    with_watchdog("handlers that wait", LIMIT, || {
        let (serveur, client, _) = counting(Duration::ZERO);
        let handled = Arc::new(AtomicU32::new(0));
        let counter = handled.clone();
        serveur
            .enregistrer_commande("dors", |_, ()| thread::sleep(Duration::from_millis(40)))
            .unwrap();
        client
            .enregistrer_commande("attend", move |client: &Client, ()| -> Resultat<()> {
                client.appeler::<(), _>(nommee("dors", ()))?;
                counter.fetch_add(1, Ordering::SeqCst);
                Ok(())
            })
            .unwrap();
        serveur
            .enregistrer_commande("fais", |client: &Client, ()| -> Resultat<()> {
                (0..3).try_for_each(|_| client.envoyer(nommee("attend", ())))
            })
            .unwrap();
        client.appeler::<(), _>(nommee("fais", ())).unwrap();
        client.rattraper().unwrap();
        assert_eq!(handled.load(Ordering::SeqCst), 3);
        client.close();
        serveur.eteindre().unwrap();
    });
}

#[test]
fn rattraper_inside_a_command_is_refused() {
    with_watchdog("inside a command", LIMIT, || {
        let (serveur, client, _) = counting(Duration::ZERO);
        let (sender, seen) = mpsc::channel();
        serveur
            .enregistrer_commande("dedans", move |client: &Client, ()| {
                sender.send(client.rattraper()).unwrap();
            })
            .unwrap();
        client.appeler::<(), _>(nommee("dedans", ())).unwrap();
        let refused = seen.recv().unwrap();
        let Err(Erreur::NonEnvoyee(error)) = refused else { panic!("{refused:?}") };
        assert_eq!(error.raison, RaisonNonEnvoi::DansUneCommande);
        assert!(!error.to_string().contains("``"), "{error}");
        client.close();
        assert!(client.rattraper().is_ok() || !client.est_connecte());
        serveur.eteindre().unwrap();
    });
}

#[test]
fn rattraper_does_not_say_that_what_an_end_has_dropped_is_handled() {
    with_watchdog("dropped", LIMIT, || {
        type End = fn(&Client);
        let ends: [End; 4] = [
            |client| client.close(),
            |client| drop(client.expulser("enough")),
            |client| drop(client.avec_delai(Duration::ZERO).expulser("enough")),
            |client| client.eteindre().unwrap(),
        ];
        for end in ends {
            let (serveur, client, handled) = counting(Duration::from_millis(1));
            work(&client);
            end(&client);
            // Twice says the same.
            for _ in 0..2 {
                let result = client.rattraper();
                assert_eq!(result.is_ok(), handled.load(Ordering::SeqCst) == LINES, "{result:?}");
            }
            serveur.eteindre().unwrap();
        }
    });
}
