//! Streams among the arguments with a peer that breaks their rules, or keeps them in ways that no
//! cconn does.

use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::RaisonFin;
use cconn::flux::Flux;
use cconn::{Client, Erreur, Etat, Resultat, Serveur, commande, commandes};
use cconn_tests::raw::{
    Greeting, Raw, Seen, answer, call, cancel, credit, end, frame, items, one_way, record,
    with_context,
};
use cconn_tests::with_watchdog;

const LIMIT: Duration = Duration::from_secs(20);

/// The first credit of a stream, unless set.
const FIRST: u32 = 256 << 10;

/// The code of a stream that ended because a program, or its call, was over.
const CLOSED: [u8; 2] = [0x0a, 0x01];

/// Whether the gate is open, and what the commands have told.
type Told = (bool, Vec<String>);

/// A gate that commands wait at, and what they have told.
#[derive(Clone, Default)]
struct Porte(Arc<(Mutex<Told>, Condvar)>);

impl Porte {
    fn open(&self) {
        self.0.0.lock().unwrap().0 = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |(open, _)| !*open).unwrap());
    }

    fn tell(&self, text: String) {
        self.0.0.lock().unwrap().1.push(text);
        self.0.1.notify_all();
    }

    fn heard(&self) -> String {
        let told = self.0.1.wait_while(self.0.0.lock().unwrap(), |(_, told)| told.is_empty());
        told.unwrap().1.remove(0)
    }
}

/// Tells what came, and how it ended.
#[commande]
fn noter(porte: &Etat<Porte>, nombres: Flux<u64>) -> Vec<u64> {
    let mut tous = Vec::new();
    for nombre in nombres {
        match nombre {
            Ok(nombre) => tous.push(nombre),
            Err(erreur) => porte.tell(erreur.to_string()),
        }
    }
    tous
}

/// Takes its stream once the gate is open.
#[commande]
fn plus_tard(porte: &Etat<Porte>, nombres: Flux<u64>) -> Vec<u64> {
    porte.pass();
    nombres.map_while(Result::ok).collect()
}

#[commande]
fn deux(gauche: Flux<u64>, droite: Flux<u64>) -> u64 {
    gauche.chain(droite).map_while(Result::ok).sum()
}

#[commande]
fn renvoyer(nombres: Flux<u64>) -> Flux<u64> {
    nombres
}

#[commande]
fn patienter(porte: &Etat<Porte>) {
    porte.pass();
}

fn serving() -> (Serveur, Porte, JoinHandle<()>) {
    let porte = Porte::default();
    let serveur = Serveur::options(0).max_clients(8).fournir(porte.clone()).ouvrir().unwrap();
    serveur.enregistrer(commandes![noter, plus_tard, deux, renvoyer, patienter]).unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| n * 2).unwrap();
    let running = serveur.clone();
    (serveur, porte, thread::spawn(move || running.lancer().unwrap()))
}

fn raw_client(serveur: &Serveur) -> Raw {
    let greeting = Greeting { more: record(1, &[0x0f]), ..Greeting::client() };
    Raw::client_with(serveur.adresse().socket().unwrap(), &greeting)
}

/// A call that says that it feeds its arguments.
fn feeding(id: u64, name: &str) -> Vec<u8> {
    with_context(&call(id, name, &[]), &[6, 4, 0, 0, 0, 0])
}

/// The reason and the text with which the other side ends the connection.
fn last_word(raw: &mut Raw) -> (u16, String) {
    match raw.rest().pop() {
        Some(Seen::Adieu { reason, text }) => (reason, text),
        other => panic!("{other:?}"),
    }
}

fn opens(raw: &mut Raw, id: u64, lane: u8) {
    assert_eq!(raw.next(), Some(Seen::Credit { id, lane, bytes: FIRST }));
}

/// The answer of a call, past the stops of its streams.
fn answered(raw: &mut Raw, id: u64) -> Vec<u8> {
    let is_no_stop = |seen: &Seen| !matches!(seen, Seen::Credit { .. } | Seen::Grant { .. });
    match raw.find(is_no_stop) {
        Some(Seen::Answer { id: of, body }) if of == id => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn lanes_open_with_the_command_and_are_numbered_in_the_order_of_the_arguments() {
    // [lane.opens] [lane.number] [lane.outcome]
    with_watchdog("lanes", LIMIT, || {
        let (serveur, _, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&feeding(1, "deux"));
        opens(&mut raw, 1, 1);
        opens(&mut raw, 1, 2);
        raw.send(&[items(1, 2, Some(0), &[&[7]]), items(1, 1, Some(0), &[&[1], &[2]])].concat());
        raw.send(&[end(1, 2, 0, &[]), end(1, 1, 0, &[])].concat());
        assert_eq!(answered(&mut raw, 1), [10]);
        // What comes behind the outcome is dropped.
        raw.send(&[items(1, 1, None, &[&[9]]), end(1, 1, 0, &[]), end(1, 2, 0, &[])].concat());
        raw.send(&call(2, "double", &[4]));
        assert_eq!(answered(&mut raw, 2), [8]);
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn who_feeds_nothing_is_refused_and_nothing_runs() {
    // [lane.declared]
    with_watchdog("not fed", LIMIT, || {
        let (serveur, _, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&call(1, "noter", &[]));
        let Some(Seen::Failure { id: 1, code: 15, text, .. }) = raw.next() else { panic!() };
        assert!(text.contains("argument `nombres` is a stream"), "{text}");
        raw.send(&one_way("noter", &[]));
        assert!(matches!(raw.next(), Some(Seen::Failure { id: 0, code: 15, .. })));
        // A one-way message that says it feeds has no lanes: they are those of calls.
        raw.send(&with_context(&one_way("noter", &[]), &[6, 4, 0, 0, 0, 0]));
        assert!(matches!(raw.next(), Some(Seen::Failure { id: 0, code: 15, .. })));
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn who_feeds_fewer_streams_than_the_command_takes_is_refused() {
    // [lane.count]
    with_watchdog("too few", LIMIT, || {
        let (serveur, _, running) = serving();
        let counted =
            |id, name, count| with_context(&call(id, name, &[]), &[6, 4, 0, 0, 0, 0, 7, 1, count]);
        let mut raw = raw_client(&serveur);
        // What was opened before the last one was missed ends with the outcome.
        raw.send(&counted(1, "deux", 1));
        opens(&mut raw, 1, 1);
        let refused = raw.find(|seen| matches!(seen, Seen::Failure { .. }));
        let Some(Seen::Failure { id: 1, code: 15, text, .. }) = refused else { panic!() };
        assert!(text.contains("argument `droite` is a stream"), "{text}");
        raw.send(&items(1, 1, Some(0), &[&[7]]));
        // As many as it takes, and more.
        for (id, count) in [(2, 2), (3, 3), (4, 255)] {
            raw.send(&counted(id, "deux", count));
            opens(&mut raw, id, 1);
            opens(&mut raw, id, 2);
            raw.send(&[end(id, 1, 0, &[]), end(id, 2, 0, &[])].concat());
            assert_eq!(answered(&mut raw, id), [0]);
        }
        // The count alone feeds nothing.
        raw.send(&with_context(&call(5, "deux", &[]), &[7, 1, 2]));
        assert!(matches!(raw.next(), Some(Seen::Failure { id: 5, code: 15, .. })));
        // No count at all is an error.
        raw.send(&counted(6, "deux", 0));
        assert_eq!(last_word(&mut raw).0, 5, "a protocol error");
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn items_without_credit_end_the_connection() {
    // [credit.overrun] [lane.opens]
    with_watchdog("no credit", LIMIT, || {
        let (serveur, porte, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&feeding(1, "plus_tard"));
        opens(&mut raw, 1, 1);
        let many = vec![&[1][..]; (FIRST as usize).div_ceil(17)];
        raw.send(&items(1, 1, Some(0), &many));
        raw.send(&items(1, 1, None, &[&[1]]));
        let (reason, text) = last_word(&mut raw);
        assert!(reason == 7 && text.contains("no credit was left"), "{reason} {text}");
        porte.open();
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn lanes_that_no_command_has_opened_end_the_connection() {
    // [lane.opens]
    type Case = fn() -> Vec<u8>;
    let cases: [Case; 5] = [
        || items(1, 2, Some(0), &[&[1]]),
        || items(1, 255, Some(0), &[]),
        || end(1, 9, 0, &[]),
        || items(2, 1, Some(0), &[&[1]]),
        || end(2, 1, 2, &[4, 1]),
    ];
    with_watchdog("no such lanes", LIMIT, || {
        for case in cases {
            let (serveur, porte, running) = serving();
            let mut raw = raw_client(&serveur);
            raw.send(&feeding(1, "plus_tard"));
            opens(&mut raw, 1, 1);
            let mut other = raw_client(&serveur);
            raw.send(&case());
            if case()[5] == 2 {
                // Call 2 does not run: nobody has opened anything, and it is dropped.
                raw.send(&[end(1, 1, 0, &[])].concat());
                porte.open();
                assert_eq!(answered(&mut raw, 1), [0]);
            } else {
                let (reason, text) = last_word(&mut raw);
                assert!(reason == 7 && text.contains("was not open"), "{reason} {text}");
                porte.open();
            }
            other.send(&call(1, "double", &[3]));
            assert_eq!(answered(&mut other, 1), [6], "others are not affected");
            drop((raw, other));
            serveur.eteindre().unwrap();
            running.join().unwrap();
        }
    });
}

#[test]
fn frames_of_lanes_that_make_no_sense_end_the_connection() {
    // [items.room] [items.flags] [end.unknown]
    let of = |more: &[u8]| frame(8, &[&1_u64.to_le_bytes(), &[1], more]);
    let cases = [
        (of(&[]), "ends before its fields do"),
        (of(&[0, 5, 1]), "ends before its fields do"),
        (of(&[0, 255]), "ends before its fields do"),
        (end(1, 1, 3, &[]), "way 3"),
        (end(1, 1, 0, &[1]), "more than its fields"),
    ];
    with_watchdog("senseless", LIMIT, || {
        for (bytes, what) in cases {
            let (serveur, porte, running) = serving();
            let mut raw = raw_client(&serveur);
            raw.send(&feeding(1, "noter"));
            opens(&mut raw, 1, 1);
            raw.send(&bytes);
            let (reason, text) = last_word(&mut raw);
            assert!(reason == 5 && text.contains(what), "{what}: {reason} {text}");
            // The command learns that the connection has ended.
            assert!(porte.heard().contains("the connection"), "{what}");
            drop(raw);
            serveur.eteindre().unwrap();
            running.join().unwrap();
        }
    });
}

#[test]
fn what_comes_behind_the_end_of_a_lane_is_dropped() {
    // [end.crossing] [end.twice] [credit.unknown] [lane.unknown]
    with_watchdog("behind the end", LIMIT, || {
        let (serveur, porte, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&feeding(1, "plus_tard"));
        opens(&mut raw, 1, 1);
        raw.send(&[items(1, 1, Some(0), &[&[7]]), end(1, 1, 0, &[])].concat());
        raw.send(&[end(1, 1, 0, &[]), items(1, 1, None, &[&[8]]), end(1, 1, 2, &[4, 1])].concat());
        // Credit and stops for lanes of calls that the server has not made.
        raw.send(&[credit(1, 1, 9), credit(1, 1, 0), credit(77, 3, 9), credit(1, 0, 9)].concat());
        // Calls that never were.
        raw.send(&[items(77, 1, Some(0), &[&[8]]), end(78, 2, 0, &[])].concat());
        porte.open();
        assert_eq!(answered(&mut raw, 1), [1, 7]);
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

/// A sender may send what it likes to a call that waits for its turn: nothing of it is kept.
#[test]
fn items_for_a_call_that_has_not_started_are_dropped() {
    // [lane.opens]
    with_watchdog("too early", LIMIT, || {
        let (serveur, porte, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&[call(1, "patienter", &[]), feeding(2, "noter")].concat());
        raw.send(&[items(2, 1, Some(0), &[&[7]]), end(2, 1, 0, &[])].concat());
        // A question is answered by the side that has read all before it.
        let mut other = raw_client(&serveur);
        other.send(&call(1, "double", &[3]));
        assert_eq!(answered(&mut other, 1), [6]);
        thread::sleep(Duration::from_millis(400));
        porte.open();
        assert_eq!(answered_of(&mut raw, 1), []);
        opens(&mut raw, 2, 1);
        raw.send(&[items(2, 1, Some(0), &[&[9]]), end(2, 1, 0, &[])].concat());
        assert_eq!(answered(&mut raw, 2), [1, 9]);
        drop((raw, other));
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

/// The answer of a call, which is the next frame.
fn answered_of(raw: &mut Raw, id: u64) -> Vec<u8> {
    match raw.next() {
        Some(Seen::Answer { id: of, body }) if of == id => body,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_cancel_and_a_cut_end_the_streams_of_a_command() {
    // [cancel.stream] [stream.cut]
    with_watchdog("cancel and cut", LIMIT, || {
        let (serveur, porte, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&feeding(1, "noter"));
        opens(&mut raw, 1, 1);
        raw.send(&[items(1, 1, Some(0), &[&[7]]), cancel(1)].concat());
        assert!(porte.heard().contains("given the call up"));
        raw.send(&[items(1, 1, None, &[&[7]]), end(1, 1, 0, &[])].concat());
        // The cancel is there before the call starts, or right behind it.
        for id in 2..20 {
            raw.send(&[feeding(id, "noter"), cancel(id)].concat());
        }
        raw.send(&feeding(50, "noter"));
        let begun = raw.find(|seen| matches!(seen, Seen::Credit { id: 50, .. }));
        assert!(begun.is_some());
        drop(raw);
        while !porte.heard().contains("connection") {}
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

/// A client of a raw server that takes its one call, and goes on as `then` says.
fn of_raw_server(then: impl FnOnce(Raw, u64) + Send + 'static) -> (Client, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&Greeting { more: record(1, &[0x0f]), ..Greeting::server() }.bytes());
        raw.greeting();
        let Some(Seen::Call { id, .. }) = raw.next() else { panic!("a call comes") };
        then(raw, id);
    });
    (Client::options(address).connecter().unwrap(), thread)
}

/// Numbers without end, and how many were made.
fn counted() -> (Flux<u64>, Arc<AtomicUsize>) {
    let made = Arc::new(AtomicUsize::new(0));
    let counting = made.clone();
    let count = move |_: &u64| {
        counting.fetch_add(1, Ordering::SeqCst);
    };
    (Flux::de((0..).inspect(count)), made)
}

fn answer_of(called: Resultat<Vec<u64>>) -> Vec<u64> {
    called.unwrap()
}

#[test]
fn a_caller_sends_nothing_without_credit_and_one_item_for_a_little() {
    // [credit.spend] [lane.opens] [items.flags]
    with_watchdog("a caller's credit", LIMIT, || {
        let (client, server) = of_raw_server(|mut raw, id| {
            raw.send(&credit(id, 1, 1));
            let first = Seen::Items { id, lane: 1, rest: vec![0, 1, 0] };
            assert_eq!(raw.find(|seen| matches!(seen, Seen::Items { .. })), Some(first));
            // It is 16 below: the next item begins with 17 more.
            raw.send(&credit(id, 1, 16));
            raw.send(&credit(id, 1, 1));
            assert_eq!(raw.next(), Some(Seen::Items { id, lane: 1, rest: vec![1, 1] }));
            // Credit for lanes and calls that are not there is dropped.
            raw.send(&[credit(id, 2, 1000), credit(id + 7, 1, 1000), credit(id, 255, 0)].concat());
            raw.send(&credit(id, 1, 0));
            assert_eq!(raw.next(), Some(Seen::End { id, lane: 1, how: 0, rest: vec![] }));
            raw.send(&[credit(id, 1, 0), credit(id, 1, 99)].concat());
            raw.send(&answer(id, &[1, 5]));
            raw.rest();
        });
        let (nombres, made) = counted();
        assert_eq!(answer_of(client.appeler(noter { nombres })), [5]);
        assert_eq!(made.load(Ordering::SeqCst), 2);
        client.close();
        server.join().unwrap();
    });
}

#[test]
fn an_answer_or_a_stop_that_comes_first_ends_what_was_never_begun() {
    // [lane.outcome] [stop.end] [lane.opens]
    with_watchdog("never begun", LIMIT, || {
        let (client, server) = of_raw_server(|mut raw, id| {
            raw.send(&answer(id, &[0]));
            assert!(
                !raw.rest()
                    .iter()
                    .any(|seen| matches!(seen, Seen::Items { .. } | Seen::End { .. }))
            );
        });
        let (nombres, made) = counted();
        assert_eq!(answer_of(client.appeler(noter { nombres })), []);
        assert_eq!(made.load(Ordering::SeqCst), 0);
        client.close();
        server.join().unwrap();
        let (client, server) = of_raw_server(|mut raw, id| {
            raw.send(&credit(id, 1, 0));
            assert_eq!(raw.next(), Some(Seen::End { id, lane: 1, how: 0, rest: vec![] }));
            raw.send(&answer(id, &[0]));
            raw.rest();
        });
        let (nombres, made) = counted();
        assert_eq!(answer_of(client.appeler(noter { nombres })), []);
        assert_eq!(made.load(Ordering::SeqCst), 0);
        client.close();
        server.join().unwrap();
    });
}

#[test]
fn more_credit_than_may_be_ends_the_connection() {
    // [credit.most]
    with_watchdog("too much credit", LIMIT, || {
        let (client, server) = of_raw_server(|mut raw, id| {
            raw.send(&[credit(id, 1, 1 << 31), credit(id, 1, 1 << 31)].concat());
            let word = raw.find(|seen| matches!(seen, Seen::Adieu { .. }));
            let Some(Seen::Adieu { reason: 7, text }) = word else { panic!("{word:?}") };
            assert!(text.contains("credit"), "{text}");
        });
        let (emetteur, nombres) = Flux::canal(1);
        let error = client.appeler(noter { nombres }).unwrap_err();
        let Erreur::Fermee(ended) = &error else { panic!("{error}") };
        assert_eq!(ended.raison, RaisonFin::Protocole, "{error}");
        assert!(emetteur.envoyer(1).is_err());
        server.join().unwrap();
    });
}

#[test]
fn the_end_or_the_stop_of_the_answer_ends_the_arguments() {
    // [lane.outcome] [lane.let-go] [lane.both]
    with_watchdog("both ways", LIMIT, || {
        // The answer ends while the argument has credit: nothing more is said of it.
        let (client, server) = of_raw_server(|mut raw, id| {
            raw.send(&[credit(id, 1, 100), items(id, 0, Some(0), &[&[3]])].concat());
            raw.find(|seen| matches!(seen, Seen::Items { .. }));
            raw.send(&end(id, 0, 0, &[]));
            assert!(!raw.rest().iter().any(|seen| matches!(seen, Seen::End { .. })));
        });
        let (nombres, made) = counted();
        let flux = client.appeler(renvoyer { nombres }).unwrap();
        assert_eq!(flux.map(Result::unwrap).collect::<Vec<_>>(), [3]);
        assert!(made.load(Ordering::SeqCst) <= 6);
        client.close();
        server.join().unwrap();
        // The answer is let go: a stop for it, and a failure for the argument.
        let (client, server) = of_raw_server(|mut raw, id| {
            raw.send(&[credit(id, 1, 1), items(id, 0, Some(0), &[&[3]])].concat());
            let stop = Seen::Credit { id, lane: 0, bytes: 0 };
            let mut seen = vec![];
            while seen.len() < 2 {
                match raw.next().expect("it goes on") {
                    Seen::Items { lane: 1, .. } => {}
                    other => seen.push(other),
                }
            }
            assert!(seen.contains(&stop), "{seen:?}");
            let ended = |seen: &Seen| match seen {
                Seen::End { lane: 1, how: 2, rest, .. } => rest.starts_with(&CLOSED),
                _ => false,
            };
            assert!(seen.iter().any(ended), "{seen:?}");
            raw.send(&end(id, 0, 0, &[]));
        });
        let (nombres, _) = counted();
        let mut flux = client.appeler(renvoyer { nombres }).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 3);
        drop(flux);
        server.join().unwrap();
    });
}
