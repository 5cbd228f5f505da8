//! Bad greetings of clients, against a real server.

use std::time::Duration;

use cconn::erreur::EchecConnexion;
use cconn::{Client, Erreur, nommee};
use cconn_tests::raw::{Greeting, Raw, Seen, answer, call, record};
use cconn_tests::{undisturbed, with_watchdog};

use super::LIMIT;
use super::banc::{Bench, Phase};

/// The longest rest of a greeting, and what of it the fields of version 1 take.
const MAX_REST: usize = 4084;
const FIELDS: usize = 18;

/// What a newcomer does once it has sent its greeting.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    Ends,
    Waits,
}

/// The server greets, and closes without a frame once it has seen the other's greeting.
#[track_caller]
fn assert_not_let_in(bench: &Bench, greeting: &[u8], then: Then, phase: Phase, what: &str) {
    let mut raw = Raw::connect(bench.address());
    raw.send(greeting);
    if then == Then::Ends {
        raw.end();
    }
    raw.greeting();
    assert_eq!(raw.rest(), []);
    bench.assert_turned_away(raw.address(), phase, what);
    assert_eq!(bench.serveur.clients().len(), 1, "the witness");
}

/// A greeting is good: a call on that connection is answered.
#[track_caller]
fn assert_let_in(bench: &Bench, greeting: &Greeting) {
    let mut raw = Raw::client_with(bench.address(), greeting);
    raw.send(&call(1, "somme", &[24, 68]));
    assert_eq!(raw.next(), Some(Seen::Answer { id: 1, body: vec![92] }));
    raw.end();
    assert_eq!(raw.rest(), []);
    assert!(bench.end_of(raw.address()).is_err(), "it was cut");
}

#[test]
fn greetings_that_are_not_good() {
    // [greeting.length] [greeting.role] [greeting.codec] [greeting.refusal] [greeting.max-frame] [greeting.window] [greeting.server-answers]
    let client = Greeting::client;
    let window = 2 * (1024 + 64);
    let bad = [
        (Greeting { magic: *b"GET / HT", ..client() }, "begins with \"GET / HT"),
        (Greeting { version: 2, ..client() }, "version 2 of the protocol, this side version 1"),
        (Greeting { version: 0, ..client() }, "version 0 of the protocol, this side version 1"),
        (Greeting { role: 1, ..client() }, "it is a server too"),
        (Greeting { role: 2, ..client() }, "unknown meaning"),
        (Greeting { codec: 2, ..client() }, "another codec"),
        (Greeting { refusal: 1, ..client() }, "unknown meaning"),
        (Greeting { refusal: 99, ..client() }, "unknown meaning"),
        (Greeting { max_frame: 1023, ..client() }, "frames of 1023 bytes"),
        (Greeting { window: client().window - 1, ..client() }, "a window of 2097279"),
        (Greeting { max_frame: 1024, window: window - 1, ..client() }, "a window of 2175"),
        (Greeting { max_frame: u32::MAX, ..client() }, "frames of 4294967295 bytes"),
        (Greeting { length: Some(17), ..client() }, "ends before its fields"),
        (Greeting { length: Some(0), ..client() }, "ends before its fields"),
        (Greeting { text_length: Some(1), ..client() }, "ends before its fields"),
        (Greeting { text: vec![0xff], ..client() }, "not UTF-8"),
        (Greeting { length: Some(4085), ..client() }, "more than 4 KiB"),
        (Greeting { more: vec![0; MAX_REST - FIELDS + 1], ..client() }, "more than 4 KiB"),
    ];
    with_watchdog("bad greetings", LIMIT, || {
        let bench = Bench::usual();
        for (greeting, what) in &bad {
            let (bytes, phase) = (greeting.bytes(), Phase::Incompatible);
            assert_not_let_in(&bench, &bytes, Then::Ends, phase, what);
        }
    });
}

#[test]
fn greetings_that_are_just_good_enough() {
    // [greeting.max-frame] [greeting.window] [greeting.text-of-others]
    let client = Greeting::client;
    let good = [
        Greeting { more: record(9, &vec![0xff; MAX_REST - FIELDS - 4]), ..client() },
        Greeting { max_frame: 1024, window: 2 * (1024 + 64), ..client() },
        Greeting { max_frame: u32::MAX, window: u64::MAX, ..client() },
        Greeting { text: "é".repeat((MAX_REST - FIELDS) / 2).into(), ..client() },
    ];
    with_watchdog("good greetings", LIMIT, || {
        let bench = Bench::usual();
        for greeting in &good {
            assert_let_in(&bench, greeting);
        }
    });
}

#[test]
fn a_greeting_that_ends_at_any_byte() {
    with_watchdog("cut greetings", LIMIT, || {
        let bench = Bench::usual();
        let whole = Greeting::client().bytes();
        for n in 0..whole.len() {
            assert_not_let_in(&bench, &whole[..n], Then::Ends, Phase::Cut, "");
        }
        let what = "begins with \"GET\"";
        assert_not_let_in(&bench, b"GET", Then::Ends, Phase::Incompatible, what);
    });
}

#[test]
fn silence_and_half_a_greeting_are_cut_in_time() {
    // [greeting.in-time]
    with_watchdog("silence", LIMIT, || {
        let time = Duration::from_millis(300);
        // The witness has no more time for its greeting.
        undisturbed(time / 3, || {
            let bench = Bench::new(|options| options.delai_accueil(time));
            let whole = Greeting::client().bytes();
            for n in [0, 5, 29] {
                let what = "after 300ms";
                assert_not_let_in(&bench, &whole[..n], Then::Waits, Phase::Late, what);
            }
        });
    });
}

#[test]
fn a_client_beyond_the_most_is_refused_in_words() {
    // [refusal.no-frames]
    with_watchdog("full", LIMIT, || {
        let bench = Bench::new(|options| options.max_clients(3));
        // The witness is the first.
        let second = bench.raw();
        let third = bench.raw();

        let mut fourth = Raw::connect(bench.address());
        fourth.send(&Greeting::client().bytes());
        let greeting = fourth.greeting();
        assert_eq!(greeting[14], 1, "full");
        assert_eq!(&greeting[30..], b"it takes 3 clients at a time");
        assert_eq!(fourth.rest(), [], "no frame follows a refusal");
        let what = "3 clients at a time";
        bench.assert_turned_away(fourth.address(), Phase::Full, what);

        let error = Client::new(bench.address()).unwrap_err();
        let Erreur::Connexion(failed) = &error else { panic!("{error:?}") };
        assert!(matches!(**failed, EchecConnexion::Complet { .. }), "{error:?}");
        let (text, address) = (error.to_string(), bench.address().to_string());
        assert!(text.contains("3 clients") && text.contains(&address), "{text}");
        assert!(error.est_fatale() && !error.a_pu_etre_executee());

        drop((second, third));
        drop(fourth);
    });
}

#[test]
fn messages_of_a_refused_client_change_nothing() {
    // [refusal.drain]
    with_watchdog("refused and talking", LIMIT, || {
        let bench = Bench::new(|options| options.max_clients(1));
        for junk in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0xff; 5000], &answer(9, b"no")] {
            let mut raw = Raw::connect(bench.address());
            raw.send(junk);
            assert_eq!(raw.greeting()[14], 1, "full");
            assert_eq!(raw.rest(), []);
        }
        let nobody = Client::new(bench.address());
        assert!(nobody.is_err());
    });
}

#[test]
fn frames_right_behind_the_greeting_are_run() {
    // [greeting.behind]
    with_watchdog("at once", LIMIT, || {
        let bench = Bench::usual();
        let mut raw = Raw::connect(bench.address());
        raw.send(&[Greeting::client().bytes(), call(5, "somme", &[2, 4])].concat());
        raw.greeting();
        assert_eq!(raw.next(), Some(Seen::Answer { id: 5, body: vec![6] }));
        // A client of the usual kind, beside it.
        let client = Client::new(bench.address()).unwrap();
        let total: i64 = client.appeler(nommee("somme", (1_i64, 2_i64))).unwrap();
        assert_eq!(total, 3);
        client.eteindre().unwrap();
    });
}
