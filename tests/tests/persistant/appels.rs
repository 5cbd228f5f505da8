//! Calls before, during and after a loss.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::{Phase, RaisonFin, Usage};
use cconn::persistant::ClientPersistant;
use cconn::{Client, Erreur, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::{Stopwatch, quickly, until, with_watchdog};

use super::{LIMIT, Running, double, lose, options};

#[commande(idempotente)]
fn compter(client: &Client) -> Resultat<u32> {
    client.appeler(nommee("tour", ()))
}

/// A server whose command `perd` tells that it runs, and never answers before the connection ends.
fn losing(serveur: &Serveur, runs: &mpsc::Sender<()>) {
    let runs = runs.clone();
    serveur
        .enregistrer_commande("perd", move |client: &Client, (): ()| {
            runs.send(()).unwrap();
            while client.est_connecte() {
                thread::sleep(Duration::from_millis(1));
            }
        })
        .unwrap();
}

#[test]
fn the_first_connection_fails_at_once_where_nobody_listens() {
    with_watchdog("first", LIMIT, || {
        // A port that was free a moment ago may be another test's by now; nobody listens at 1.
        let watch = Stopwatch::start();
        let error = options(1).connecter().unwrap_err();
        assert!(matches!(error, Erreur::Connexion(_)), "{error}");
        assert!(watch.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn the_first_connection_is_waited_for_where_that_is_asked() {
    with_watchdog("later", LIMIT, || {
        let before = Running::new();
        let port = before.port();
        before.stop();
        let client = options(port).des_que_possible().connecter().unwrap();
        assert!(!client.est_connecte());
        let late = double(&client.avec_delai(Duration::from_millis(30)), 1).unwrap_err();
        assert!(matches!(&late, Erreur::Delai(d) if d.phase == Phase::Retour), "{late}");
        assert!(!late.a_pu_etre_executee() && !late.est_fatale(), "{late}");
        assert_eq!(late.commande(), Some("double"));
        let server = Running::on(port, |_| ());
        assert_eq!(double(&client, 4).unwrap(), 8);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn settings_that_are_not_possible_are_refused_at_once_in_any_case() {
    for waits in [false, true] {
        let options = Client::options(1).profondeur_max(200).persistant();
        let options = if waits { options.des_que_possible() } else { options };
        let error = options.connecter().unwrap_err();
        let Erreur::Usage(usage) = &error else { panic!("{error}") };
        assert!(matches!(**usage, Usage::Reglage { .. }), "{error}");
    }
}

#[test]
fn the_lost_call_says_that_it_may_have_run_and_the_next_one_waits() {
    with_watchdog("lost", LIMIT, || {
        let (runs, ran) = mpsc::channel();
        let server = Running::on(0, |serveur| losing(serveur, &runs));
        let client = options(server.port()).connecter().unwrap();
        let lost = thread::spawn({
            let client = client.clone();
            move || client.appeler::<(), _>(nommee("perd", ())).unwrap_err()
        });
        ran.recv().unwrap();
        lose(&server, &client);
        assert_eq!(double(&client, 21).unwrap(), 42, "it waits for the next connection");
        let lost = lost.join().unwrap();
        assert!(matches!(&lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        assert!(ran.try_recv().is_err(), "it ran once");
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_call_that_has_waited_for_its_connection_names_its_whole_deadline() {
    with_watchdog("whole", LIMIT, || {
        let (runs, ran) = mpsc::channel();
        let server = Running::on(0, |serveur| losing(serveur, &runs));
        let port = server.port();
        let client = options(port).connecter().unwrap();
        server.stop();
        until("the loss is seen", || !client.est_connecte());
        let delai = Duration::from_millis(1500);
        let call = thread::spawn({
            let client = client.avec_delai(delai);
            move || client.appeler::<(), _>(nommee("perd", ())).unwrap_err()
        });
        // It waits for a while, and then for an answer that does not come.
        thread::sleep(Duration::from_millis(200));
        let server = Running::on(port, |serveur| losing(serveur, &runs));
        let error = call.join().unwrap();
        let Erreur::Delai(late) = &error else { panic!("{error}") };
        assert_eq!(late.delai, delai, "{error}");
        // One that may have run has not for certain: it may just have been sent.
        assert!(error.a_pu_etre_executee() || ran.try_recv().is_err(), "{error}");
        server.cut();
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn an_idempotent_call_is_tried_once_more_and_no_more() {
    with_watchdog("twice", LIMIT, || {
        let (runs, ran) = mpsc::channel();
        let server = Running::on(0, |serveur| losing(serveur, &runs));
        let client = options(server.port()).connecter().unwrap();
        let lost = thread::spawn({
            let client = client.clone();
            move || client.appeler::<(), _>(nommee("perd", ()).idempotente()).unwrap_err()
        });
        for _ in 0..2 {
            ran.recv().unwrap();
            lose(&server, &client);
        }
        let lost = lost.join().unwrap();
        assert!(matches!(&lost, Erreur::Fermee(_)) && lost.a_pu_etre_executee(), "{lost}");
        assert_eq!(double(&client, 1).unwrap(), 2);
        assert!(ran.try_recv().is_err(), "it ran twice");
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn an_idempotent_call_gets_its_answer_from_the_second_try() {
    with_watchdog("second", LIMIT, || {
        let runs = Arc::new(AtomicU32::new(0));
        let prepare = |serveur: &Serveur| {
            serveur.enregistrer(commandes![compter]).unwrap();
        };
        let server = Running::on(0, prepare);
        let client = options(server.port()).connecter().unwrap();
        // The first run of the command loses the connection, from inside its own call back.
        let counted = runs.clone();
        client
            .enregistrer_commande("tour", move |client: &Client, (): ()| {
                let run = counted.fetch_add(1, Ordering::SeqCst) + 1;
                if run == 1 {
                    client.close();
                }
                run
            })
            .unwrap();
        assert_eq!(client.appeler(compter {}).unwrap(), 2);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn second_tries_run_out() {
    with_watchdog("tokens", LIMIT, || {
        let (runs, ran) = mpsc::channel();
        let server = Running::on(0, |serveur| losing(serveur, &runs));
        let client = options(server.port()).connecter().unwrap();
        // Thirty calls are under way when the connection is lost, and ten may be tried again.
        let calls = 30;
        let callers: Vec<_> = (0..calls)
            .map(|_| {
                let client = client.clone();
                thread::spawn(move || {
                    client.appeler::<(), _>(nommee("perd", ()).idempotente()).unwrap_err()
                })
            })
            .collect();
        thread::sleep(Duration::from_millis(50));
        let (mut cuts, begin) = (0, Instant::now());
        until("all are lost", || {
            if ran.try_recv().is_ok() {
                cuts += 1;
                server.cut();
            }
            callers.iter().all(thread::JoinHandle::is_finished)
        });
        // The first cut loses all thirty; each later one loses what was tried again.
        assert!(cuts <= 12 + begin.elapsed().as_secs(), "{cuts} cuts");
        for error in callers.into_iter().map(|caller| caller.join().unwrap()) {
            assert!(matches!(error, Erreur::Fermee(_)), "{error}");
        }
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn messages_and_deferred_calls_wait_for_the_connection_too() {
    with_watchdog("all verbs", LIMIT, || {
        let (sender, notes) = mpsc::channel();
        let prepare = move |serveur: &Serveur| {
            let sender = sender.clone();
            serveur
                .enregistrer_commande("note", move |_, (n,): (u32,)| sender.send(n).unwrap())
                .unwrap();
        };
        let server = Running::on(0, &prepare);
        let port = server.port();
        let client = options(port).connecter().unwrap();
        server.stop();
        until("the loss is seen", || !client.est_connecte());
        let none = client.essayer(nommee("note", (0_u32,))).unwrap_err();
        assert!(matches!(&none, Erreur::Delai(d) if d.phase == Phase::Retour), "{none}");
        let none = client.essayer_appel::<u64, _>(nommee("double", (1_u64,))).unwrap_err();
        assert!(!none.a_pu_etre_executee(), "{none}");
        let waiting = thread::spawn({
            let client = client.clone();
            move || {
                client.envoyer(nommee("note", (1_u32,))).unwrap();
                client.differer::<u64, _>(nommee("double", (4_u64,))).unwrap().attendre().unwrap()
            }
        });
        let server = Running::on(port, &prepare);
        assert_eq!(waiting.join().unwrap(), 8);
        assert_eq!(notes.recv().unwrap(), 1);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_deadline_of_zero_never_waits() {
    with_watchdog("zero", LIMIT, || {
        let server = Running::new();
        let port = server.port();
        let client = options(port).connecter().unwrap();
        server.stop();
        until("the loss is seen", || !client.est_connecte());
        let none = quickly("no time", Duration::from_millis(50), || {
            double(&client.avec_delai(Duration::ZERO), 1).unwrap_err()
        });
        assert!(matches!(&none, Erreur::Delai(d) if d.phase == Phase::Retour), "{none}");
        let text = none.to_string();
        assert!(text.contains("`double`") && text.contains("not sent"), "{text}");
    });
}

#[test]
fn after_its_end_it_comes_back_no_more_and_says_so() {
    with_watchdog("ended", LIMIT, || {
        let server = Running::new();
        let client = options(server.port()).connecter().unwrap();
        client.eteindre().unwrap();
        client.eteindre().unwrap();
        let error = double(&client, 1).unwrap_err();
        let Erreur::Fermee(fin) = &error else { panic!("{error}") };
        assert_eq!(fin.raison, RaisonFin::FermeeIci);
        assert_eq!(error.commande(), Some("double"));
        let error = client.enregistrer_commande("rien", |_, (): ()| ()).unwrap_err();
        assert!(matches!(error, Erreur::Enregistrement(_)), "{error}");
        assert!(client.client().is_none() && !client.est_connecte());
        until("the server sees it", || server.serveur.clients().is_empty());
        server.stop();
    });
}

#[test]
fn whoever_waits_for_a_connection_is_told_of_the_end() {
    with_watchdog("ended while it waits", LIMIT, || {
        let server = Running::new();
        let client = options(server.port()).connecter().unwrap();
        server.stop();
        until("the loss is seen", || !client.est_connecte());
        let waiting = thread::spawn({
            let client = client.clone();
            move || double(&client, 1).unwrap_err()
        });
        thread::sleep(Duration::from_millis(20));
        client.eteindre().unwrap();
        let error = waiting.join().unwrap();
        assert!(matches!(error, Erreur::Fermee(_)) && !error.a_pu_etre_executee(), "{error}");
    });
}

#[test]
fn the_last_handle_ends_it() {
    with_watchdog("dropped", LIMIT, || {
        let server = Running::new();
        let client = options(server.port()).connecter().unwrap();
        let other = client.avec_delai(Duration::from_secs(1));
        drop(client);
        assert_eq!(double(&other, 1).unwrap(), 2);
        drop(other);
        until("the server sees it", || server.serveur.clients().is_empty());
        thread::sleep(Duration::from_millis(250));
        assert!(server.serveur.clients().is_empty(), "it does not come back");
        server.stop();
    });
}

#[test]
fn being_sent_away_is_a_loss_too() {
    with_watchdog("sent away", LIMIT, || {
        let server = Running::new();
        let client = options(server.port()).connecter().unwrap();
        assert_eq!(double(&client, 1).unwrap(), 2);
        cconn_tests::first_client(&server.serveur).expulser("go").unwrap();
        assert_eq!(double(&client, 5).unwrap(), 10);
        client.eteindre().unwrap();
        server.stop();
    });
}

#[test]
fn a_closure_of_quand_prete_does_not_wait_for_a_connection() {
    with_watchdog("inside a closure", LIMIT, || {
        let server = Running::new();
        let client: ClientPersistant = options(server.port()).connecter().unwrap();
        let (told, heard) = mpsc::channel();
        let inner = client.clone();
        let server_handle = server.serveur.clone();
        client.differer::<u64, _>(nommee("double", (1_u64,))).unwrap().quand_prete(move |_| {
            // There is a connection, and a call would have to wait for its answer.
            told.send(double(&inner, 1).unwrap_err()).unwrap();
            drop(server_handle);
        });
        let error = heard.recv().unwrap();
        assert!(error.to_string().contains("quand_prete"), "{error}");
        client.eteindre().unwrap();
        server.stop();
    });
}

/// `eteindre` waits as often as it is called: who calls it second must not be told that all is done.
#[test]
fn a_second_stop_waits_for_the_first_ones_end() {
    with_watchdog("two stops", LIMIT, || {
        let running = Running::new();
        let (begun, begins) = mpsc::channel();
        let done = Arc::new(AtomicU32::new(0));
        let count = done.clone();
        running
            .serveur
            .enregistrer_commande("lente", move |_, (): ()| {
                begun.send(()).unwrap();
                thread::sleep(Duration::from_millis(300));
                count.fetch_add(1, Ordering::Relaxed);
            })
            .unwrap();
        let client = options(running.port()).connecter().unwrap();
        client.envoyer(nommee("lente", ())).unwrap();
        begins.recv().unwrap();
        let other = client.clone();
        let first = thread::spawn(move || other.eteindre());
        until("the client is over", || client.client().is_none());
        client.eteindre().unwrap();
        assert_eq!(done.load(Ordering::Relaxed), 1, "it returned before the first one");
        first.join().unwrap().unwrap();
        client.eteindre().unwrap();
    });
}
