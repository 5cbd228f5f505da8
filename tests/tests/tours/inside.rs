//! Being inside a command: what it forbids is what the command itself is part of, nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::RaisonNonEnvoi;
use cconn::{Client, Erreur, Resultat, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, Running};

/// How long a command takes that is still to be handled when a stop begins.
const SLOW: Duration = Duration::from_millis(100);

/// A server whose commands `slow` and `note` count what was handled.
fn counting() -> (Running, Arc<AtomicUsize>) {
    let handled = Arc::new(AtomicUsize::new(0));
    let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
    let count = handled.clone();
    let slow = move |_: &Client, (): ()| {
        thread::sleep(SLOW);
        count.fetch_add(1, Ordering::SeqCst);
    };
    serveur.enregistrer_commande("slow", slow).unwrap();
    (Running::of(serveur), handled)
}

/// Runs `act` inside a command of a server of its own, and returns what it returns.
fn inside_a_command<T: Send + 'static>(act: impl Fn(&Client) -> T + Send + Sync + 'static) -> T {
    let serveur = Serveur::new(0).unwrap();
    let (sender, results) = mpsc::channel();
    let command = move |client: &Client, (): ()| sender.send(act(client)).unwrap();
    serveur.enregistrer_commande("act", command).unwrap();
    let running = Running::of(serveur);
    let client = running.client();
    client.appeler::<(), _>(nommee("act", ())).unwrap();
    client.eteindre().unwrap();
    running.stop().unwrap();
    results.recv().unwrap()
}

#[test]
fn a_stop_of_another_connection_is_a_whole_one() {
    with_watchdog("other connection", LIMIT, || {
        let (other, handled) = counting();
        let client = other.client();
        let seen = inside_a_command(move |_| {
            (0..3).for_each(|_| client.envoyer(nommee("slow", ())).unwrap());
            let stopped = client.eteindre();
            (stopped.is_ok(), client.est_connecte(), handled.load(Ordering::SeqCst))
        });
        assert_eq!(seen, (true, false, 3));
        other.stop().unwrap();
    });
}

#[test]
fn a_stop_of_another_server_is_a_whole_one() {
    with_watchdog("other server", LIMIT, || {
        let (other, handled) = counting();
        let client = other.client();
        client.envoyer(nommee("slow", ())).unwrap();
        client.vider().unwrap();
        while other.serveur.clients().is_empty() {
            thread::yield_now();
        }
        let serveur = other.serveur.clone();
        let seen = inside_a_command(move |_| {
            let stopped = serveur.eteindre();
            (stopped.is_ok(), serveur.clients().len(), handled.load(Ordering::SeqCst))
        });
        assert_eq!(seen, (true, 0, 1));
        assert!(!client.est_connecte());
        other.stop().unwrap();
    });
}

#[test]
fn a_stop_of_another_client_of_the_same_server_is_a_whole_one() {
    with_watchdog("other client", LIMIT, || {
        let serveur = Serveur::options(0).max_clients(2).ouvrir().unwrap();
        let itself = serveur.clone();
        let stop_others = move |client: &Client, (): ()| {
            let others: Vec<_> =
                itself.clients().into_iter().filter(|other| other.id() != client.id()).collect();
            let ended =
                others.iter().all(|other| other.eteindre().is_ok() && !other.est_connecte());
            (others.len(), ended)
        };
        serveur.enregistrer_commande("stop_others", stop_others).unwrap();
        let running = Running::of(serveur);
        let (one, other) = (running.client(), running.client());
        let listening = other.clone();
        let lancer = thread::spawn(move || listening.lancer());
        while running.serveur.clients().len() < 2 {
            thread::yield_now();
        }
        let seen: (usize, bool) = one.appeler(nommee("stop_others", ())).unwrap();
        assert_eq!(seen, (1, true));
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn a_stop_of_its_own_connection_and_server_only_begins() {
    with_watchdog("own", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let own = serveur.clone();
        let stop = move |client: &Client, (): ()| {
            client.eteindre().unwrap();
            own.eteindre().unwrap();
            client.est_connecte()
        };
        serveur.enregistrer_commande("stop", stop).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        assert!(client.appeler::<bool, _>(nommee("stop", ())).unwrap());
        running.stop().unwrap();
    });
}

/// Both ends in one process: the other end waits for the command too.
fn the_other_end(connect: impl FnOnce(&Running) -> Client) {
    let serveur = Serveur::options(0).delai_arret(Duration::from_secs(15)).ouvrir().unwrap();
    let its_client = Arc::new(OnceLock::<Client>::new());
    let there = its_client.clone();
    let stop = move |_: &Client, (): ()| there.get().unwrap().eteindre().is_ok();
    serveur.enregistrer_commande("stop", stop).unwrap();
    let running = Running::of(serveur);
    let client = connect(&running);
    its_client.set(client.clone()).unwrap();
    assert!(client.appeler::<bool, _>(nommee("stop", ())).unwrap());
    running.stop().unwrap();
}

#[test]
fn a_stop_of_the_other_end_of_its_own_connection_only_begins() {
    with_watchdog("other end", LIMIT, || the_other_end(Running::client));
}

#[test]
fn a_stop_of_the_other_end_in_memory_only_begins() {
    with_watchdog("other end in memory", LIMIT, || {
        the_other_end(|running| running.serveur.client_local().unwrap());
    });
}

#[test]
fn a_stop_of_the_server_at_the_other_end_only_begins() {
    with_watchdog("server at the other end", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let start = |client: &Client, (): ()| client.appeler::<bool, _>(nommee("stop", ()));
        serveur.enregistrer_commande("start", start).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        let there = running.serveur.clone();
        let stop = move |_: &Client, (): ()| there.eteindre().is_ok();
        client.enregistrer_commande("stop", stop).unwrap();
        assert!(client.appeler::<bool, _>(nommee("start", ())).unwrap());
        running.stop().unwrap();
    });
}

#[test]
fn a_stop_in_a_chain_does_not_wait_for_what_waits_for_it() {
    with_watchdog("chain", LIMIT, || {
        // `a` runs `start`, which calls over `b` a command that stops `a`.
        let (first, second) = (Serveur::new(0).unwrap(), Serveur::new(0).unwrap());
        let at_first = Arc::new(OnceLock::<Client>::new());
        let there = at_first.clone();
        let stop = move |_: &Client, (): ()| there.get().unwrap().eteindre().is_ok();
        second.enregistrer_commande("stop", stop).unwrap();
        let second = Running::of(second);
        let b = second.client();
        let start = move |client: &Client, (): ()| {
            at_first.set(client.clone()).unwrap();
            b.appeler::<bool, _>(nommee("stop", ()))
        };
        first.enregistrer_commande("start", start).unwrap();
        let first = Running::of(first);
        let a = first.client();
        assert!(a.appeler::<bool, _>(nommee("start", ())).unwrap());
        first.stop().unwrap();
        second.stop().unwrap();
    });
}

#[test]
fn the_turn_is_given_up_while_another_connection_is_stopped() {
    with_watchdog("turn", LIMIT, || {
        // `slow` calls back through the connection whose command waits for its end.
        let serveur = Serveur::new(0).unwrap();
        let other = Serveur::new(0).unwrap();
        let outer = Arc::new(OnceLock::<Client>::new());
        let calls = outer.clone();
        let back =
            move |_: &Client, (): ()| calls.get().unwrap().appeler::<u8, _>(nommee("seven", ()));
        other.enregistrer_commande("back", back).unwrap();
        let other = Running::of(other);
        let inner = other.client();
        serveur.enregistrer_commande("seven", |_: &Client, (): ()| 7_u8).unwrap();
        let stop = move |_: &Client, (): ()| -> Resultat<u8> {
            let answer = inner.differer(nommee("back", ()))?;
            inner.eteindre()?;
            answer.attendre()
        };
        serveur.enregistrer_commande("stop", stop).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        outer.set(client.clone()).unwrap();
        assert_eq!(client.appeler::<u8, _>(nommee("stop", ())).unwrap(), 7);
        running.stop().unwrap();
        other.stop().unwrap();
    });
}

#[test]
fn another_connection_can_be_served_inside_a_command() {
    with_watchdog("lancer", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let ask = |client: &Client, (): ()| -> Resultat<u8> {
            let answer = client.appeler::<u8, _>(nommee("seven", ()))?;
            client.eteindre()?;
            Ok(answer)
        };
        serveur.enregistrer_commande("ask", ask).unwrap();
        let other = Running::of(serveur);
        let inner = other.client();
        inner.enregistrer_commande("seven", |_: &Client, (): ()| 7_u8).unwrap();
        let result = inside_a_command(move |client| {
            let own = client.lancer();
            assert!(matches!(own, Err(Erreur::Usage(_))), "{own:?}");
            inner.envoyer(nommee("ask", ())).unwrap();
            inner.lancer()
        });
        result.unwrap();
        other.stop().unwrap();
    });
}

#[test]
fn threads_outside_a_stopping_connection_send_nothing_more_over_it() {
    with_watchdog("stopping", LIMIT, || {
        let (other, _) = counting();
        // What is sent until the stop has begun costs it no time.
        other.serveur.enregistrer_commande("brief", |_: &Client, (): ()| ()).unwrap();
        let stopping = other.client();
        let refused = inside_a_command(move |_| {
            let stopping = stopping.clone();
            // The stop waits for these, so the connection is still there when it refuses.
            for _ in 0..5 {
                stopping.envoyer(nommee("slow", ())).unwrap();
            }
            let (begins, begun) = mpsc::channel();
            let stop = thread::spawn({
                let client = stopping.clone();
                move || {
                    begins.send(()).unwrap();
                    client.eteindre()
                }
            });
            begun.recv().unwrap();
            let refusal = loop {
                match stopping.envoyer(nommee("brief", ())) {
                    Ok(()) => thread::yield_now(),
                    Err(error) => break error,
                }
            };
            let still_there = stopping.est_connecte();
            stop.join().unwrap().unwrap();
            (
                still_there,
                matches!(&refusal, Erreur::NonEnvoyee(non) if non.raison == RaisonNonEnvoi::Arret),
            )
        });
        assert_eq!(refused, (true, true));
        other.stop().unwrap();
    });
}

#[test]
fn the_last_handle_of_another_connection_is_waited_for() {
    with_watchdog("drop", LIMIT, || {
        let (other, handled) = counting();
        let client = Mutex::new(Some(other.client()));
        let seen = inside_a_command(move |_| {
            let client = client.lock().unwrap().take().unwrap();
            client.envoyer(nommee("slow", ())).unwrap();
            drop(client);
            handled.load(Ordering::SeqCst)
        });
        assert_eq!(seen, 1);
        other.stop().unwrap();
    });
}

#[test]
fn a_hook_of_one_server_stops_another() {
    with_watchdog("hooks", LIMIT, || {
        let (other, handled) = counting();
        let client = other.client();
        client.envoyer(nommee("slow", ())).unwrap();
        client.vider().unwrap();
        let (sender, results) = mpsc::channel();
        let serveur = other.serveur.clone();
        let hook = move |_: &Client| {
            let stopped = serveur.eteindre().is_ok();
            sender
                .send((stopped, serveur.clients().len(), handled.load(Ordering::SeqCst)))
                .unwrap();
        };
        while other.serveur.clients().is_empty() {
            thread::yield_now();
        }
        let running = Running::new(Serveur::options(0).quand_connecte(hook));
        let newcomer = running.client();
        assert_eq!(results.recv().unwrap(), (true, 0, 1));
        newcomer.eteindre().unwrap();
        running.stop().unwrap();
        other.stop().unwrap();
    });
}

#[test]
fn a_thread_that_a_command_starts_is_inside_of_none() {
    with_watchdog("thread", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (sender, results) = mpsc::channel();
        let sender = Mutex::new(sender);
        let stop = move |client: &Client, (): ()| {
            let (client, sender) = (client.clone(), sender.lock().unwrap().clone());
            thread::spawn(move || sender.send((client.eteindre().is_ok(), client.est_connecte())));
        };
        serveur.enregistrer_commande("stop", stop).unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        client.appeler::<(), _>(nommee("stop", ())).unwrap();
        assert_eq!(results.recv().unwrap(), (true, false));
        running.stop().unwrap();
    });
}

#[test]
fn two_commands_that_stop_each_others_connection_both_end() {
    with_watchdog("each other", LIMIT, || {
        let stoppers: [Arc<OnceLock<Client>>; 2] = Default::default();
        let meet = Arc::new(std::sync::Barrier::new(2));
        let running: Vec<Running> = (0..2)
            .map(|which| {
                let serveur = Serveur::new(0).unwrap();
                let (own, others) = (stoppers[which].clone(), stoppers[1 - which].clone());
                let meet = meet.clone();
                let stop = move |client: &Client, (): ()| {
                    own.set(client.clone()).unwrap();
                    meet.wait();
                    others.get().unwrap().eteindre().is_ok()
                };
                serveur.enregistrer_commande("stop", stop).unwrap();
                Running::of(serveur)
            })
            .collect();
        let clients: Vec<Client> = running.iter().map(Running::client).collect();
        let answers: Vec<_> =
            clients.iter().map(|client| client.differer::<bool, _>(nommee("stop", ()))).collect();
        for answer in answers {
            assert!(answer.unwrap().attendre().unwrap());
        }
        for one in running {
            one.stop().unwrap();
        }
    });
}
