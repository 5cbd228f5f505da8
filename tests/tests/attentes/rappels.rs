//! `quand_prete`: a closure that is called once, with the result.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use cconn::erreur::RaisonNonEnvoi;
use cconn::{Attente, Client, Erreur, Serveur, nommee};
use cconn_tests::with_watchdog;

use super::{LIMIT, never, two_clients, with_client, with_client_of};

fn sleeps(client: &Client, millis: u64) -> Attente<()> {
    client.differer(nommee("dors", (millis,))).unwrap()
}

#[test]
fn it_is_called_with_the_answer_and_no_thread_waits() {
    with_watchdog("called", LIMIT, || {
        with_client(|serveur, client| {
            let (told, heard) = mpsc::channel();
            let here = thread::current().id();
            // It is not answered before `quand_prete` has returned.
            let gate = Arc::new(Barrier::new(2));
            let opens = gate.clone();
            let held = move |_: &Client, (): ()| {
                opens.wait();
            };
            serveur.enregistrer_commande("retenue", held).unwrap();
            client.differer::<(), _>(nommee("retenue", ())).unwrap().quand_prete(move |result| {
                told.send((result, thread::current().id())).unwrap();
            });
            gate.wait();
            let (result, thread) = heard.recv().unwrap();
            result.unwrap();
            assert_ne!(thread, here);
        });
    });
}

#[test]
fn it_is_called_before_the_return_where_the_answer_is_there() {
    with_watchdog("at once", LIMIT, || {
        with_client(|_, client| {
            let call = sleeps(client, 0);
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
            let (told, heard) = mpsc::channel();
            call.quand_prete(move |result| told.send(result).unwrap());
            heard.try_recv().unwrap().unwrap();
        });
    });
}

#[test]
fn ten_thousand_wait_without_a_thread_each_and_each_is_called_once() {
    with_watchdog("ten thousand", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let gate = Arc::new(Barrier::new(2));
        let opened = gate.clone();
        serveur
            .enregistrer_commande("carre", move |_, (n,): (u64,)| {
                if n == 0 {
                    opened.wait();
                }
                n * n
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let calls = Arc::new((AtomicUsize::new(0), AtomicUsize::new(0)));
        let (told, heard) = mpsc::channel();
        for n in 0..10_000_u64 {
            let (calls, told) = (calls.clone(), told.clone());
            client.differer::<u64, _>(nommee("carre", (n,))).unwrap().quand_prete(move |square| {
                calls.0.fetch_add(usize::from(square.unwrap() == n * n), Ordering::Relaxed);
                if calls.1.fetch_add(1, Ordering::AcqRel) == 9_999 {
                    told.send(()).unwrap();
                }
            });
        }
        #[cfg(target_os = "linux")]
        assert!(threads() < 1_000, "{} threads", threads());
        gate.wait();
        heard.recv().unwrap();
        assert_eq!(calls.0.load(Ordering::Relaxed), 10_000);
        drop(told);
        assert!(heard.recv().is_err(), "every closure is dropped");
        assert_eq!(Arc::strong_count(&calls), 1);
    });
}

/// The threads of this process. Other tests run beside this one, as many as there are processors or
/// as were asked for, with a dozen threads each: hundreds, and not ten thousand.
#[cfg(target_os = "linux")]
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[test]
fn it_may_send_the_next_call_and_be_called_for_that() {
    fn go_on(client: &Client, left: u32, told: mpsc::Sender<u32>) {
        let next = client.clone();
        client.differer::<(), _>(nommee("dors", (0_u64,))).unwrap().quand_prete(move |result| {
            result.unwrap();
            match left {
                0 => told.send(0).unwrap(),
                _ => go_on(&next, left - 1, told),
            }
        });
    }
    with_watchdog("the next call", LIMIT, || {
        with_client(|_, client| {
            let (told, heard) = mpsc::channel();
            go_on(client, 500, told);
            heard.recv().unwrap();
        });
    });
}

#[test]
fn what_would_wait_inside_it_is_refused_by_name() {
    with_watchdog("inside", LIMIT, || {
        with_client(|_, client| {
            let (told, heard) = mpsc::channel();
            let inner = client.clone();
            sleeps(client, 5).quand_prete(move |result| {
                result.unwrap();
                let call = inner.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap_err();
                let wait = sleeps(&inner, 50).attendre().unwrap_err();
                let catch_up = inner.rattraper().unwrap_err();
                let first = Attente::premiere(&[sleeps(&inner, 50)], LIMIT).unwrap_err();
                inner.vider().unwrap();
                told.send([call, wait, catch_up, first]).unwrap();
            });
            let errors = heard.recv().unwrap();
            for error in &errors {
                let Erreur::NonEnvoyee(non) = error else { panic!("{error}") };
                assert_eq!(non.raison, RaisonNonEnvoi::DansUnRappel, "{error}");
                assert!(!error.est_fatale());
            }
            assert!(!errors[0].a_pu_etre_executee());
            assert!(errors[1].a_pu_etre_executee(), "it was sent");
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
        });
    });
}

#[test]
fn a_stop_inside_it_only_begins() {
    with_watchdog("stop inside", LIMIT, || {
        with_client_of(&two_clients(), |serveur, _| {
            let client = Client::new(serveur.adresse()).unwrap();
            let (told, heard) = mpsc::channel();
            let inner = client.clone();
            sleeps(&client, 5).quand_prete(move |_| told.send(inner.eteindre()).unwrap());
            heard.recv().unwrap().unwrap();
            while client.est_connecte() {
                thread::sleep(Duration::from_millis(1));
            }
        });
    });
}

#[test]
fn a_panic_in_it_ends_nothing() {
    with_watchdog("panic", LIMIT, || {
        with_client(|_, client| {
            let (told, heard) = mpsc::channel();
            sleeps(client, 1).quand_prete(|_| panic!("the closure's own panic"));
            sleeps(client, 1).quand_prete(move |result| told.send(result).unwrap());
            heard.recv().unwrap().unwrap();
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
        });
    });
}

#[test]
fn a_deadline_and_the_end_are_told_too() {
    with_watchdog("late and ended", LIMIT, || {
        with_client_of(&two_clients(), |serveur, client| {
            let (told, heard) = mpsc::channel();
            let pressed = client.avec_delai(Duration::from_millis(30));
            let late = told.clone();
            never(&pressed).quand_prete(move |result| late.send(result).unwrap());
            let error = heard.recv().unwrap().unwrap_err();
            assert!(error.est_hors_delai(), "{error}");
            let other = Client::new(serveur.adresse()).unwrap();
            never(&other).quand_prete(move |result| told.send(result).unwrap());
            other.close();
            let error = heard.recv().unwrap().unwrap_err();
            assert!(matches!(error, Erreur::Fermee(_)), "{error}");
            assert!(heard.recv().is_err());
        });
    });
}

#[test]
fn it_keeps_the_connection_open_until_it_was_called() {
    with_watchdog("keeps", LIMIT, || {
        with_client_of(&two_clients(), |serveur, _| {
            let (told, heard) = mpsc::channel();
            {
                let client = Client::new(serveur.adresse()).unwrap();
                sleeps(&client, 40).quand_prete(move |result| told.send(result).unwrap());
            }
            heard.recv().unwrap().unwrap();
        });
    });
}

#[test]
fn a_slow_closure_does_not_keep_a_caller_from_its_answer() {
    with_watchdog("slow", LIMIT, || {
        with_client(|_, client| {
            let lock = Arc::new(std::sync::Mutex::new(()));
            let held = lock.clone();
            let (told, heard) = mpsc::channel();
            let guard = lock.lock().unwrap();
            // The closure waits for a lock that this thread holds across a call.
            sleeps(client, 1).quand_prete(move |result| {
                told.send(()).unwrap();
                drop(held.lock().unwrap());
                result.unwrap();
            });
            heard.recv().unwrap();
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
            drop(guard);
        });
    });
}

#[test]
fn on_a_server_too() {
    with_watchdog("server", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (told, heard) = mpsc::channel();
        serveur
            .enregistrer_commande("commence", move |client: &Client, (): ()| {
                let told = told.clone();
                client.differer::<u32, _>(nommee("repond", ()))?.quand_prete(move |result| {
                    told.send(result).unwrap();
                });
                Ok::<(), Erreur>(())
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        client.enregistrer_commande("repond", |_, (): ()| 7_u32).unwrap();
        client.appeler::<(), _>(nommee("commence", ())).unwrap();
        client.rattraper().unwrap();
        assert_eq!(heard.recv().unwrap().unwrap(), 7);
    });
}
