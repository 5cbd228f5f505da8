//! Frames that break the protocol, sent to a real server.

use std::time::Duration;

use cconn::erreur::RaisonFin;
use cconn_tests::raw::{
    Raw, Seen, adieu, answer, call, cancel, failure, frame, grant, one_way, progress, retrait,
    user_error,
};
use cconn_tests::with_watchdog;

use super::LIMIT;
use super::banc::{Bench, assert_last_word};

/// Reasons of an `adieu`, from the page.
const CLOSED: u16 = 2;
const PROTOCOL: u16 = 5;
const TOO_LARGE: u16 = 6;
const SLOW_FRAME: u16 = 9;

/// What the page calls the limit of a frame, here that of the server.
const MAX_FRAME: usize = 1024;

/// A peer greets, sends that, and is told why it is cut; the server's program too.
#[track_caller]
fn assert_breaks(bench: &Bench, bytes: &[u8], reason: u16, what: &str) {
    let mut raw = bench.raw();
    raw.send(bytes);
    assert_eq!(assert_last_word(&mut raw, reason, what), [], "{what}");
    bench.assert_cut(raw.address(), RaisonFin::Protocole, what);
}

#[test]
fn frames_of_no_known_form() {
    // [call.id-zero] [text.utf-8] [frame.short] [frame.leftover] [frame.unknown-kind]
    let id = 0_u64.to_le_bytes();
    let kinds = [0, 13, 17, 255].map(|kind: u8| {
        let bytes = frame(kind, &[&[0; 40]]);
        (bytes, format!("frame kind {kind} is unknown"))
    });
    let short = [
        (1_u8, 13),
        (2, 21),
        (3, 8),
        (4, 8),
        (5, 18),
        (6, 8),
        (7, 9),
        (8, 9),
        (9, 10),
        (10, 13),
        (12, 2),
        (16, 24),
    ];
    let short = short.map(|(kind, fields): (u8, usize)| {
        // Every field but the last byte, none of them 0 so that no other rule is broken.
        let bytes = frame(kind, &[&vec![1; fields - 1]]);
        (bytes, "ends before its fields do".to_owned())
    });
    let others = [
        (vec![0; 4], "ends before its fields do"),
        (frame(6, &[&[1; 8], &[0]]), "holds more than its fields"),
        (frame(7, &[&[0; 9], &[0]]), "holds more than its fields"),
        (frame(11, &[&[0]]), "holds more than its fields"),
        (frame(2, &[&[0], &id, &[0; 12]]), "id 0"),
        (answer(0, b""), "id 0"),
        (user_error(0, b""), "id 0"),
        (cancel(0), "id 0"),
        (frame(8, &[&[0; 10]]), "id 0"),
        (frame(9, &[&[0; 10]]), "id 0"),
        (frame(10, &[&[0; 13]]), "id 0"),
        (frame(10, &[&[1; 14]]), "holds more than its fields"),
        (progress(0, 1, 2, b""), "id 0"),
        (failure(1, "somme", 1, &[0xc3]), "not UTF-8"),
        (progress(1, 1, 2, &[0xc3]), "not UTF-8"),
        (adieu(2, &[0xff]), "not UTF-8"),
    ];
    with_watchdog("forms", LIMIT, || {
        let bench = Bench::usual();
        for (bytes, what) in kinds.iter().chain(&short) {
            assert_breaks(&bench, bytes, PROTOCOL, what);
        }
        for (bytes, what) in &others {
            assert_breaks(&bench, bytes, PROTOCOL, what);
        }
    });
}

#[test]
fn frames_that_are_out_of_place() {
    // [outcome.never] [adieu.too-early]
    with_watchdog("out of place", LIMIT, || {
        let bench = Bench::usual();
        for id in [1, 1 << 32, u64::MAX] {
            let what = format!("call {id:#x}, which was never made");
            assert_breaks(&bench, &answer(id, b"oui"), PROTOCOL, &what);
            assert_breaks(&bench, &user_error(id, b"non"), PROTOCOL, &what);
            assert_breaks(&bench, &failure(id, "somme", 1, b""), PROTOCOL, &what);
        }
        let early = "adieu came before both sides had said retrait";
        assert_breaks(&bench, &adieu(1, b""), PROTOCOL, early);
    });
}

#[test]
fn a_frame_as_long_as_the_limit_and_one_byte_longer() {
    // [frame.length]
    with_watchdog("longest frame", LIMIT, || {
        let bench = Bench::new(|options| options.taille_max(1024));
        bench.serveur.enregistrer_commande("taille", |_, (b,): (Vec<u8>,)| b.len()).unwrap();
        let call =
            |length: usize| call(1, "taille", &[&[251, 0, 0], &vec![0; length][..]].concat());
        let header = 22 + 3;
        let mut longest = call(MAX_FRAME - header);
        assert_eq!(longest[..4], [0, 4, 0, 0]);
        let length = u16::try_from(MAX_FRAME - header).unwrap().to_le_bytes();
        longest[27..29].copy_from_slice(&length);
        let mut raw = bench.raw();
        raw.send(&longest);
        assert!(matches!(raw.next(), Some(Seen::Answer { id: 1, .. })));

        let what = "a frame of 1025 bytes was announced, and at most 1024 are accepted";
        assert_breaks(&bench, &call(MAX_FRAME - header + 1), TOO_LARGE, what);
        // Four bytes are enough: nothing is waited for, and no memory taken.
        assert_breaks(&bench, &[0xff; 4], TOO_LARGE, "a frame of 4294967295 bytes");
    });
}

#[test]
fn a_stream_that_ends_inside_a_frame() {
    // [cut.told] [cut.inside]
    with_watchdog("cut frame", LIMIT, || {
        let bench = Bench::usual();
        let whole = call(1, "somme", &[24, 68]);
        for n in 1..whole.len() {
            let mut raw = bench.raw();
            raw.send(&whole[..n]);
            raw.end();
            assert_eq!(raw.rest(), []);
            bench.assert_cut(raw.address(), RaisonFin::Coupee, "in the middle of a message");
        }
        let mut raw = bench.raw();
        raw.end();
        assert_eq!(raw.rest(), []);
        bench.assert_cut(raw.address(), RaisonFin::Coupee, "cut without a goodbye");
    });
}

#[test]
fn half_a_frame_that_never_ends() {
    with_watchdog("half a frame", LIMIT, || {
        let bench = Bench::new(|options| options.delai_lecture(Duration::from_millis(60)));
        for n in [1, 4, 5, 27] {
            let mut raw = bench.raw();
            raw.send(&call(1, "somme", &[24, 68])[..n]);
            assert_eq!(assert_last_word(&mut raw, SLOW_FRAME, ""), []);
            bench.assert_cut(raw.address(), RaisonFin::TrameLente, "not finished in its time");
        }
    });
}

#[test]
fn ignored_files_are_not_read() {
    // [grant.class] [grant.zero] [cancel.unknown] [call.id-any] [failure.never-sent] [failure.unanswered]
    with_watchdog("ignored", LIMIT, || {
        let bench = Bench::usual();
        let mut raw = bench.raw();
        let odd = [
            grant(1, u64::MAX),
            grant(255, 1),
            grant(0, 0),
            cancel(1),
            cancel(u64::MAX),
            failure(0, "somme", 1, "oh".as_bytes()),
            one_way("somme", &[24, 68]),
        ];
        raw.send(&odd.concat());
        // An id is any number to whom it is not; depths too.
        for id in [u64::MAX, 3, 1 << 63] {
            raw.send(&call(id, "somme", &[24, 68]));
            assert_eq!(raw.next(), Some(Seen::Answer { id, body: vec![92] }));
        }
        part(&bench, raw);
    });
}

/// An orderly end, in the two steps of the page.
fn part(bench: &Bench, mut raw: Raw) {
    raw.send(&retrait());
    assert_eq!(raw.next(), Some(Seen::Retrait));
    raw.send(&adieu(1, b""));
    assert_eq!(raw.next(), Some(Seen::Adieu { reason: 1, text: String::new() }));
    raw.end();
    assert_eq!(raw.rest(), []);
    bench.end_of(raw.address()).unwrap();
}

#[test]
fn an_abrupt_goodbye_carries_its_reason() {
    // [adieu.abrupt] [abrupt.receiver]
    with_watchdog("abrupt", LIMIT, || {
        let bench = Bench::usual();
        let reasons = [
            (CLOSED, Some(RaisonFin::Expulsee)),
            (PROTOCOL, Some(RaisonFin::Protocole)),
            (TOO_LARGE, Some(RaisonFin::Protocole)),
            (SLOW_FRAME, Some(RaisonFin::TrameLente)),
            (10, Some(RaisonFin::DelaiDeGrace)),
        ];
        for (reason, ending) in reasons {
            let mut raw = bench.raw();
            raw.send(&adieu(reason, b"it is late"));
            raw.end();
            assert_eq!(raw.rest(), [], "nothing is sent after an abrupt goodbye");
            match ending {
                Some(ending) => bench.assert_cut(raw.address(), ending, "it is late"),
                None => bench.end_of(raw.address()).unwrap(),
            }
        }
    });
}

#[test]
fn commands_after_the_goodbye_end_nothing_else() {
    with_watchdog("after adieu", LIMIT, || {
        let bench = Bench::usual();
        let mut raw = bench.raw();
        let late = call(9, "somme", &[2, 4]);
        raw.send(&[retrait(), adieu(1, b""), late, retrait(), adieu(1, b"")].concat());
        raw.end();
        let seen = raw.rest();
        assert!(seen.contains(&Seen::Retrait), "{seen:?}");
        let _either_way = bench.end_of(raw.address());
    });
}

#[test]
fn a_stop_does_not_count_connections_that_had_ended_before() {
    with_watchdog("ended before the stop", LIMIT, || {
        let late = call(9, "somme", &[2, 4]);
        let ends = [
            [retrait(), adieu(1, b""), late].concat(),
            [retrait(), adieu(1, b""), retrait()].concat(),
            [retrait(), frame(99, &[])].concat(),
            [retrait(), call(0, "somme", &[2, 4])].concat(),
            [retrait(), adieu(5, b"broken")].concat(),
            frame(99, &[]),
        ];
        let bench = Bench::usual();
        let raws = ends.map(|bytes| {
            let mut raw = bench.raw();
            raw.send(&bytes);
            let _words = raw.rest();
            let _either_way = bench.end_of(raw.address());
            raw
        });
        // The sockets stay open, so clients' threads still read behind the ends while the drop of
        // `bench` stops the server, and expects `Ok`.
        drop(bench);
        for mut raw in raws {
            raw.end();
        }
    });
}
