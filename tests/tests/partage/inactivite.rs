//! A limit of idleness: who is sent away, and who is not.

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::RaisonFin;
use cconn::{Client, Erreur, Serveur, nommee};
use cconn_tests::raw::{Raw, Seen};
use cconn_tests::{undisturbed, with_watchdog};

use super::LIMIT;

/// Who is busy does something six times as often, so a process that is held up for a third of it is
/// no reason to be sent away.
const IDLE: Duration = Duration::from_millis(150);

#[test]
fn only_the_idle_client_is_sent_away() {
    // [limit.idle]
    with_watchdog("idle clients", LIMIT, || undisturbed(IDLE / 3, idle_and_busy_clients));
}

fn idle_and_busy_clients() {
    let (end, ends) = mpsc::channel();
    let options = Serveur::options(0).max_clients(10).delai_inactivite(IDLE);
    let options = options.quand_deconnecte(move |client, how| {
        let _nobody_asks = end.send((how, client.fin().unwrap()));
    });
    let serveur = options.ouvrir().unwrap();
    serveur.enregistrer_commande("simple", |_, (): ()| 7_u32).unwrap();
    let (go_on, may_go_on) = mpsc::channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let longue = move |_: &Client, (): ()| {
        let _told = may_go_on.lock().unwrap().recv();
    };
    serveur.enregistrer_commande("longue", longue).unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let new = || Client::new(serveur.adresse()).unwrap();

    let (never, once) = (new(), new());
    once.appeler::<u32, _>(nommee("simple", ())).unwrap();
    // It breaks no rule, and asks for nothing.
    let mut idle = Raw::client(serveur.adresse().socket().unwrap());
    let (busy, calls, sends) = (new(), new(), new());
    let listens = new();
    let long = busy.differer::<(), _>(nommee("longue", ())).unwrap();
    let start = Instant::now();
    // Whoever is idle is looked at now and then: they are waited for, and the others stay.
    while start.elapsed() < 3 * IDLE || serveur.clients().len() > 3 {
        thread::sleep(IDLE / 6);
        calls.appeler::<u32, _>(nommee("simple", ())).unwrap();
        sends.envoyer(nommee("simple", ())).unwrap();
        idle.send(&[10, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
    for (how, fin) in ends.try_iter() {
        assert_eq!((fin.raison, fin.ici), (RaisonFin::Inactivite, true));
        let Err(Erreur::Fermee(told)) = how else { panic!("{how:?}") };
        assert_eq!(*told, fin);
        assert!(
            fin.to_string().contains("`delai_inactivite`: nothing was asked for 150ms"),
            "{fin}"
        );
    }
    drop(go_on);
    assert!(long.attendre().is_ok(), "a command runs");
    assert!(calls.est_connecte() && sends.est_connecte());
    for client in [&never, &once, &listens] {
        let error = client.appeler::<u32, _>(nommee("simple", ())).unwrap_err();
        assert!(matches!(error, Erreur::Fermee(_)), "{error:?}");
        assert!(error.to_string().contains("nothing was asked for 150ms"), "{error}");
    }
    let seen = idle.rest();
    assert!(matches!(seen.last(), Some(Seen::Adieu { reason: 2, .. })), "{seen:?}");
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}

#[test]
fn a_client_that_is_sent_messages_is_not_idle() {
    with_watchdog("listeners", LIMIT, || undisturbed(IDLE / 3, listeners));
}

fn listeners() {
    let options = Serveur::options(0).max_clients(10).delai_inactivite(IDLE);
    let serveur = options.ouvrir().unwrap();
    let running = serveur.clone();
    let lancer = thread::spawn(move || running.lancer());
    let client = Client::new(serveur.adresse()).unwrap();
    client.enregistrer_commande("nouvelle", |_, (): ()| ()).unwrap();
    let start = Instant::now();
    while start.elapsed() < 3 * IDLE {
        thread::sleep(IDLE / 6);
        serveur.diffuser(nommee("nouvelle", ())).unwrap();
    }
    assert!(client.est_connecte());
    serveur.eteindre().unwrap();
    lancer.join().unwrap().unwrap();
}
