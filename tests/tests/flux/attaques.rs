//! Streams with a peer that breaks their rules, or keeps them in ways that no cconn does.

use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::{NatureDistante, Phase, RaisonFin};
use cconn::flux::Flux;
use cconn::{Client, Erreur, Serveur, commande, commandes};
use cconn_tests::raw::{
    Greeting, Raw, Seen, adieu, answer, call, cancel, credit, end, failure, frame, items, one_way,
    record, retrait, with_context,
};
use cconn_tests::{undisturbed, with_watchdog};

const LIMIT: Duration = Duration::from_secs(20);

/// The features of a peer that understands everything up to streams.
fn greeting(of: Greeting) -> Greeting {
    Greeting { more: record(1, &[0x0f]), ..of }
}

/// What a caller says that expects a stream with so much credit.
fn expecting(id: u64, name: &str, credit: u32, body: &[u8]) -> Vec<u8> {
    let block = [&[4, 4][..], &credit.to_le_bytes()].concat();
    with_context(&call(id, name, body), &block)
}

#[commande]
fn compter(jusqu_a: u64) -> impl Iterator<Item = u64> {
    0..jusqu_a
}

fn serving() -> (Serveur, JoinHandle<()>) {
    let serveur = Serveur::options(0).max_clients(8).ouvrir().unwrap();
    serveur.enregistrer(commandes![compter]).unwrap();
    serveur.enregistrer_commande("double", |_, (n,): (u64,)| n * 2).unwrap();
    let running = serveur.clone();
    (serveur, thread::spawn(move || running.lancer().unwrap()))
}

fn raw_client(serveur: &Serveur) -> Raw {
    let address = serveur.adresse().socket().unwrap();
    Raw::client_with(address, &greeting(Greeting::client()))
}

/// The items and the end of a stream, as they come; credit is given for each.
fn whole_stream(raw: &mut Raw, id: u64, gives: bool) -> (Vec<u8>, u8) {
    let (mut all, mut first) = (Vec::new(), true);
    loop {
        match raw.next().expect("the stream goes on") {
            Seen::Items { id: of, lane: 0, rest } => {
                assert_eq!(of, id);
                let items = if first { &rest[1..] } else { &rest[..] };
                first = false;
                all.extend(items);
                if gives {
                    raw.send(&credit(id, 0, 1000));
                }
            }
            Seen::End { id: of, lane: 0, how, .. } => {
                assert_eq!(of, id);
                return (all, how);
            }
            other => panic!("{other:?}"),
        }
    }
}

/// The reason and the text with which the other side ends the connection.
fn last_word(raw: &mut Raw) -> (u16, String) {
    match raw.rest().pop() {
        Some(Seen::Adieu { reason, text }) => (reason, text),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_sender_makes_no_item_without_credit_and_goes_on_with_it() {
    // [credit.spend] [stream.open] [credit.cost]
    with_watchdog("credit", LIMIT, || {
        let (serveur, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&expecting(1, "compter", 50, &[10]));
        // Three items of 17 take 50 below zero.
        let (mut seen, mut first) = (Vec::<u8>::new(), 1);
        while seen.len() < 6 {
            let Some(Seen::Items { id: 1, lane: 0, rest }) = raw.next() else { panic!() };
            seen.extend(&rest[first..]);
            first = 0;
        }
        assert_eq!(seen, [1, 0, 1, 1, 1, 2]);
        // Nothing more comes before credit does: the answer of another call is the next frame.
        raw.send(&call(2, "double", &[21]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 2, body: vec![42] }));
        raw.send(&credit(1, 0, 1));
        raw.send(&call(3, "double", &[21]));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 3, body: vec![42] }), "it is not above 0");
        raw.send(&credit(1, 0, 1));
        let next = Seen::Items { id: 1, lane: 0, rest: vec![1, 3] };
        assert_eq!(raw.next(), Some(next), "one above 0, one item");
        raw.send(&credit(1, 0, 1 << 20));
        let (rest, how) = {
            let mut rest = Vec::new();
            loop {
                match raw.next() {
                    Some(Seen::Items { rest: more, .. }) => rest.extend(more),
                    Some(Seen::End { how, .. }) => break (rest, how),
                    other => panic!("{other:?}"),
                }
            }
        };
        assert_eq!((rest, how), (vec![1, 4, 1, 5, 1, 6, 1, 7, 1, 8, 1, 9], 0));
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn a_stop_a_cancel_and_what_comes_late() {
    // [stop.end] [cancel.stream] [credit.unknown] [lane.unknown]
    with_watchdog("stop and cancel", LIMIT, || {
        let (serveur, running) = serving();
        let mut raw = raw_client(&serveur);
        let many = [253, 0, 0, 0, 0, 1, 0, 0, 0];
        raw.send(&expecting(1, "compter", 50, &many));
        assert!(matches!(raw.next(), Some(Seen::Items { id: 1, .. })));
        raw.send(&credit(1, 0, 0));
        assert_eq!(whole_stream(&mut raw, 1, false).1, 0, "one end, complete");
        // A second stop, credit for what has ended, another lane, a call that never was.
        raw.send(&[credit(1, 0, 0), credit(1, 0, 9), credit(1, 7, 9), credit(99, 0, 9)].concat());
        raw.send(&[items(1, 0, None, &[b"x"]), end(1, 0, 0, &[]), items(2, 3, None, &[])].concat());
        raw.send(&expecting(2, "compter", 50, &many));
        assert!(matches!(raw.next(), Some(Seen::Items { id: 2, .. })));
        raw.send(&cancel(2));
        // No end is owed: the next frame that is no item answers this.
        raw.send(&call(3, "double", &[1]));
        let next = raw.find(|seen| !matches!(seen, Seen::Items { .. }));
        assert_eq!(next, Some(Seen::Answer { id: 3, body: vec![2] }));
        // The cancel is there before the call starts, or right behind it.
        for id in 4..40 {
            raw.send(&[expecting(id, "compter", 50, &many), cancel(id)].concat());
        }
        raw.send(&call(50, "double", &[1]));
        let next = raw.find(|seen| !matches!(seen, Seen::Items { .. }));
        assert_eq!(next, Some(Seen::Answer { id: 50, body: vec![2] }));
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn who_expects_no_stream_is_refused_and_nothing_runs() {
    // [stream.expected] [stream.most]
    with_watchdog("not expected", LIMIT, || {
        let (serveur, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&call(1, "compter", &[3]));
        let Some(Seen::Failure { id: 1, code: 15, text, .. }) = raw.next() else { panic!() };
        assert!(text.contains("stream"), "{text}");
        raw.send(&one_way("compter", &[3]));
        assert!(matches!(raw.next(), Some(Seen::Failure { id: 0, code: 15, .. })));
        for id in 2..=17 {
            raw.send(&expecting(id, "compter", 1, &[200]));
            assert!(matches!(raw.next(), Some(Seen::Items { .. })), "{id}");
        }
        raw.send(&expecting(18, "compter", 1, &[200]));
        let next = raw.find(|seen| !matches!(seen, Seen::Items { .. }));
        let Some(Seen::Failure { id: 18, code: 14, text, .. }) = next else { panic!("{next:?}") };
        assert!(text.contains("16 streams") && text.contains("max_flux"), "{text}");
        raw.send(&credit(2, 0, 0));
        let ended = raw.find(|seen| matches!(seen, Seen::End { .. }));
        assert!(matches!(ended, Some(Seen::End { id: 2, lane: 0, how: 0, .. })), "{ended:?}");
        raw.send(&expecting(19, "compter", 1 << 20, &[2]));
        let opened =
            raw.find(|seen| matches!(seen, Seen::Items { id: 19, .. } | Seen::Failure { .. }));
        assert!(matches!(opened, Some(Seen::Items { .. })), "a place is free again: {opened:?}");
        drop(raw);
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn credit_beyond_all_bounds_ends_the_connection() {
    // [credit.most]
    with_watchdog("credit beyond bounds", LIMIT, || {
        let (serveur, running) = serving();
        let mut raw = raw_client(&serveur);
        raw.send(&expecting(1, "compter", (1 << 31) + 1, &[3]));
        assert_eq!(last_word(&mut raw).0, 7);
        let mut raw = raw_client(&serveur);
        raw.send(&expecting(1, "compter", 1, &[200]));
        assert!(matches!(raw.next(), Some(Seen::Items { .. })));
        raw.send(&[credit(1, 0, u32::MAX), credit(1, 0, 1)].concat());
        let (reason, text) = last_word(&mut raw);
        assert!(reason == 7 && text.contains("credit"), "{reason} {text}");
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

#[test]
fn a_peer_that_vanishes_in_a_stream_leaves_no_thread_behind() {
    // [stream.cut]
    with_watchdog("cut sender", LIMIT, || {
        let (serveur, running) = serving();
        for _ in 0..5 {
            let mut raw = raw_client(&serveur);
            raw.send(&expecting(1, "compter", 50, &[253, 0, 0, 0, 0, 1, 0, 0, 0]));
            assert!(matches!(raw.next(), Some(Seen::Items { .. })));
            drop(raw);
        }
        // It waits for the commands that still run: a pump that slept on would hold it up.
        serveur.eteindre().unwrap();
        running.join().unwrap();
    });
}

/// A client of a raw server that answers its one call so, and goes on as `then` says.
fn of_raw_server(
    silence: Duration,
    then: impl FnOnce(Raw, u64) + Send + 'static,
) -> (Client, JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&greeting(Greeting::server()).bytes());
        raw.greeting();
        let Some(Seen::Call { id, .. }) = raw.next() else { panic!("a call comes") };
        then(raw, id);
    });
    (Client::options(address).delai_silence(silence).connecter().unwrap(), thread)
}

#[test]
fn a_sender_that_breaks_the_rules_ends_the_connection_and_the_stream_says_so() {
    // [credit.overrun] [items.room] [items.flags] [end.unopened] [stream.unexpected]
    type Case = (fn(u64) -> Vec<u8>, u16, &'static str);
    let cases: [Case; 7] = [
        (|id| items(id, 0, Some(0), &vec![&[9; 240][..]; 1600]), 7, "credit"),
        (|id| frame(8, &[&id.to_le_bytes(), &[0]]), 5, "ends before its fields do"),
        (|id| frame(8, &[&id.to_le_bytes(), &[0, 0, 5, 1]]), 5, "ends before its fields do"),
        (|id| frame(8, &[&id.to_le_bytes(), &[0, 0, 255]]), 5, "ends before its fields do"),
        (|id| end(id, 0, 0, &[]), 5, "had not opened"),
        (|id| [items(id, 0, Some(0), &[]), end(id, 0, 3, &[])].concat(), 5, "way 3"),
        (
            |id| [items(id, 0, Some(0), &[]), end(id, 0, 0, &[1])].concat(),
            5,
            "more than its fields",
        ),
    ];
    with_watchdog("bad senders", LIMIT, || {
        for (bytes, reason, what) in cases {
            let (client, server) = of_raw_server(Duration::from_secs(10), move |mut raw, id| {
                raw.send(&bytes(id));
                let (said, text) = last_word(&mut raw);
                assert_eq!((said, text.contains(what)), (reason, true), "{what}: {text}");
            });
            let error = match client.appeler(compter { jusqu_a: 1 }) {
                Err(error) => error,
                Ok(mut flux) => flux.find_map(Result::err).expect("it ends with an error"),
            };
            let Erreur::Fermee(ended) = &error else { panic!("{error}") };
            assert_eq!(ended.raison, RaisonFin::Protocole, "{error}");
            assert_eq!(error.commande(), Some("compter"));
            server.join().unwrap();
        }
        // A stream that comes where none was asked for.
        let (client, server) = of_raw_server(Duration::from_secs(10), |mut raw, id| {
            raw.send(&items(id, 0, Some(0), &[]));
            assert_eq!(last_word(&mut raw).0, 5);
        });
        let error = client.appeler::<u64, _>(cconn::nommee("double", (1_u64,))).unwrap_err();
        assert!(error.to_string().contains("expects none"), "{error}");
        server.join().unwrap();
    });
}

#[test]
fn what_comes_behind_the_end_is_dropped_in_silence() {
    // [end.crossing] [end.twice] [stop.crossing] [lane.unknown]
    with_watchdog("behind the end", LIMIT, || {
        let (client, server) = of_raw_server(Duration::from_secs(10), |mut raw, id| {
            raw.send(&items(id, 9, Some(0), &[b"no such lane"]));
            raw.send(&items(id, 0, Some(0), &[&[7], &[8]]));
            raw.send(&items(id, 0, None, &[]));
            raw.send(
                &[end(id, 0, 0, &[]), end(id, 0, 0, &[]), items(id, 0, None, &[&[9]])].concat(),
            );
            raw.send(&[end(id, 0, 2, &[4, 1]), end(77, 0, 0, &[]), answer(id, &[1])].concat());
            let Some(Seen::Call { id, .. }) = raw.next() else { panic!() };
            raw.send(&answer(id, &[4]));
            assert_eq!(raw.next(), Some(Seen::Retrait));
            raw.send(&[retrait(), adieu(1, b"")].concat());
            raw.rest();
        });
        let flux = client.appeler(compter { jusqu_a: 1 }).unwrap();
        assert_eq!(flux.map(Result::unwrap).collect::<Vec<_>>(), [7, 8]);
        assert_eq!(client.appeler::<u64, _>(cconn::nommee("double", (2_u64,))).unwrap(), 4);
        client.eteindre().unwrap();
        server.join().unwrap();
    });
}

#[test]
fn a_stream_that_is_cut_says_so_behind_the_items_that_came() {
    // [stream.cut]
    with_watchdog("cut receiver", LIMIT, || {
        let (client, server) = of_raw_server(Duration::from_secs(10), |mut raw, id| {
            raw.send(&items(id, 0, Some(0), &[&[7], &[8]]));
            drop(raw);
        });
        let mut flux = client.appeler(compter { jusqu_a: 1 }).unwrap();
        server.join().unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 7);
        assert_eq!(flux.next().unwrap().unwrap(), 8);
        let error = flux.next().unwrap().unwrap_err();
        assert!(error.est_fatale() && error.commande() == Some("compter"), "{error}");
        assert!(flux.next().is_none() && flux.next().is_none());
    });
}

#[test]
fn a_silent_stream_is_given_up_unless_it_says_that_it_may_be() {
    // [stream.silence] [items.flags]
    with_watchdog("silence", LIMIT, || {
        // A process that is held up finds a silence.
        undisturbed(Duration::from_millis(20), || {
            let (client, server) = of_raw_server(Duration::from_millis(50), |mut raw, id| {
                raw.send(&items(id, 0, Some(0), &[&[7]]));
                assert_eq!(raw.next(), Some(Seen::Credit { id, lane: 0, bytes: 0 }), "a stop");
                raw.send(&end(id, 0, 0, &[]));
                raw.rest();
            });
            let mut flux = client.appeler(compter { jusqu_a: 1 }).unwrap();
            assert_eq!(flux.next().unwrap().unwrap(), 7);
            let error = flux.next().unwrap().unwrap_err();
            let Erreur::Delai(late) = &error else { panic!("{error}") };
            assert_eq!((late.phase, late.delai), (Phase::Flux, Duration::from_millis(50)));
            assert!(!error.est_fatale() && flux.next().is_none(), "{error}");
            client.close();
            server.join().unwrap();
            let (client, server) = of_raw_server(Duration::from_millis(20), |mut raw, id| {
                raw.send(&items(id, 0, Some(1), &[]));
                thread::sleep(Duration::from_millis(150));
                raw.send(&[items(id, 0, None, &[&[7]]), end(id, 0, 0, &[])].concat());
                raw.rest();
            });
            let mut flux: Flux<u64> = client.appeler(compter { jusqu_a: 1 }).unwrap();
            assert_eq!(flux.next().unwrap().unwrap(), 7);
            assert!(flux.next().is_none());
            client.close();
            server.join().unwrap();
        });
    });
}

#[test]
fn ends_that_are_errors_are_told_apart() {
    // [end.how]
    with_watchdog("ends", LIMIT, || {
        type Case = (fn(u64) -> Vec<u8>, NatureDistante);
        let cases: [Case; 3] = [
            (|id| end(id, 0, 2, &[4, 1]), NatureDistante::Panique),
            (|id| end(id, 0, 2, &[0x0a, 1]), NatureDistante::Fermee),
            (|id| end(id, 0, 2, &[0x42, 1]), NatureDistante::Autre(0x0142)),
        ];
        for (last, nature) in cases {
            let (client, server) = of_raw_server(Duration::from_secs(10), move |mut raw, id| {
                raw.send(&[items(id, 0, Some(0), &[&[7]]), last(id)].concat());
                raw.rest();
            });
            let mut flux = client.appeler(compter { jusqu_a: 1 }).unwrap();
            assert_eq!(flux.next().unwrap().unwrap(), 7);
            let error = flux.next().unwrap().unwrap_err();
            let Erreur::Distante(distante) = &error else { panic!("{error}") };
            assert_eq!(distante.nature, nature, "{error}");
            assert!(flux.next().is_none());
            client.close();
            server.join().unwrap();
        }
        // An item, and an error, that are not values of their types.
        let (client, server) = of_raw_server(Duration::from_secs(10), |mut raw, id| {
            raw.send(&items(id, 0, Some(0), &[&[7], &[7, 7], &[8]]));
            assert!(matches!(raw.next(), Some(Seen::Credit { bytes: 0, .. })));
            raw.send(&failure(id, "compter", 1, b""));
            raw.rest();
        });
        let mut flux = client.appeler(compter { jusqu_a: 1 }).unwrap();
        assert_eq!(flux.next().unwrap().unwrap(), 7);
        let error = flux.next().unwrap().unwrap_err();
        assert!(matches!(error, Erreur::Codage(_)), "{error}");
        assert!(flux.next().is_none());
        client.close();
        server.join().unwrap();
    });
}
