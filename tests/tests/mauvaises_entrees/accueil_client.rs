//! Bad greetings of what listens, against a real client.

use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use cconn::erreur::{EchecConnexion, Phase};
use cconn::{Client, Erreur};
use cconn_tests::raw::{Greeting, Raw, Seen};
use cconn_tests::with_watchdog;

use super::LIMIT;

/// What connecting comes to where the other side sends that and then ends its direction or not.
fn connect(bytes: Vec<u8>, then_ends: bool, time: Duration) -> Erreur {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let other = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&bytes);
        if then_ends {
            raw.end();
        }
        // The client greets in any case, sends no frame, and closes.
        raw.greeting();
        raw.rest()
    });
    let error = Client::options(address).delai_connexion(time).connecter().unwrap_err();
    assert_eq!(other.join().unwrap(), [] as [Seen; 0], "after {error}");
    assert!(error.to_string().contains(&address.to_string()), "{error}");
    assert!(error.est_fatale() && !error.a_pu_etre_executee(), "{error}");
    error
}

fn failed(bytes: Vec<u8>, then_ends: bool) -> (Box<EchecConnexion>, String) {
    // More than a process can be held up for: it is told at once.
    match connect(bytes, then_ends, LIMIT) {
        Erreur::Connexion(failed) => {
            let text = failed.to_string();
            (failed, text)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn greetings_of_other_programs_are_refused() {
    // [greeting.first] [greeting.before-frames] [greeting.version] [greeting.order] [greeting.role] [greeting.codec]
    let server = Greeting::server;
    let cases = [
        (Greeting { magic: *b"SSH-2.0-", ..server() }, "begins with \"SSH-2.0-"),
        (Greeting { version: 2, ..server() }, "version 2 of the protocol, this side version 1"),
        (Greeting { version: 65535, length: Some(0), ..server() }, "version 65535"),
        (Greeting::client(), "it is a client too"),
        (Greeting { codec: 2, ..server() }, "another codec"),
        (Greeting { role: 7, ..server() }, "unknown meaning"),
        (Greeting { refusal: 99, ..server() }, "unknown meaning"),
        (Greeting { max_frame: 1023, ..server() }, "frames of 1023 bytes"),
        (Greeting { window: server().window - 1, ..server() }, "a window of 2097279"),
        (Greeting { length: Some(17), ..server() }, "ends before its fields"),
        (Greeting { text: vec![0xff], ..server() }, "not UTF-8"),
        (Greeting { length: Some(4085), ..server() }, "more than 4 KiB"),
    ];
    with_watchdog("no peers", LIMIT, || {
        for (greeting, what) in cases {
            let (failed, text) = failed(greeting.bytes(), false);
            assert!(matches!(*failed, EchecConnexion::Incompatible { .. }), "{text}");
            assert!(text.contains(what), "{text}");
        }
    });
}

#[test]
fn bytes_that_begin_no_greeting_are_told_from_one_that_was_cut() {
    // [greeting.cut]
    with_watchdog("cut or none", LIMIT, || {
        let (other, text) = failed(b"HTTP/1.1".to_vec(), true);
        assert!(matches!(*other, EchecConnexion::Incompatible { .. }), "{text}");
        let whole = Greeting::server().bytes();
        for n in 0..whole.len() {
            let (cut, text) = failed(whole[..n].to_vec(), true);
            assert!(matches!(*cut, EchecConnexion::Accueil { .. }), "{n} bytes: {text}");
        }
    });
}

#[test]
fn a_few_bytes_of_another_protocol_are_enough() {
    // [greeting.magic]
    with_watchdog("few bytes", LIMIT, || {
        for other in ["x", "220 ", "cconm", "+OK\r\n", "\0\0\0\x05hello", "cconn\n"] {
            // The peer waits for more and keeps the stream open.
            let (failed, text) = failed(other.as_bytes().to_vec(), false);
            assert!(matches!(*failed, EchecConnexion::Incompatible { .. }), "{text}");
        }
    });
}

#[test]
fn a_server_that_refuses() {
    with_watchdog("refusals", LIMIT, || {
        let refused = |refusal, text| failed(Greeting::refusing(refusal, text).bytes(), true);
        let (full, text) = refused(1, "1 client of 1");
        assert!(matches!(*full, EchecConnexion::Complet { .. }), "{text}");
        assert!(text.contains("1 client of 1"), "{text}");
        for refusal in [2, 3] {
            let (other, text) = refused(refusal, "à demain");
            assert!(matches!(*other, EchecConnexion::Refusee { .. }), "{text}");
            assert!(text.contains("à demain") && text.contains("the server "), "{text}");
        }
    });
}

#[test]
fn silence_has_its_own_error() {
    // [greeting.client-at-once] [greeting.in-time]
    with_watchdog("silent server", LIMIT, || {
        for beginning in [0, 5, 29] {
            let time = Duration::from_millis(300);
            let error = connect(Greeting::server().bytes()[..beginning].to_vec(), false, time);
            let Erreur::Delai(late) = &error else { panic!("{error:?}") };
            assert_eq!((late.phase, late.delai), (Phase::Accueil, time));
            assert!(error.to_string().contains("no greeting came"), "{error}");
        }
    });
}
