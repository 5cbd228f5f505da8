//! No time at all means to look and not to wait, and to look is to receive what is there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use cconn::{Attente, Client, Resultat, nommee};
use cconn_tests::{until, with_watchdog};

use super::{LIMIT, never, with_client};

/// Looks each millisecond until it is there.
#[track_caller]
fn look_until(there: impl FnMut() -> bool) {
    until("it is there", there);
}

/// Makes a call, gives its answer time to arrive, and looks once; again with twice the time where
/// the answer was not in time. A first look that receives nothing sees none of them.
#[track_caller]
fn seen_by_one_look(client: &Client, look: impl Fn(Attente<()>) -> bool) {
    let seen = (0..8).any(|n| {
        let call = sleeps(client, 0);
        thread::sleep(Duration::from_millis(50) * (1 << n));
        look(call)
    });
    assert!(seen, "it was there for seconds");
}

fn sleeps(client: &Client, millis: u64) -> Attente<()> {
    client.differer(nommee("dors", (millis,))).unwrap()
}

#[test]
fn a_wait_of_no_time_sees_the_answer() {
    with_watchdog("a wait of no time", LIMIT, || {
        with_client(|_, client| {
            let mut unanswered = never(client);
            assert!(unanswered.attendre_au_plus(Duration::ZERO).is_none(), "it does not wait");
            drop(unanswered);
            let mut attente = sleeps(client, 20);
            look_until(|| match attente.attendre_au_plus(Duration::ZERO) {
                Some(answer) => answer.is_ok(),
                None => false,
            });
        });
    });
}

#[test]
fn est_prete_sees_the_answer() {
    with_watchdog("est_prete", LIMIT, || {
        with_client(|_, client| {
            let attente = sleeps(client, 20);
            look_until(|| attente.est_prete());
            attente.attendre().unwrap();
        });
    });
}

#[test]
fn an_answer_that_is_there_is_seen_by_the_first_look() {
    with_watchdog("the first look", LIMIT, || {
        with_client(|_, client| {
            seen_by_one_look(client, |call| call.est_prete());
        });
    });
}

#[test]
fn premiere_of_no_time_sees_the_answer() {
    with_watchdog("premiere", LIMIT, || {
        with_client(|_, client| {
            let attentes = [sleeps(client, 20), sleeps(client, 0)];
            look_until(|| Attente::premiere(&attentes, Duration::ZERO).unwrap() == Some(0));
        });
    });
}

#[test]
fn a_handle_without_time_sees_the_answer() {
    with_watchdog("avec_delai", LIMIT, || {
        with_client(|_, client| {
            let mut attente = sleeps(&client.avec_delai(Duration::ZERO), 20);
            look_until(|| attente.attendre_au_plus(Duration::ZERO).is_some());
            seen_by_one_look(&client.avec_delai(Duration::ZERO), |call| call.attendre().is_ok());
        });
    });
}

#[test]
fn looks_see_the_end_of_the_connection() {
    with_watchdog("the end", LIMIT, || {
        with_client(|serveur, client| {
            let attente = never(client);
            look_until(|| !serveur.clients().is_empty());
            cconn_tests::first_client(serveur).close();
            look_until(|| attente.est_prete());
            assert!(!client.est_connecte());
        });
    });
}

#[test]
fn looks_without_a_pause_hold_nobody_up() {
    with_watchdog("looks without a pause", LIMIT, || {
        with_client(|_, client| {
            let done = AtomicBool::new(false);
            thread::scope(|scope| {
                let attente = sleeps(client, 100);
                scope.spawn(|| {
                    let attente = attente;
                    while !attente.est_prete() {}
                    done.store(true, Ordering::Relaxed);
                });
                while !done.load(Ordering::Relaxed) {
                    let answer: Resultat<()> = client.appeler(nommee("dors", (0_u64,)));
                    answer.unwrap();
                }
            });
        });
    });
}

#[test]
fn a_callback_is_run_for_who_only_looks() {
    with_watchdog("a callback", LIMIT, || {
        with_client(|serveur, client| {
            serveur
                .enregistrer_commande("rappelle", |client: &Client, (n,): (u64,)| {
                    client.appeler::<u64, _>(nommee("double", (n,)))
                })
                .unwrap();
            client.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
            let mut attente: Attente<u64> = client.differer(nommee("rappelle", (21_u64,))).unwrap();
            let mut answer = None;
            look_until(|| {
                answer = attente.attendre_au_plus(Duration::ZERO);
                answer.is_some()
            });
            assert_eq!(answer.unwrap().unwrap(), 42);
        });
    });
}

#[test]
fn a_look_inside_a_command_keeps_the_turn() {
    with_watchdog("a look inside a command", LIMIT, || {
        with_client(|serveur, client| {
            let (sender, order) = mpsc::channel();
            let after = sender.clone();
            serveur
                .enregistrer_commande("regarde", move |client: &Client, ()| {
                    let mut attente: Attente<()> = client.differer(nommee("rien", ())).unwrap();
                    let end = Instant::now() + Duration::from_millis(50);
                    while Instant::now() < end {
                        let _not_yet = attente.attendre_au_plus(Duration::ZERO);
                    }
                    sender.send("regarde").unwrap();
                })
                .unwrap();
            serveur
                .enregistrer_commande("apres", move |_, ()| after.send("apres").unwrap())
                .unwrap();
            client.envoyer(nommee("regarde", ())).unwrap();
            client.appeler::<(), _>(nommee("apres", ())).unwrap();
            assert_eq!(order.try_iter().collect::<Vec<_>>(), ["regarde", "apres"]);
        });
    });
}
