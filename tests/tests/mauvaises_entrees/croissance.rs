//! What a later revision of version 1 may send, and what hostile forms of that come to: against a
//! real server.

use cconn::erreur::RaisonFin;
use cconn::{Client, commande, commandes};
use cconn_tests::raw::{
    Greeting, Raw, Seen, adieu, call, frame, hash, one_way, record, retrait, with_context,
};
use cconn_tests::with_watchdog;

use super::LIMIT;
use super::banc::{Bench, Phase, assert_last_word};

const PROTOCOL: u16 = 5;

/// The record that declares features, and bits of it.
const FEATURES: u16 = 1;
const CLASSES: u8 = 1;
const FINGERPRINTS: u8 = 4;

/// The longest rest of a greeting, and what of it the fields of version 1 take.
const MAX_REST: usize = 4084;
const FIELDS: usize = 18;

/// A client that declares these bits.
fn declaring(bits: &[u8]) -> Greeting {
    Greeting { more: record(FEATURES, bits), ..Greeting::client() }
}

/// Sends `somme` 12 and 34 and reads its answer.
#[track_caller]
fn assert_answers(raw: &mut Raw, id: u64) {
    raw.send(&call(id, "somme", &[24, 68]));
    assert_eq!(raw.next(), Some(Seen::Answer { id, body: vec![92] }));
}

#[track_caller]
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
fn greetings_of_older_and_of_later_peers_are_understood() {
    // [record.unknown] [record.none] [features.bits] [greeting.bound]
    let tails = [
        vec![],
        record(FEATURES, &[]),
        record(FEATURES, &[7]),
        record(FEATURES, &[0xff; 300]),
        record(2, &[1, 2, 3]),
        [record(3, &[]), record(4, &[9])].concat(),
        record(0, b"zero"),
        record(0xffff, &[0xff; 2]).repeat(3),
        [record(77, b"made up"), record(FEATURES, &[7]), record(78, &[])].concat(),
        record(500, &vec![0xee; MAX_REST - FIELDS - 4]),
        [record(500, &vec![0; MAX_REST - FIELDS - 9]), record(FEATURES, &[7])].concat(),
    ];
    with_watchdog("tails", LIMIT, || {
        let bench = Bench::usual();
        for more in tails {
            for text in [&b""[..], b"hello"] {
                let room = MAX_REST - FIELDS - more.len();
                let (more, text) = (more.clone(), text[..text.len().min(room)].to_vec());
                let greeting = Greeting { more, text, ..Greeting::client() };
                let mut raw = Raw::client_with(bench.address(), &greeting);
                assert_answers(&mut raw, 1);
                part(&bench, raw);
            }
        }
    });
}

#[test]
fn the_server_declares_what_it_understands() {
    // [features.declared] [features.context] [record.row]
    with_watchdog("declaration", LIMIT, || {
        let bench = Bench::usual();
        let mut raw = Raw::connect(bench.address());
        raw.send(&Greeting::client().bytes());
        let (_, records) = raw.whole_greeting();
        let (declared, rest) = records.split_at(record(FEATURES, &[0]).len());
        assert_eq!(declared, record(FEATURES, &[0xbf]));
        // The other record tells one run of a server from the next.
        assert_eq!((&rest[..4], rest.len()), (&[5, 0, 8, 0][..], 12));
        assert_answers(&mut raw, 1);
        part(&bench, raw);
    });
}

#[test]
fn records_that_are_not_good_let_nobody_in() {
    // [record.room] [record.twice]
    let beyond = "a record of the greeting reaches beyond its end";
    let twice = "record 1 comes twice";
    let features = || record(FEATURES, &[7]);
    let cut = |record: &[u8], n: usize| (record[..n].to_vec(), beyond);
    let mut bad = vec![
        ([features(), features()].concat(), twice),
        ([record(FEATURES, &[]), record(9, &[0; 40]), features()].concat(), twice),
        ([features(), vec![0]].concat(), beyond),
        ([&9_u16.to_le_bytes()[..], &0xffff_u16.to_le_bytes()].concat(), beyond),
        // A record that would hold the next one's end: it overlaps it.
        ([&[1, 0, 6, 0, 7][..], &record(9, &[])].concat(), beyond),
        ([&[9, 0, 0, 1][..], &vec![0; 255]].concat(), beyond),
    ];
    bad.extend((1..5).map(|n| cut(&features(), n)));
    bad.extend((1..4).map(|n| cut(&record(500, b"made up"), n)));
    with_watchdog("bad tails", LIMIT, || {
        let bench = Bench::usual();
        for (more, what) in bad {
            let greeting = Greeting { more, ..Greeting::client() };
            assert_not_let_in(&bench, &greeting.bytes(), Phase::Incompatible, what);
        }
        // A text that reaches into the records leaves half a record, or none.
        let greeting = Greeting { text_length: Some(2), ..declaring(&[7]) };
        assert_not_let_in(&bench, &greeting.bytes(), Phase::Incompatible, beyond);
        let whole = declaring(&[7]).bytes();
        for n in [1, 12, 29, 30, 31, whole.len() - 1] {
            assert_not_let_in(&bench, &whole[..n], Phase::Cut, "");
        }
        let greeting = Greeting { more: record(9, &vec![0; 4063]), ..Greeting::client() };
        let what = "more than 4 KiB";
        assert_not_let_in(&bench, &greeting.bytes(), Phase::Incompatible, what);
    });
}

#[track_caller]
fn assert_not_let_in(bench: &Bench, greeting: &[u8], phase: Phase, what: &str) {
    let mut raw = Raw::connect(bench.address());
    raw.send(greeting);
    raw.end();
    raw.greeting();
    assert_eq!(raw.rest(), []);
    bench.assert_turned_away(raw.address(), phase, what);
}

#[test]
fn frames_of_made_up_kinds_end_the_connection_and_are_named() {
    // [frame.unknown-kind] [error.no-resync]
    with_watchdog("made-up kinds", LIMIT, || {
        let bench = Bench::usual();
        for kind in [0, 13, 17, 42, 128, 255] {
            for greeting in [Greeting::client(), declaring(&[0xff; 8])] {
                let mut raw = Raw::client_with(bench.address(), &greeting);
                assert_answers(&mut raw, 1);
                raw.send(&[frame(kind, &[&[1; 20]]), call(2, "somme", &[24, 68])].concat());
                let what = format!("frame kind {kind} is unknown");
                assert_eq!(assert_last_word(&mut raw, PROTOCOL, &what), []);
                bench.assert_cut(raw.address(), RaisonFin::Protocole, &what);
            }
        }
    });
}

#[test]
fn bytes_behind_a_bad_frame_leave_the_last_word_whole() {
    // [abrupt.linger] [error.no-resync]
    with_watchdog("much behind a bad frame", LIMIT, || {
        let bench = Bench::usual();
        let mut raw = bench.raw();
        raw.send(&[frame(42, &[]), vec![0; 4 << 20]].concat());
        assert_eq!(assert_last_word(&mut raw, PROTOCOL, "frame kind 42"), []);
        bench.assert_cut(raw.address(), RaisonFin::Protocole, "frame kind 42");
    });
}

/// A record of a context block.
fn tag(tag: u8, data: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(data.len()).unwrap()], data].concat()
}

#[test]
fn made_up_tags_of_a_context_are_skipped() {
    // [context.unknown] [context.tags] [context.flag] [context.block] [depth.most] [depth.of-others]
    let blocks = [
        vec![],
        tag(200, b"made up"),
        [tag(8, &[]), tag(8, &[1]), tag(0, &[])].concat(),
        tag(255, &[0xff; 253]),
        tag(1, &60_000_u32.to_le_bytes()),
        [tag(99, &[1]), tag(2, &[3; 25]), tag(3, &[4; 128]), tag(5, &[])].concat(),
        [tag(4, &[1, 0, 0, 0]), tag(6, &[0; 4]), tag(7, &[2])].concat(),
    ];
    with_watchdog("made-up tags", LIMIT, || {
        let bench = Bench::usual();
        bench.serveur.enregistrer_commande("taille", |_, (b,): (Vec<u8>,)| b.len()).unwrap();
        for greeting in [Greeting::client(), declaring(&[0xff])] {
            let mut raw = Raw::client_with(bench.address(), &greeting);
            for (id, block) in (1..).zip(&blocks) {
                let mut sum = call(id, "somme", &[24, 68]);
                sum[5] = 127;
                raw.send(&with_context(&sum, block));
                assert_eq!(raw.next(), Some(Seen::Answer { id, body: vec![92] }), "{block:?}");
                raw.send(&with_context(&one_way("somme", &[24, 68]), block));
                // A payload that is read to a place of its own, behind the block.
                let long = [&[252, 0, 0, 2, 0][..], &vec![7; 0x2_0000]].concat();
                raw.send(&with_context(&call(100 + id, "taille", &long), block));
                let body = vec![252, 0, 0, 2, 0];
                let answer = raw.find(|seen| !matches!(seen, Seen::Grant { .. }));
                assert_eq!(answer, Some(Seen::Answer { id: 100 + id, body }), "{block:?}");
            }
            part(&bench, raw);
        }
    });
}

#[test]
fn contexts_that_are_not_good_end_the_connection() {
    // [context.room] [context.tags] [context.twice]
    let time = || tag(1, &[1, 0, 0, 0]);
    let mut bad = vec![
        ([time(), time()].concat(), "tag 1 comes twice"),
        ([tag(5, &[]), tag(9, &[]), tag(5, &[])].concat(), "tag 5 comes twice"),
        (tag(1, &[]), "tag 1 of a context block has 0 bytes"),
        (tag(1, &[0; 5]), "tag 1 of a context block has 5 bytes"),
        (tag(2, &[0; 24]), "tag 2 of a context block has 24 bytes"),
        (tag(3, &[0; 129]), "tag 3 of a context block has 129 bytes"),
        (tag(4, &[0; 3]), "tag 4 of a context block has 3 bytes"),
        (tag(4, &[0; 4]), "tag 4 of a context block has a value that can't be"),
        (tag(5, &[0]), "tag 5 of a context block has 1 bytes"),
        (tag(6, &[0; 8]), "tag 6 of a context block has 8 bytes"),
    ];
    let beyond = "a context block, or a record in it, reaches beyond its end";
    bad.extend((1..6).map(|n| (time()[..n].to_vec(), beyond)));
    bad.push((vec![200, 255, 1, 2, 3], beyond));
    with_watchdog("bad contexts", LIMIT, || {
        let bench = Bench::usual();
        for (block, what) in bad {
            for command in [one_way("somme", &[24, 68]), call(1, "somme", &[24, 68])] {
                assert_breaks(&bench, &with_context(&command, &block), what);
            }
        }
        for command in [one_way("somme", &[]), call(1, "somme", &[])] {
            // The block is said to be longer than the frame, or its length is not there.
            let mut long = with_context(&command, &time());
            let at = long.len() - 7;
            long[at] = 7;
            assert_breaks(&bench, &long, beyond);
            let mut none = command;
            none[5] = 0x80;
            assert_breaks(&bench, &none, "ends before its fields do");
        }
    });
}

#[track_caller]
fn assert_breaks(bench: &Bench, bytes: &[u8], what: &str) {
    let mut raw = bench.raw();
    raw.send(bytes);
    assert_eq!(assert_last_word(&mut raw, PROTOCOL, what), [], "{what}");
    bench.assert_cut(raw.address(), RaisonFin::Protocole, what);
}

#[test]
fn made_up_reasons_are_abrupt_ends() {
    // [adieu.unknown] [adieu.abrupt]
    with_watchdog("made-up reasons", LIMIT, || {
        let bench = Bench::usual();
        for reason in [0, 12, 99, 256, 0x0102, u16::MAX] {
            let mut raw = bench.raw();
            assert_answers(&mut raw, 1);
            raw.send(&adieu(reason, b"it is later"));
            raw.end();
            assert_eq!(raw.rest(), [], "nothing is sent after an abrupt goodbye");
            bench.assert_cut(raw.address(), RaisonFin::Autre(reason), "it is later");
            // And its number is shown.
            let mut raw = bench.raw();
            raw.send(&adieu(reason, b""));
            raw.end();
            let what = format!("reason {reason}, which this side does not know");
            bench.assert_cut(raw.address(), RaisonFin::Autre(reason), &what);
        }
    });
}

#[commande]
fn mesure(n: i64) -> i64 {
    n
}

/// The failure of a call with that fingerprint, its bytes behind the code.
fn failure_of(raw: &mut Raw, name: &str, fingerprint: u32) -> (u16, Vec<u8>) {
    let (id, command) = (9_u64.to_le_bytes(), hash(name).to_le_bytes());
    raw.send(&frame(2, &[&[0], &id, &command, &fingerprint.to_le_bytes(), &[24]]));
    // A list of fingerprints before the text is no text.
    let frame = raw.frame().unwrap();
    assert_eq!((frame[0], &frame[1..9]), (5, &id[..]));
    (u16::from_le_bytes([frame[17], frame[18]]), frame[19..].to_vec())
}

#[test]
fn each_peer_is_told_of_failures_in_the_form_that_it_declares() {
    // [codes.short] [features.used] [features.classes] [features.fingerprints]
    // [failure.fingerprints]
    with_watchdog("forms of failures", LIMIT, || {
        let bench = Bench::usual();
        bench.serveur.enregistrer(commandes![mesure]).unwrap();
        let panics = |_: &Client, (): ()| -> u8 { panic!("on purpose") };
        bench.serveur.enregistrer_commande("panique", panics).unwrap();
        assert_eq!(mesure(1), 1);
        let signature = b"mesure(n: i64) -> i64";
        for bits in [0, CLASSES, FINGERPRINTS, 0xff] {
            let mut raw = Raw::client_with(bench.address(), &declaring(&[bits]));
            let panicked = if bits & CLASSES == 0 { 4 } else { 0x0104 };
            raw.send(&call(3, "panique", &[]));
            match raw.next() {
                Some(Seen::Failure { id: 3, code, .. }) => assert_eq!(code, panicked, "{bits}"),
                other => panic!("{other:?}"),
            }
            let (code, said) = failure_of(&mut raw, "mesure", 0x0102_0304);
            assert_eq!(code, 2);
            if bits & FINGERPRINTS == 0 {
                assert_eq!(said, signature, "{bits}");
            } else {
                assert_eq!((said[0], &said[5..]), (1, &signature[..]), "{bits}");
            }
            let (code, said) = failure_of(&mut raw, "absente", 0x0102_0304);
            assert_eq!((code, said.first()), (1, Some(&b'h')), "only failure 2 has a list");
            part(&bench, raw);
        }
    });
}
