//! An `Attente` that is awaited: woken by whichever thread routes, and if none of the program's
//! does, by one of the connection's own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use cconn::erreur::{Phase, RaisonFin, Usage};
use cconn::{Attente, Client, Erreur, Serveur, commande, commandes, nommee};
use cconn_tests::{quickly, with_watchdog};

use super::executors::{block_on, poll_once, run_on};
use super::{LIMIT, never, two_clients, with_client, with_client_of};

/// A waker that counts.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Count {
    fn new() -> (Arc<Count>, Waker) {
        let count = Arc::new(Count::default());
        (count.clone(), Waker::from(count))
    }

    fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn wait_for(&self, times: usize) {
        while self.times() < times {
            thread::yield_now();
        }
    }
}

fn sleeps(client: &Client, millis: u64) -> Attente<()> {
    client.differer(nommee("dors", (millis,))).unwrap()
}

#[test]
fn one_is_awaited_while_no_thread_of_the_program_reads() {
    with_watchdog("await", LIMIT, || {
        with_client(|_, client| {
            // The watchman alone would look every 100 ms.
            quickly("five calls", Duration::from_millis(250), || {
                for _ in 0..5 {
                    block_on(sleeps(client, 1)).unwrap();
                }
            });
        });
    });
}

#[test]
fn ten_thousand_are_awaited_by_one_thread() {
    #[commande]
    fn carre(n: u64) -> u64 {
        n * n
    }
    with_watchdog("ten thousand", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes![carre]).unwrap();
        let client = serveur.client_local().unwrap();
        let calls: Vec<_> =
            (0..10_000).map(|n| (n, client.differer(carre { n }).unwrap())).collect();
        let total = block_on(async {
            let mut total = 0;
            for (n, call) in calls {
                let square = call.await.unwrap();
                assert_eq!(square, n * n);
                total += square;
            }
            total
        });
        assert_eq!(total, (0..10_000).map(|n| n * n).sum());
    });
}

#[test]
fn tasks_move_between_threads() {
    with_watchdog("several threads", LIMIT, || {
        with_client(|serveur, client| {
            serveur.enregistrer_commande("double", |_, (n,): (u64,)| 2 * n).unwrap();
            let done = Arc::new(AtomicUsize::new(0));
            let tasks = (0..200_u64).map(|n| {
                let (client, done) = (client.clone(), done.clone());
                let task: std::pin::Pin<Box<dyn Future<Output = ()> + Send>> =
                    Box::pin(async move {
                        for step in 0..5 {
                            let call = client.differer::<u64, _>(nommee("double", (n + step,)));
                            assert_eq!(call.unwrap().await.unwrap(), 2 * (n + step));
                        }
                        done.fetch_add(1, Ordering::Relaxed);
                    });
                task
            });
            run_on(4, tasks);
            assert_eq!(done.load(Ordering::Relaxed), 200);
        });
    });
}

#[test]
fn a_blocking_call_beside_it_wakes_it() {
    with_watchdog("beside a call", LIMIT, || {
        with_client(|_, client| {
            let (count, waker) = Count::new();
            let mut first = sleeps(client, 1);
            assert!(poll_once(&mut first, &waker).is_pending());
            // Its answer comes behind the first one's.
            client.appeler::<(), _>(nommee("dors", (1_u64,))).unwrap();
            count.wait_for(1);
            assert!(matches!(poll_once(&mut first, &waker), Poll::Ready(Ok(()))));
            assert_eq!(count.times(), 1, "woken once");
        });
    });
}

#[test]
fn it_is_ready_at_once_where_the_answer_came_before_the_first_poll() {
    with_watchdog("before", LIMIT, || {
        with_client(|_, client| {
            let mut first = sleeps(client, 0);
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
            let (count, waker) = Count::new();
            assert!(matches!(poll_once(&mut first, &waker), Poll::Ready(Ok(()))));
            assert_eq!(count.times(), 0);
        });
    });
}

#[test]
fn the_last_waker_is_woken_and_no_other() {
    with_watchdog("the last", LIMIT, || {
        with_client(|serveur, client| {
            // It is not answered before it was polled twice.
            let gate = Arc::new(Barrier::new(2));
            let opens = gate.clone();
            let held = move |_: &Client, (): ()| {
                opens.wait();
            };
            serveur.enregistrer_commande("retenue", held).unwrap();
            let mut call: Attente<()> = client.differer(nommee("retenue", ())).unwrap();
            let (before, old) = Count::new();
            let (count, waker) = Count::new();
            assert!(poll_once(&mut call, &old).is_pending());
            let mut call = thread::spawn(move || {
                assert!(poll_once(&mut call, &waker).is_pending());
                call
            })
            .join()
            .unwrap();
            gate.wait();
            count.wait_for(1);
            assert_eq!(before.times(), 0, "another thread polls it now");
            assert_eq!(Arc::strong_count(&before), 2, "the connection keeps no old waker");
            assert!(poll_once(&mut call, &old).is_ready());
        });
    });
}

#[test]
fn one_that_is_polled_after_its_answer_says_so() {
    with_watchdog("after the end", LIMIT, || {
        with_client(|_, client| {
            let mut call = sleeps(client, 0);
            block_on(&mut call).unwrap();
            for _ in 0..2 {
                let again = block_on(&mut call).unwrap_err();
                let Erreur::Usage(usage) = &again else { panic!("{again}") };
                assert!(matches!(**usage, Usage::DejaReclamee { .. }), "{again}");
                assert_eq!(again.commande(), Some("dors"));
            }
            assert!(call.attendre_au_plus(Duration::ZERO).is_none());
        });
    });
}

#[test]
fn the_deadline_of_the_handle_holds() {
    with_watchdog("deadline", LIMIT, || {
        with_client(|_, client| {
            let time = Duration::from_millis(60);
            let pressed = client.avec_delai(time);
            quickly("a deadline of 60 ms", Duration::from_millis(700), || {
                let begin = Instant::now();
                let late = block_on(never(&pressed)).unwrap_err();
                assert!(matches!(&late, Erreur::Delai(d) if d.phase == Phase::Reponse), "{late}");
                assert!(begin.elapsed() >= time, "{:?}", begin.elapsed());
                // Where the process was held up, its start may not have been in time.
                assert!(late.a_pu_etre_executee() || begin.elapsed() >= 2 * time, "{late}");
            });
            assert!(client.est_connecte());
        });
    });
}

#[test]
fn the_deadline_counts_from_the_first_poll_and_a_later_shorter_one_is_seen() {
    with_watchdog("deadlines", LIMIT, || {
        with_client(|_, client| {
            let (count, waker) = Count::new();
            let mut long = never(client);
            assert!(poll_once(&mut long, &waker).is_pending());
            // The lookout is blocked in a read until the long one's deadline.
            thread::sleep(Duration::from_millis(20));
            let short = client.avec_delai(Duration::from_millis(50));
            quickly("a deadline of 50 ms", Duration::from_millis(500), || {
                let late = block_on(sleeps(&short, 0)).unwrap_err();
                assert!(matches!(late, Erreur::Delai(_)), "{late}");
            });
            assert_eq!(count.times(), 0);
        });
    });
}

#[test]
fn a_handle_without_time_looks_once() {
    with_watchdog("no time", LIMIT, || {
        with_client(|_, client| {
            let none = client.avec_delai(Duration::ZERO);
            let late = block_on(
                client
                    .avec_delai(Duration::ZERO)
                    .essayer_appel::<(), _>(nommee("dors", (100_u64,)))
                    .unwrap(),
            );
            assert!(matches!(late, Err(Erreur::Delai(_))), "{late:?}");
            let mut call = none.essayer_appel::<(), _>(nommee("dors", (0_u64,))).unwrap();
            while !call.est_prete() {
                thread::yield_now();
            }
            assert!(matches!(poll_once(&mut call, Waker::noop()), Poll::Ready(Ok(()))));
        });
    });
}

#[test]
fn the_end_of_the_connection_wakes_all() {
    with_watchdog("the end", LIMIT, || {
        for close in [
            |_: &Serveur, client: &Client| client.close(),
            |serveur: &Serveur, _: &Client| {
                // The client's greeting is done before the server counts it.
                while serveur.clients().is_empty() {
                    thread::yield_now();
                }
                cconn_tests::first_client(serveur).close();
            },
        ] {
            with_client(|serveur, client| {
                let calls: Vec<_> = (0..50).map(|_| never(client)).collect();
                let (told, polled) = mpsc::channel();
                let waiting = thread::spawn(move || {
                    let mut calls = calls;
                    let first = calls.remove(0);
                    let (count, waker) = Count::new();
                    for call in &mut calls {
                        assert!(poll_once(call, &waker).is_pending());
                    }
                    told.send(()).unwrap();
                    let first = block_on(first).unwrap_err();
                    count.wait_for(49);
                    let rest = calls.iter_mut().map(|call| block_on(call).unwrap_err());
                    rest.chain([first]).collect::<Vec<_>>()
                });
                polled.recv().unwrap();
                close(serveur, client);
                for error in waiting.join().unwrap() {
                    assert!(matches!(error, Erreur::Fermee(_)), "{error}");
                }
            });
        }
    });
}

#[test]
fn one_that_is_dropped_is_given_up_and_its_waker_let_go() {
    with_watchdog("dropped", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        let (told, cancelled) = mpsc::channel();
        serveur
            .enregistrer_commande("attend", move |client, (): ()| {
                while !client.est_annule() {
                    thread::sleep(Duration::from_millis(1));
                }
                told.send(()).unwrap();
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        let (count, waker) = Count::new();
        let mut call: Attente<()> = client.differer(nommee("attend", ())).unwrap();
        assert!(poll_once(&mut call, &waker).is_pending());
        drop((call, waker));
        assert_eq!(Arc::strong_count(&count), 1);
        cancelled.recv().unwrap();
        assert_eq!(count.times(), 0);
        assert!(client.est_connecte());
    });
}

#[test]
fn awaiting_keeps_the_connection_open() {
    with_watchdog("handles", LIMIT, || {
        with_client_of(&two_clients(), |serveur, _| {
            let call = {
                let client = Client::new(serveur.adresse()).unwrap();
                sleeps(&client, 40)
            };
            block_on(call).unwrap();
        });
    });
}

/// A waker that panics when it is woken, cloned or dropped, as it is told.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("the waker's own panic");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    with_watchdog("panics", LIMIT, || {
        with_client(|_, client| {
            let mut bad = sleeps(client, 1);
            let mut good = sleeps(client, 1);
            let (count, waker) = Count::new();
            assert!(poll_once(&mut bad, &Waker::from(Arc::new(Panics))).is_pending());
            assert!(poll_once(&mut good, &waker).is_pending());
            count.wait_for(1);
            assert!(poll_once(&mut good, &waker).is_ready());
            assert!(poll_once(&mut bad, &waker).is_ready());
            client.appeler::<(), _>(nommee("dors", (0_u64,))).unwrap();
            block_on(sleeps(client, 1)).unwrap();
        });
    });
}

/// A waker that uses the connection.
struct Calls {
    client: Client,
    told: mpsc::Sender<(Result<(), Erreur>, Result<(), Erreur>)>,
}

impl Wake for Calls {
    fn wake(self: Arc<Self>) {
        let call = self.client.appeler::<(), _>(nommee("dors", (0_u64,)));
        self.told.send((call, self.client.envoyer(nommee("dors", (0_u64,))))).unwrap();
    }
}

#[test]
fn a_waker_that_calls_is_refused_at_once_and_may_send() {
    with_watchdog("a waker that calls", LIMIT, || {
        with_client(|_, client| {
            let (told, heard) = mpsc::channel();
            let waker = Waker::from(Arc::new(Calls { client: client.clone(), told }));
            let mut call = sleeps(client, 10);
            assert!(poll_once(&mut call, &waker).is_pending());
            let (refused, sent) = heard.recv().unwrap();
            let refused = refused.unwrap_err();
            assert!(matches!(refused, Erreur::NonEnvoyee(_)), "{refused}");
            assert!(!refused.a_pu_etre_executee());
            assert!(refused.to_string().contains("`dors`"), "{refused}");
            assert!(refused.to_string().contains("quand_prete"), "{refused}");
            sent.unwrap();
            assert!(poll_once(&mut call, &waker).is_ready());
        });
    });
}

#[test]
fn a_command_that_calls_back_is_run_for_a_future() {
    with_watchdog("calls back", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur
            .enregistrer_commande("demande", |client: &Client, (): ()| {
                client.appeler::<u32, _>(nommee("repond", ()))
            })
            .unwrap();
        let client = serveur.client_local().unwrap();
        client.enregistrer_commande("repond", |_, (): ()| 7_u32).unwrap();
        let call = client.differer::<u32, _>(nommee("demande", ())).unwrap();
        assert_eq!(block_on(call).unwrap(), 7);
    });
}

#[test]
fn a_command_may_await_what_needs_no_command_of_its_own() {
    with_watchdog("inside a command", LIMIT, || {
        with_client(|serveur, client| {
            serveur
                .enregistrer_commande("demande", |client: &Client, (): ()| {
                    block_on(client.differer::<u32, _>(nommee("repond", ()))?)
                })
                .unwrap();
            client.enregistrer_commande("repond", |_, (): ()| 7_u32).unwrap();
            assert_eq!(client.appeler::<u32, _>(nommee("demande", ())).unwrap(), 7);
        });
    });
}

#[test]
fn an_orderly_stop_waits_for_what_is_awaited() {
    with_watchdog("stop", LIMIT, || {
        with_client_of(&two_clients(), |serveur, _| {
            let client = Client::new(serveur.adresse()).unwrap();
            let call = sleeps(&client, 60);
            let awaited = thread::spawn(move || block_on(call));
            thread::sleep(Duration::from_millis(20));
            client.eteindre().unwrap();
            awaited.join().unwrap().unwrap();
            let refused = block_on(async { client.differer::<(), _>(nommee("dors", (0_u64,))) });
            let Err(Erreur::Fermee(fin)) = refused else { panic!("{refused:?}") };
            assert_eq!(fin.raison, RaisonFin::Terminee);
        });
    });
}
