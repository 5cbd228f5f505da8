//! Commands that leave their answer to a promise.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use cconn::contexte::Contexte;
use cconn::erreur::{NatureDistante, RaisonAnnulation};
use cconn::{
    Client, Erreur, Etat, OptionsServeur, Promesse, Resultat, Serveur, commande, commandes,
};
use cconn_tests::raw::{Greeting, Raw, Seen, call, cancel, record};
use cconn_tests::{until_some, with_watchdog};

use super::{LIMIT, Running};

/// Where commands leave their promises.
struct Left(Mutex<Sender<Promesse<u64>>>);

#[commande]
fn plus_tard(left: &Etat<Left>, reponse: Promesse<u64>) {
    left.0.lock().unwrap().send(reponse).unwrap();
}

#[commande]
fn tout_de_suite(reponse: Promesse<String>, mot: &str) {
    reponse.tenir(mot.to_uppercase()).unwrap();
}

#[commande]
fn puis_panique(reponse: Promesse<u64>) {
    reponse.tenir(7).unwrap();
    panic!("behind the answer");
}

#[commande]
fn laisse_tomber(reponse: Promesse<u64>) {
    drop(reponse);
}

#[commande]
fn panique(left: &Etat<Left>, reponse: Promesse<u64>) {
    left.0.lock().unwrap().send(reponse).unwrap();
    panic!("on purpose");
}

#[commande]
fn choisir(n: u64, reponse: Promesse<Result<u64, String>>) {
    thread::spawn(move || {
        let answer = n.checked_sub(10).ok_or_else(|| format!("{n} is too little"));
        reponse.tenir(answer).unwrap();
    });
}

#[commande]
fn double(n: u64) -> u64 {
    2 * n
}

/// A server with these commands, and the promises that they leave.
fn server_with(
    options: impl FnOnce(OptionsServeur) -> OptionsServeur,
) -> (Running, Receiver<Promesse<u64>>) {
    let (sender, left) = mpsc::channel();
    let serveur = options(Serveur::options(0).max_clients(4)).ouvrir().unwrap();
    serveur.fournir(Left(Mutex::new(sender))).unwrap();
    let one = commandes![plus_tard, tout_de_suite, puis_panique, laisse_tomber];
    serveur.enregistrer(one).unwrap();
    serveur.enregistrer(commandes![panique, choisir, double]).unwrap();
    (Running::of(serveur), left)
}

fn server() -> (Running, Receiver<Promesse<u64>>) {
    server_with(|options| options)
}

/// Waits until a promise says why its answer is not wanted.
fn why(promise: &Promesse<u64>) -> RaisonAnnulation {
    until_some("it is not wanted any more", || promise.annulation())
}

/// Why an answer reached nobody, or was not sent.
fn not_kept(kept: Resultat<()>, name: &str) -> RaisonAnnulation {
    match kept {
        Err(Erreur::Annulee(annulee)) => {
            assert_eq!(&*annulee.commande, name);
            annulee.raison
        }
        other => panic!("{other:?}"),
    }
}

fn nature<T: std::fmt::Debug, E: std::fmt::Debug>(
    answer: Result<T, Erreur<E>>,
    name: &str,
) -> NatureDistante {
    match answer {
        Err(Erreur::Distante(distante)) => {
            assert_eq!(&*distante.commande, name, "{distante}");
            distante.nature
        }
        other => panic!("{other:?}"),
    }
}

/// The same commands, as a program declares them that only calls them.
mod declared {
    use cconn::commande;

    #[commande]
    pub(super) fn tout_de_suite(mot: &str) -> String;

    #[commande]
    pub(super) fn choisir(n: u64) -> Result<u64, String>;
}

#[test]
fn callers_know_of_no_promise() {
    with_watchdog("declared", LIMIT, || {
        let (running, _left) = server();
        let client = running.client();
        assert_eq!(client.appeler(declared::tout_de_suite { mot: "oui" }).unwrap(), "OUI");
        assert_eq!(client.appeler(declared::choisir { n: 11 }).unwrap(), 1);
        let described = cconn::description::commandes(&client).unwrap();
        let choisir = described.commandes.iter().find(|one| one.nom == "choisir").unwrap();
        assert_eq!(choisir.signature, "choisir(n: u64) -> Result<u64, String>");
        running.stop().unwrap();
    });
}

#[test]
fn promises_are_kept_in_any_order_by_any_thread_and_other_commands_run_meanwhile() {
    // [order.later]
    with_watchdog("kept", LIMIT, || {
        let (running, left) = server();
        for client in [running.client(), running.serveur.client_local().unwrap()] {
            let waiting: Vec<_> =
                (0..100).map(|_| client.differer(plus_tard {}).unwrap()).collect();
            assert_eq!(client.appeler(double { n: 21 }).unwrap(), 42, "the turn is over");
            let promises: Vec<_> = left.iter().take(100).collect();
            assert!(promises.iter().all(|one| one.est_attendue() && !one.est_annule()));
            let keeper = thread::spawn(move || {
                for (n, promise) in promises.into_iter().enumerate().rev() {
                    promise.tenir(n as u64).unwrap();
                }
            });
            for (n, one) in waiting.into_iter().enumerate() {
                assert_eq!(one.attendre().unwrap(), n as u64);
            }
            keeper.join().unwrap();
        }
        running.stop().unwrap();
    });
}

#[test]
fn a_promise_may_be_kept_by_its_own_command_and_with_an_error() {
    with_watchdog("own", LIMIT, || {
        let (running, _left) = server();
        let client = running.client();
        assert_eq!(client.appeler(tout_de_suite { mot: "oui" }).unwrap(), "OUI");
        assert_eq!(client.appeler(choisir { n: 30 }).unwrap(), 20);
        match client.appeler(choisir { n: 3 }) {
            Err(Erreur::Refus(why)) => assert_eq!(why, "3 is too little"),
            other => panic!("{other:?}"),
        }
        assert_eq!(client.appeler(puis_panique {}).unwrap(), 7, "it was answered before");
        assert_eq!(client.appeler(double { n: 1 }).unwrap(), 2);
        running.stop().unwrap();
    });
}

#[test]
fn a_promise_that_is_dropped_is_an_error_that_says_so() {
    with_watchdog("dropped", LIMIT, || {
        let (running, left) = server();
        let client = running.client();
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        drop(left.recv().unwrap());
        let rompue = NatureDistante::PromesseRompue;
        assert_eq!(nature(waiting.attendre(), "plus_tard"), rompue);
        let inside = client.appeler(laisse_tomber {});
        let text = inside.as_ref().unwrap_err().to_string();
        assert!(text.contains("`laisse_tomber`") && text.contains("promise"), "{text}");
        assert!(inside.as_ref().unwrap_err().a_pu_etre_executee());
        assert_eq!(nature(inside, "laisse_tomber"), rompue);
        running.stop().unwrap();
    });
}

#[test]
fn a_panic_of_the_command_is_its_outcome_and_its_promise_is_void() {
    with_watchdog("panic", LIMIT, || {
        let (running, left) = server();
        let client = running.client();
        assert_eq!(nature(client.appeler(panique {}), "panique"), NatureDistante::Panique);
        let promise = left.recv().unwrap();
        not_kept(promise.tenir(1), "panique");
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        running.stop().unwrap();
    });
}

#[test]
fn a_promise_knows_that_its_caller_has_given_up_or_has_no_time_left() {
    with_watchdog("given up", LIMIT, || {
        let (running, left) = server();
        let client = running.client();
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = left.recv().unwrap();
        drop(waiting);
        assert_eq!(why(&promise), RaisonAnnulation::Abandonnee);
        assert_eq!(not_kept(promise.tenir(1), "plus_tard"), RaisonAnnulation::Abandonnee);

        let hasty = client.avec_delai(Duration::from_millis(100));
        let promise = until_some("one that is late has begun", || {
            let late = hasty.appeler(plus_tard {}).unwrap_err();
            assert!(late.est_hors_delai(), "{late}");
            // If the process was held up, it has not run at all.
            left.recv_timeout(Duration::from_secs(1)).ok()
        });
        match why(&promise) {
            RaisonAnnulation::Abandonnee => {
                not_kept(promise.tenir(1), "plus_tard");
            }
            // Its caller may not have given it up yet, and then the answer goes out.
            RaisonAnnulation::Delai => {
                let _either = promise.tenir(1);
            }
            other => panic!("{other}"),
        }
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        running.stop().unwrap();
    });
}

#[test]
fn an_orderly_stop_waits_for_promises() {
    // [adieu.when]
    with_watchdog("stop", LIMIT, || {
        for by_server in [true, false] {
            let (running, left) = server();
            let client = running.client();
            let waiting = client.differer(plus_tard {}).unwrap();
            client.vider().unwrap();
            let promise = left.recv().unwrap();
            let stops = client.clone();
            let stopping = thread::spawn(move || {
                if by_server {
                    running.stop().unwrap();
                } else {
                    stops.eteindre().unwrap();
                    running.stop().unwrap();
                }
            });
            assert_eq!(why(&promise), RaisonAnnulation::Arret, "told at once");
            promise.tenir(9).unwrap();
            assert_eq!(waiting.attendre().unwrap(), 9);
            stopping.join().unwrap();
        }
    });
}

#[test]
fn a_promise_that_outlasts_the_grace_of_a_stop_is_void() {
    with_watchdog("grace", LIMIT, || {
        let (running, left) =
            server_with(|options| options.delai_arret(Duration::from_millis(300)));
        let client = running.client();
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = left.recv().unwrap();
        assert!(running.stop().is_err(), "it was cut");
        let error = waiting.attendre().unwrap_err();
        assert!(matches!(error, Erreur::Fermee(_)) && error.a_pu_etre_executee(), "{error}");
        assert!(promise.est_annule());
        not_kept(promise.tenir(1), "plus_tard");
    });
}

#[test]
fn a_lost_connection_makes_its_promises_void_and_is_kept_alive_by_none() {
    with_watchdog("lost", LIMIT, || {
        let (running, left) = server();
        let client = running.client();
        let waiting = client.differer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = left.recv().unwrap();
        client.close();
        assert_eq!(why(&promise), RaisonAnnulation::ConnexionPerdue);
        assert_eq!(not_kept(promise.tenir(1), "plus_tard"), RaisonAnnulation::ConnexionPerdue);
        assert!(matches!(waiting.attendre(), Err(Erreur::Fermee(_))));
        running.stop().unwrap();
    });
}

#[test]
fn the_promise_of_a_message_goes_nowhere() {
    with_watchdog("message", LIMIT, || {
        let (running, left) = server();
        let client = running.client();
        client.envoyer(plus_tard {}).unwrap();
        client.envoyer(plus_tard {}).unwrap();
        client.vider().unwrap();
        let promise = left.recv().unwrap();
        assert!(!promise.est_attendue() && !promise.est_annule());
        promise.tenir(1).unwrap();
        drop(left.recv().unwrap());
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        running.stop().unwrap();
    });
}

#[commande]
fn grand(reponse: Promesse<Vec<u8>>) {
    let error = reponse.tenir(vec![7; 10_000]).unwrap_err();
    assert!(matches!(error, Erreur::Echec(_)), "{error:?}");
    assert!(error.to_string().contains("`grand`"), "{error}");
}

#[test]
fn an_answer_that_can_t_be_sent_is_told_to_both_sides() {
    with_watchdog("too large", LIMIT, || {
        let (running, _left) = server();
        running.serveur.enregistrer(commandes![grand]).unwrap();
        let address = running.serveur.adresse();
        let client = Client::options(address).taille_max(1024).connecter().unwrap();
        let nature = nature(client.appeler(grand {}), "grand");
        assert_eq!(nature, NatureDistante::ReponseTropGrande);
        assert_eq!(client.appeler(double { n: 2 }).unwrap(), 4);
        running.stop().unwrap();
    });
}

#[commande]
fn avec_avancement(client: &Client, reponse: Promesse<u64>) {
    let client = client.clone();
    let work = Contexte::porter(move || {
        (1..=3).for_each(|n| client.avancement(n, 3, "later"));
        client.est_annule()
    });
    thread::spawn(move || reponse.tenir(u64::from(work())));
}

#[test]
fn what_works_for_a_promise_reports_and_looks_as_its_command_would() {
    with_watchdog("progress", LIMIT, || {
        let (running, _left) = server();
        running.serveur.enregistrer(commandes![avec_avancement]).unwrap();
        let client = running.client();
        let mut seen = Vec::new();
        let answer = client.appeler_suivi(avec_avancement {}, |p| seen.push(p.fait)).unwrap();
        assert_eq!((answer, seen.first()), (0, Some(&1)), "{seen:?}");
        running.stop().unwrap();
    });
}

#[test]
fn a_client_leaves_its_answers_to_promises_too() {
    with_watchdog("client", LIMIT, || {
        let (running, _left) = server();
        let client = running.client();
        let (sender, left) = mpsc::channel();
        client.fournir(Left(Mutex::new(sender))).unwrap();
        client.enregistrer(commandes![plus_tard]).unwrap();
        client.ecouter().unwrap();
        let keeper = thread::spawn(move || left.recv().unwrap().tenir(5));
        let theirs = &cconn_tests::first_client(&running.serveur);
        assert_eq!(theirs.appeler(plus_tard {}).unwrap(), 5);
        keeper.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn calls_under_one_id_and_floods_of_cancels_leave_no_promise_behind() {
    // [call.id-any] [cancel.running]
    with_watchdog("hostile", LIMIT, || {
        let (running, left) = server();
        let address = running.serveur.adresse().socket().unwrap();
        let greeting = Greeting { more: record(1, &[0x1f]), ..Greeting::client() };
        let mut raw = Raw::client_with(address, &greeting);
        // The second call under this id gets no promise, and its failure is the outcome of both.
        raw.send(&[call(1, "plus_tard", &[]), call(1, "plus_tard", &[])].concat());
        let first = left.recv().unwrap();
        assert!(matches!(raw.next(), Some(Seen::Failure { id: 1, code: 14, .. })));
        not_kept(first.tenir(3), "plus_tard");
        for id in 2..200 {
            raw.send(&[call(id, "plus_tard", &[]), cancel(id), cancel(id)].concat());
        }
        raw.send(&call(500, "double", &[21]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 500, body: vec![42] }));
        for promise in left.try_iter() {
            assert_eq!(not_kept(promise.tenir(1), "plus_tard"), RaisonAnnulation::Abandonnee);
        }
        drop(raw);
        running.stop().unwrap();
    });
}

#[test]
fn of_threads_that_race_for_a_stop_each_promise_is_kept_or_says_why_not() {
    with_watchdog("race", LIMIT, || {
        for round in 0..20 {
            let (running, left) = server();
            let client = running.client();
            let waiting: Vec<_> = (0..20).map(|_| client.differer(plus_tard {}).unwrap()).collect();
            client.vider().unwrap();
            let promises: Vec<_> = left.iter().take(20).collect();
            let closer = client.clone();
            let kept = Arc::new(Mutex::new(0));
            let counts = kept.clone();
            let keeper = thread::spawn(move || {
                for promise in promises {
                    *counts.lock().unwrap() += usize::from(promise.tenir(1).is_ok());
                }
            });
            if round % 2 == 0 {
                closer.close();
            } else {
                drop(closer);
            }
            let answered = waiting.into_iter().filter_map(|one| one.attendre().ok()).count();
            keeper.join().unwrap();
            assert!(answered <= *kept.lock().unwrap(), "answered though nobody was told so");
            drop(client);
            running.stop().unwrap();
        }
    });
}
