//! Bad bytes of what listens, against a real client: its call says why it failed.

use std::net::TcpListener;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cconn::erreur::RaisonFin;
use cconn::{Client, Erreur, OptionsClient, Resultat, nommee};
use cconn_tests::raw::{
    Greeting, Raw, Seen, adieu, answer, call, failure, frame, grant, hash, one_way, user_error,
};
use cconn_tests::with_watchdog;

use super::LIMIT;
use super::banc::assert_last_word;

/// A client of a raw server, which greets it and then does that.
fn client_of<T: Send + 'static>(
    set: impl FnOnce(OptionsClient) -> OptionsClient,
    server: impl FnOnce(Raw) -> T + Send + 'static,
) -> (Client, JoinHandle<T>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut raw = Raw::accept(&listener);
        raw.send(&Greeting::server().bytes());
        raw.greeting();
        server(raw)
    });
    let client = set(Client::options(address)).connecter().unwrap();
    (client, thread)
}

/// Calls `somme` of a server.
fn somme(client: &Client) -> Resultat<i64> {
    client.appeler(nommee("somme", (12_i64, 34_i64)))
}

/// The id of the next call, which is one of `somme`.
fn next_call(raw: &mut Raw) -> u64 {
    match raw.next() {
        Some(Seen::Call { id, command, body }) => {
            assert_eq!((command, body), (hash("somme"), vec![24, 68]));
            id
        }
        other => panic!("{other:?}"),
    }
}

/// The call under way fails for that reason and so does the next; both errors say `what`.
#[track_caller]
fn assert_ended(client: &Client, reason: RaisonFin, what: &str) {
    let address = client.adresse().unwrap().to_string();
    for may_have_run in [true, false] {
        let error = somme(client).unwrap_err();
        let Erreur::Fermee(ended) = &error else { panic!("{error:?}") };
        assert_eq!((ended.raison, ended.commande.as_deref()), (reason, Some("somme")), "{error}");
        assert!(error.est_fatale() && error.a_pu_etre_executee() == may_have_run, "{error}");
        let text = error.to_string();
        assert!(text.contains(what) && text.contains("`somme`"), "{text}");
        assert!(text.contains(&address), "{text}");
    }
    assert!(!client.est_connecte());
}

/// What a server sends that was asked with that id, the reason of the `adieu`, and what it says.
type Case = (fn(u64) -> Vec<u8>, u16, &'static str);

#[test]
fn a_server_that_breaks_the_protocol() {
    let cases: [Case; 13] = [
        (|_| vec![0; 4], 5, "ends before its fields do"),
        (
            |_| [0xff; 4].to_vec(),
            6,
            "a frame of 4294967295 bytes was announced, and at most 8388608",
        ),
        (|_| 8_388_609_u32.to_le_bytes().to_vec(), 6, "a frame of 8388609 bytes"),
        (|_| frame(13, &[&[0; 20]]), 5, "frame kind 13 is unknown"),
        (|_| frame(99, &[]), 5, "frame kind 99 is unknown"),
        (|id| failure(id, "somme", 1, &[0xff]), 5, "not UTF-8"),
        (|_| answer(0, &[92]), 5, "id 0"),
        (|id| answer(id + 1, &[92]), 5, "which was never made"),
        (|id| answer(id + (1 << 32), &[92]), 5, "which was never made"),
        (|id| user_error(id ^ 1, &[92]), 5, "which was never made"),
        (|_| adieu(1, b""), 5, "adieu came before both sides had said retrait"),
        (|_| grant(0, 67), 7, "67 bytes of window were granted, and 66 were used"),
        (|_| grant(0, u64::MAX), 7, "bytes of window were granted"),
    ];
    with_watchdog("bad server", LIMIT, || {
        for (bytes, reason, what) in cases {
            let (client, server) = client_of(
                |options| options,
                move |mut raw| {
                    let id = next_call(&mut raw);
                    raw.send(&bytes(id));
                    assert_last_word(&mut raw, reason, what)
                },
            );
            assert_ended(&client, RaisonFin::Protocole, what);
            let before = server.join().unwrap();
            assert!(before.iter().all(|seen| *seen == Seen::Retrait), "{before:?}");
        }
    });
}

#[test]
fn a_server_that_overruns_the_window() {
    // [window.free] [window.overrun]
    // Nobody listens at the client: what arrives waits there.
    const W: usize = 2 * (1024 + 64);
    with_watchdog("overrun", LIMIT, || {
        let what = "and the window had room for";
        for beyond in [0, 1] {
            let (client, server) = client_of(
                |options| options.taille_max(1024),
                move |mut raw| {
                    let body = |n| vec![0; n];
                    raw.send(&one_way("a", &body(936)).repeat(2));
                    raw.send(&one_way("a", &body(W - 2000 - 64 + beyond)));
                    if beyond > 0 {
                        assert_last_word(&mut raw, 7, what);
                        return;
                    }
                    // Full, and alive: it is answered.
                    let id = next_call(&mut raw);
                    raw.send(&answer(id, &[92]));
                    raw.end();
                    raw.rest();
                },
            );
            if beyond == 0 {
                assert_eq!(somme(&client).unwrap(), 46);
            }
            server.join().unwrap();
            assert!(somme(&client).unwrap_err().est_fatale());
        }
    });
}

#[test]
fn a_server_that_stops_in_the_middle() {
    with_watchdog("half an answer", LIMIT, || {
        let (client, server) = client_of(
            |options| options,
            |mut raw| {
                let id = next_call(&mut raw);
                raw.send(&answer(id, &[92])[..10]);
                raw.end();
                raw.rest()
            },
        );
        assert_ended(&client, RaisonFin::Coupee, "in the middle of a message");
        assert_eq!(server.join().unwrap(), []);

        let (client, server) = client_of(
            |options| options,
            |mut raw| {
                next_call(&mut raw);
                raw.end();
                raw.rest()
            },
        );
        assert_ended(&client, RaisonFin::Coupee, "without a goodbye");
        assert_eq!(server.join().unwrap(), []);
    });
}

#[test]
fn half_an_answer_that_never_ends() {
    with_watchdog("slow answer", LIMIT, || {
        let (client, server) = client_of(
            |options| options.delai_lecture(Duration::from_millis(60)),
            |mut raw| {
                let id = next_call(&mut raw);
                raw.send(&answer(id, &[92])[..10]);
                assert_last_word(&mut raw, 9, "")
            },
        );
        assert_ended(&client, RaisonFin::TrameLente, "not finished in its time");
        assert_eq!(server.join().unwrap(), []);
    });
}

#[test]
fn a_server_that_closes_says_why() {
    // [abrupt.receiver]
    with_watchdog("abrupt server", LIMIT, || {
        let reasons = [
            (2, RaisonFin::Expulsee),
            (5, RaisonFin::Protocole),
            (7, RaisonFin::Protocole),
            (8, RaisonFin::PairLent),
            (9, RaisonFin::TrameLente),
            (10, RaisonFin::DelaiDeGrace),
        ];
        for (reason, ending) in reasons {
            let (client, server) = client_of(
                |options| options,
                move |mut raw| {
                    next_call(&mut raw);
                    raw.send(&adieu(reason, "il est tard".as_bytes()));
                    raw.end();
                    raw.rest()
                },
            );
            assert_ended(&client, ending, "il est tard");
            assert_eq!(server.join().unwrap(), [], "nothing is sent after an abrupt goodbye");
        }
    });
}

#[test]
fn answers_that_are_no_value_fail_their_call_only() {
    // [outcome.bad] [outcome.late]
    let bodies: [&'static [u8]; 5] =
        [&[], &[255], &[254, 0], &[92, 0], &[253, 0, 0, 0, 0, 0, 0, 0]];
    with_watchdog("bad answers", LIMIT, || {
        let (client, server) = client_of(
            |options| options,
            move |mut raw| {
                for body in bodies {
                    let id = next_call(&mut raw);
                    raw.send(&answer(id, body));
                    // A second outcome of the same call is dropped in silence.
                    raw.send(&answer(id, &[92]));
                }
                let id = next_call(&mut raw);
                raw.send(&answer(id, &[92]));
                raw.end();
                raw.rest()
            },
        );
        for body in bodies {
            let error = somme(&client).unwrap_err();
            let Erreur::Codage(codec) = &error else { panic!("{body:?}: {error:?}") };
            assert!(codec.a_pu_etre_executee && !error.est_fatale(), "{error}");
            assert!(error.to_string().contains("command `somme`"), "{error}");
        }
        assert_eq!(somme(&client).unwrap(), 46);
        server.join().unwrap();
    });
}

#[test]
fn a_user_error_where_the_command_has_none() {
    with_watchdog("user error", LIMIT, || {
        let (client, server) = client_of(
            |options| options,
            |mut raw| {
                let id = next_call(&mut raw);
                raw.send(&user_error(id, b"\x03non"));
                let id = next_call(&mut raw);
                raw.send(&answer(id, &[92]));
            },
        );
        let error = somme(&client).unwrap_err();
        let Erreur::Codage(_) = &error else { panic!("{error:?}") };
        assert!(error.to_string().contains("command's error could not be decoded"), "{error}");
        assert_eq!(somme(&client).unwrap(), 46);
        server.join().unwrap();
    });
}

#[test]
fn commands_that_the_client_does_not_have() {
    with_watchdog("server asks", LIMIT, || {
        let (client, server) = client_of(
            |options| options,
            |mut raw| {
                let id = next_call(&mut raw);
                // The same number is in use in both directions, and means two calls.
                raw.send(&call(id, "inconnue", &[1, 2, 3]));
                let failed = raw.next();
                raw.send(&answer(id, &[92]));
                (id, failed)
            },
        );
        assert_eq!(somme(&client).unwrap(), 46);
        let (wanted, failed) = server.join().unwrap();
        let Some(Seen::Failure { id, command, code: 1, .. }) = failed else { panic!("{failed:?}") };
        assert_eq!((id, command), (wanted, hash("inconnue")));
    });
}
