//! A call whose deadline is near asks the peer where it is.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use cconn::erreur::{Delai, Etape};
use cconn::{Client, Erreur, Serveur, nommee};
use cconn_tests::raw::{Greeting, Raw, answer, call, failure, frame, record};
use cconn_tests::{quickly, undisturbed, until, with_watchdog};

use super::{LIMIT, Running};

/// A deadline that leaves the watchman of a busy machine the time to look twice.
const SHORT: Duration = Duration::from_millis(500);

/// What commands wait for, and how often each of them ran.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
    entered: AtomicUsize,
    ran: AtomicUsize,
}

impl Gate {
    fn pass(&self) {
        self.entered.fetch_add(1, Ordering::SeqCst);
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.opened.wait(open).unwrap();
        }
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    /// Waits until a command is inside.
    fn until_entered(&self) {
        while self.entered.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
    }

    fn ran(&self) -> usize {
        self.ran.load(Ordering::SeqCst)
    }
}

/// Registers `bloque`, which waits for the gate, and `compte`, which counts.
fn register(enregistrer: impl Fn(&str, Box<dyn Fn() + Send + Sync>)) -> Arc<Gate> {
    let gate = Arc::new(Gate::default());
    let (waits, counts) = (gate.clone(), gate.clone());
    enregistrer("bloque", Box::new(move || waits.pass()));
    enregistrer(
        "compte",
        Box::new(move || {
            counts.ran.fetch_add(1, Ordering::SeqCst);
        }),
    );
    gate
}

fn server() -> (Running, Arc<Gate>) {
    let serveur = Serveur::new(0).unwrap();
    let gate = register(|name, run| {
        serveur.enregistrer_commande(name, move |_, ()| run()).unwrap();
    });
    (Running::of(serveur), gate)
}

fn late<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, Erreur<E>>) -> Delai {
    match result {
        Err(Erreur::Delai(delai)) => *delai,
        other => panic!("{other:?}"),
    }
}

fn count(client: &Client) -> Delai {
    late(client.avec_delai(SHORT).appeler::<(), _>(nommee("compte", ())))
}

/// Calls until the peer has answered the question in time. It looks for questions every 20 ms, and
/// on a busy machine that may be too late for one call; for twenty in a row it is not.
fn count_and_be_told(client: &Client) -> Delai {
    let mut delai = count(client);
    for _ in 0..19 {
        if matches!(delai.etape, Some(Etape::NonCommencee | Etape::NonEcoutee)) {
            break;
        }
        delai = count(client);
    }
    delai
}

#[test]
fn a_call_behind_another_threads_command_is_certain_not_to_have_run() {
    // [question.when] [question.unstarted] [question.expired]
    with_watchdog("not started", LIMIT, || {
        let (running, gate) = server();
        let client = running.client();
        let other = client.clone();
        let blocked = thread::spawn(move || other.appeler::<(), _>(nommee("bloque", ())));
        gate.until_entered();
        let delai = count_and_be_told(&client);
        assert_eq!(delai.etape, Some(Etape::NonCommencee), "{delai}");
        assert!(!delai.a_pu_etre_executee, "{delai}");
        assert_eq!(delai.derriere.as_deref(), Some("bloque"), "{delai}");
        let text = delai.to_string();
        assert!(text.contains("`bloque` was running") && text.contains("has not run"), "{text}");
        gate.open();
        blocked.join().unwrap().unwrap();
        client.appeler::<(), _>(nommee("compte", ())).unwrap();
        assert_eq!(gate.ran(), 1, "what was withdrawn never ran");
        running.stop().unwrap();
    });
}

#[test]
fn a_command_that_runs_is_said_to_run() {
    // [question.running]
    with_watchdog("running", LIMIT, || {
        let (running, gate) = server();
        let client = running.client();
        let delai = late(client.avec_delai(SHORT).appeler::<(), _>(nommee("bloque", ())));
        // Nothing waits there, so the question may be read too late.
        assert!(matches!(delai.etape, Some(Etape::EnCours | Etape::Envoyee)), "{delai}");
        assert!(delai.a_pu_etre_executee && delai.derriere.is_none(), "{delai}");
        gate.open();
        client.appeler::<(), _>(nommee("compte", ())).unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn many_calls_behind_a_message_are_all_withdrawn_and_the_message_is_not_lost() {
    with_watchdog("many", LIMIT, || {
        let (running, gate) = server();
        let client = running.client();
        client.envoyer(nommee("bloque", ())).unwrap();
        gate.until_entered();
        client.envoyer(nommee("compte", ())).unwrap();
        let hasty = client.avec_delai(SHORT);
        let threads: Vec<_> = (0..8)
            .map(|deferred| {
                let hasty = hasty.clone();
                thread::spawn(move || match deferred % 2 {
                    0 => late(hasty.appeler::<(), _>(nommee("compte", ()))),
                    _ => late(hasty.differer::<(), _>(nommee("compte", ())).unwrap().attendre()),
                })
            })
            .collect();
        for thread in threads {
            let delai = thread.join().unwrap();
            // Late on a busy machine, or certain: never anything else.
            let told = delai.etape == Some(Etape::NonCommencee);
            assert_eq!(delai.a_pu_etre_executee, !told, "{delai}");
        }
        // An answer to a withdrawn call does not mean that earlier messages were taken up: the last
        // handle still waits for the message behind the gate.
        drop(hasty);
        let opens = gate.clone();
        let opener = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            opens.open();
        });
        drop(client);
        opener.join().unwrap();
        until("the message runs", || gate.ran() > 0);
        assert_eq!(gate.ran(), 1, "the message, and no call");
        running.stop().unwrap();
    });
}

#[test]
fn a_client_that_runs_no_commands_says_so() {
    with_watchdog("not listened", LIMIT, || {
        let (arrived, arrival) = std::sync::mpsc::channel();
        let options = Serveur::options(0).quand_connecte(move |client| {
            arrived.send(client.clone()).unwrap();
        });
        let running = Running::new(options);
        let client = running.client();
        let gate = register(|name, run| {
            client.enregistrer_commande(name, move |_, ()| run()).unwrap();
        });
        let delai = count_and_be_told(&arrival.recv().unwrap());
        assert_eq!(delai.etape, Some(Etape::NonEcoutee), "{delai}");
        assert!(!delai.a_pu_etre_executee && delai.to_string().contains("`lancer`"), "{delai}");
        assert_eq!(gate.ran(), 0);
        client.close();
        running.stop().unwrap();
    });
}

#[test]
fn tiny_deadlines_end_in_time_whatever_is_known() {
    with_watchdog("tiny", LIMIT, || {
        let (running, gate) = server();
        let client = running.client();
        let _blocked = client.differer::<(), _>(nommee("bloque", ())).unwrap();
        gate.until_entered();
        for micros in [0, 1, 500, 1_000, 3_000, 8_000] {
            let hasty = client.avec_delai(Duration::from_micros(micros));
            quickly(&format!("{micros} us"), Duration::from_secs(1), || {
                let result = hasty.appeler::<(), _>(nommee("compte", ()));
                assert!(result.is_err(), "{result:?}");
            });
        }
        gate.open();
        client.appeler::<(), _>(nommee("compte", ())).unwrap();
        running.stop().unwrap();
    });
}

#[test]
fn a_nested_call_that_the_caller_has_not_started_is_withdrawn() {
    with_watchdog("nested", LIMIT, || {
        let serveur = Serveur::new(0).unwrap();
        serveur
            .enregistrer_commande("rappelle", |client: &Client, ()| {
                let delai = count_and_be_told(client);
                (delai.a_pu_etre_executee, delai.derriere.map(String::from))
            })
            .unwrap();
        let running = Running::of(serveur);
        let client = running.client();
        let gate = register(|name, run| {
            client.enregistrer_commande(name, move |_, ()| run()).unwrap();
        });
        let first = cconn_tests::first_client(&running.serveur);
        let runs = client.clone();
        let lancer = thread::spawn(move || runs.lancer());
        let _blocked = first.differer::<(), _>(nommee("bloque", ())).unwrap();
        gate.until_entered();
        // The thread that waits here reads meanwhile, so the question is answered at once.
        let told = client.appeler::<(bool, Option<String>), _>(nommee("rappelle", ())).unwrap();
        assert_eq!(told, (false, Some("bloque".to_owned())));
        gate.open();
        client.close();
        lancer.join().unwrap().unwrap();
        running.stop().unwrap();
    });
}

/// A server written from the page, with these features; `then` has its connection and the first
/// call's id.
fn raw_server(
    features: u8,
    then: impl FnOnce(&mut Raw, u64) + Send + 'static,
) -> (Client, thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let peer = thread::spawn(move || {
        let more = record(1, &[features]);
        let greeting = Greeting { more, ..Greeting::server() };
        let mut raw = Raw::accept(&listener);
        raw.send(&greeting.bytes());
        raw.greeting();
        let frame = raw.frame().unwrap();
        assert_eq!(frame[0], 2, "a call");
        then(&mut raw, u64::from_le_bytes(frame[2..10].try_into().unwrap()));
    });
    (Client::new(address).unwrap(), peer)
}

fn standing(id: u64, number: u8, behind: u64) -> Vec<u8> {
    frame(15, &[&id.to_le_bytes(), &[number], &behind.to_le_bytes()])
}

#[test]
fn a_peer_that_does_not_declare_the_question_is_not_asked() {
    // [features.question] [features.used]
    with_watchdog("older peer", LIMIT, || {
        let (client, peer) = raw_server(7, |raw, id| {
            let next = raw.frame().unwrap();
            assert_eq!(next[0], 6, "a cancel and no question");
            assert_eq!(next[1..9], id.to_le_bytes());
        });
        let delai = count(&client);
        assert!(delai.a_pu_etre_executee, "{delai}");
        peer.join().unwrap();
    });
}

#[test]
fn an_outcome_that_crosses_the_question_counts_whatever_the_peer_says_beside_it() {
    // [standing.unasked]
    with_watchdog("crossing", LIMIT, || {
        // A process that is held up for long asks too late, or not at all.
        undisturbed(SHORT / 5, || {
            let (client, peer) = raw_server(0x27, |raw, id| {
                let question = raw.frame().unwrap();
                assert_eq!(question, [&[14][..], &id.to_le_bytes()].concat());
                // It runs, and ends at once; then nonsense about it, and about calls never made.
                raw.send(&standing(id, 1, 0));
                raw.send(&answer(id, &[]));
                raw.send(&standing(id, 2, 5));
                raw.send(&failure(id, "compte", 11, b"late"));
                raw.send(&standing(99, 3, 0));
                let call = raw.frame().unwrap();
                assert_eq!(call[0], 2, "the connection lives");
                let id = u64::from_le_bytes(call[2..10].try_into().unwrap());
                // Nobody asked: it is dropped, and the call is not withdrawn by it.
                raw.send(&standing(id, 2, 5));
                raw.send(&answer(id, &[]));
                assert_eq!(raw.frame().unwrap()[0], 12, "an adieu");
            });
            client.avec_delai(SHORT).appeler::<(), _>(nommee("compte", ())).unwrap();
            client.appeler::<(), _>(nommee("compte", ())).unwrap();
            client.close();
            peer.join().unwrap();
        });
    });
}

#[test]
fn what_the_peer_says_of_a_running_command_is_passed_on() {
    with_watchdog("said to run", LIMIT, || {
        // A process that is held up for long asks too late, or not at all.
        undisturbed(SHORT / 5, || {
            for number in [1, 4, 255] {
                let (client, peer) = raw_server(0x27, move |raw, id| {
                    raw.frame().unwrap();
                    raw.send(&standing(id, number, 0));
                    assert_eq!(raw.frame().unwrap()[0], 6, "a cancel");
                });
                let delai = count(&client);
                assert_eq!(delai.etape, Some(Etape::EnCours), "{delai}");
                assert!(delai.a_pu_etre_executee && delai.derriere.is_none(), "{delai}");
                peer.join().unwrap();
            }
        });
    });
}

#[test]
fn a_standing_without_its_failure_is_believed_at_the_deadline() {
    with_watchdog("half an answer", LIMIT, || {
        // A process that is held up for long asks too late, or not at all.
        undisturbed(SHORT / 5, || {
            let (client, peer) = raw_server(0x27, |raw, id| {
                raw.frame().unwrap();
                raw.send(&standing(id, 2, 0));
                assert_eq!(raw.frame().unwrap()[0], 6, "a cancel");
            });
            let delai = count(&client);
            assert_eq!(delai.etape, Some(Etape::NonCommencee), "{delai}");
            assert!(!delai.a_pu_etre_executee && delai.derriere.is_none(), "{delai}");
            peer.join().unwrap();
        });
    });
}

#[test]
fn questions_about_nothing_are_not_answered_and_repeated_ones_once() {
    // [question.unknown] [question.running]
    with_watchdog("hostile questions", LIMIT, || {
        let (running, gate) = server();
        let more = record(1, &[0x27]);
        let greeting = Greeting { more, ..Greeting::client() };
        let mut raw = Raw::client_with(running.serveur.adresse().socket().unwrap(), &greeting);
        raw.send(&call(1, "bloque", &[]));
        gate.until_entered();
        let question = |id: u64| frame(14, &[&id.to_le_bytes()]);
        (2..200).for_each(|id| raw.send(&question(id)));
        (0..100).for_each(|_| raw.send(&question(1)));
        assert_eq!(raw.frame().unwrap(), standing(1, 1, 0)[4..]);
        raw.send(&call(7, "compte", &[]));
        (0..3).for_each(|_| raw.send(&question(7)));
        assert_eq!(raw.frame().unwrap(), standing(7, 2, cconn_tests::raw::hash("bloque"))[4..]);
        let refused = raw.frame().unwrap();
        assert_eq!((refused[0], refused[17], refused[18]), (5, 11, 0), "failure 11");
        gate.open();
        assert_eq!(raw.frame().unwrap()[0], 3, "the answer of the first, and nothing between");
        raw.send(&question(1));
        raw.send(&call(8, "compte", &[]));
        assert_eq!(raw.frame().unwrap()[0], 3);
        assert_eq!(gate.ran(), 1);
        drop(raw);
        running.stop().unwrap();
    });
}
