//! Commands with an argument that is a stream, which leave their answer to a promise.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cconn::erreur::{NatureDistante, RaisonAnnulation};
use cconn::flux::Flux;
use cconn::{Client, Erreur, Etat, Promesse, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(30);

/// Takes its stream first, and answers on another thread.
#[commande]
fn puis_plus_tard(nombres: Flux<u64>, reponse: Promesse<Result<u64, String>>) {
    let sum = nombres.sum::<Resultat<u64>>().unwrap();
    thread::spawn(move || reponse.tenir(if sum > 0 { Ok(sum) } else { Err("empty".into()) }));
}

/// Leaves the stream to another thread too, which answers once it has ended.
#[commande]
fn ailleurs(reponse: Promesse<Resultat<u64>>, nombres: Flux<u64>) {
    thread::spawn(move || reponse.tenir(nombres.sum()));
}

/// What a command has left.
type Both = (Promesse<u64>, Flux<u64>);

/// Where it has left that.
struct Left(Mutex<Sender<Both>>);

/// Leaves both to the test.
#[commande]
fn laisser(left: &Etat<Left>, nombres: Flux<u64>, reponse: Promesse<u64>) {
    left.0.lock().unwrap().send((reponse, nombres)).unwrap();
}

#[commande]
fn double(n: u64) -> u64 {
    2 * n
}

fn serving() -> (Serveur, Client, Receiver<Both>) {
    let (sender, left) = mpsc::channel();
    let options = Serveur::options(0).fournir(Left(Mutex::new(sender)));
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer(commandes![puis_plus_tard, ailleurs, laisser, double]).unwrap();
    let client = serveur.client_local().unwrap();
    (serveur, client, left)
}

/// An endless stream, and who knows whether it was dropped.
fn endless() -> (Flux<u64>, std::sync::Weak<()>) {
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let items = (0_u64..).inspect(move |_| assert_eq!(Arc::strong_count(&held), 1));
    (Flux::de(items), weak)
}

#[test]
fn a_command_takes_its_stream_and_answers_later() {
    with_watchdog("later", LIMIT, || {
        let (_serveur, client, _left) = serving();
        let nombres = Flux::de(1..=10_000);
        assert_eq!(client.appeler(puis_plus_tard { nombres }).unwrap(), 50_005_000);
        let empty = client.appeler(puis_plus_tard { nombres: Flux::de(0..0) });
        assert!(matches!(&empty, Err(Erreur::Refus(why)) if why == "empty"), "{empty:?}");
        // The stream is not over when the command returns.
        let nombres = Flux::de(1..=100_000);
        assert_eq!(client.appeler(ailleurs { nombres }).unwrap(), 5_000_050_000);
        let message = nommee("ailleurs", ()).avec_flux(Flux::<u64>::de(0..4));
        assert_eq!(client.appeler::<u64, _>(message).unwrap(), 6);
        client.eteindre().unwrap();
    });
}

#[test]
fn an_error_of_the_source_reaches_the_thread_that_takes_the_stream() {
    with_watchdog("source fails", LIMIT, || {
        let (_serveur, client, _left) = serving();
        let nombres = Flux::essais([Ok(1), Err(Erreur::echec("the disk is gone"))]);
        let failed = client.appeler(ailleurs { nombres }).unwrap_err();
        assert!(failed.to_string().contains("the disk is gone"), "{failed}");
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        client.eteindre().unwrap();
    });
}

#[test]
fn the_answer_ends_the_stream_whoever_has_it() {
    // [lane.outcome]
    with_watchdog("answered early", LIMIT, || {
        let (_serveur, client, left) = serving();
        for keeps in [true, false] {
            let (nombres, source) = endless();
            let caller = thread::spawn({
                let client = client.clone();
                move || client.appeler(laisser { nombres })
            });
            let (promise, mut nombres) = left.recv().unwrap();
            assert_eq!(nombres.next().unwrap().unwrap(), 0);
            if keeps {
                promise.tenir(7).unwrap();
                assert_eq!(caller.join().unwrap().unwrap(), 7);
            } else {
                drop(promise);
                let Err(Erreur::Distante(distante)) = caller.join().unwrap() else { panic!() };
                assert_eq!(distante.nature, NatureDistante::PromesseRompue);
            }
            assert!(source.upgrade().is_none(), "its source was dropped");
            // What is here may still be taken; then it says that it was cut short.
            assert!(nombres.any(|item| item.is_err()), "it ends with an error");
            assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        }
        client.eteindre().unwrap();
    });
}

#[test]
fn a_lost_connection_ends_both() {
    with_watchdog("lost", LIMIT, || {
        let (_serveur, client, left) = serving();
        let (nombres, source) = endless();
        let caller = thread::spawn({
            let client = client.clone();
            move || client.appeler(laisser { nombres })
        });
        let (promise, mut nombres) = left.recv().unwrap();
        assert_eq!(nombres.next().unwrap().unwrap(), 0);
        let (told, why) = mpsc::channel();
        let promise = promise.sur_annulation(move |why| told.send(why).unwrap());
        client.close();
        let lost = caller.join().unwrap().unwrap_err();
        assert!(matches!(lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        assert_eq!(why.recv(), Ok(RaisonAnnulation::ConnexionPerdue));
        assert!(source.upgrade().is_none());
        assert!(nombres.any(|item| item.is_err()));
        promise.tenir(1).unwrap_err();
    });
}
