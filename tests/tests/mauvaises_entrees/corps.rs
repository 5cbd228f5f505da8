//! Bodies that are no value of the command's type: that call fails, and nothing else does.

use std::collections::HashMap;

use cconn::{Serveur, commande, commandes};
use cconn_tests::raw::{Raw, Seen, call, hash, one_way};
use cconn_tests::with_watchdog;
use serde::Deserialize;

use super::LIMIT;
use super::banc::Bench;

/// The failure code of arguments that could not be decoded.
const ARGUMENTS: u16 = 3;

/// The reader's limits, from the page.
const LEVELS: usize = 128;
const EMPTY_ELEMENTS: u64 = 4096;

/// A list as deep as its body wants.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
struct List(Option<Box<List>>);

impl List {
    fn length(&self) -> u32 {
        std::iter::successors(self.0.as_ref(), |next| next.0.as_ref()).map(|_| 1).sum()
    }
}

#[derive(Debug, Deserialize)]
struct Tree(#[allow(dead_code, reason = "it is never built")] Vec<Tree>);

#[commande]
fn emprunte(_texte: &str, _octets: &[u8]) {}

fn register(serveur: &Serveur) {
    serveur.enregistrer(commandes![emprunte]).unwrap();
    serveur.enregistrer_commande("vrai", |_, (b,): (bool,)| b).unwrap();
    serveur.enregistrer_commande("petit", |_, (n,): (u16,)| n).unwrap();
    serveur.enregistrer_commande("lettre", |_, (c,): (char,)| c).unwrap();
    serveur.enregistrer_commande("option", |_, (o,): (Option<u8>,)| o).unwrap();
    serveur.enregistrer_commande("resultat", |_, (r,): (Vec<Result<u8, u8>>,)| r.len()).unwrap();
    serveur.enregistrer_commande("texte", |_, (t,): (String,)| t).unwrap();
    serveur.enregistrer_commande("octets", |_, (b,): (Vec<u8>,)| b.len()).unwrap();
    serveur.enregistrer_commande("nombres", |_, (v,): (Vec<u64>,)| v.len()).unwrap();
    serveur.enregistrer_commande("listes", |_, (v,): (Vec<Vec<u64>>,)| v.len()).unwrap();
    serveur.enregistrer_commande("table", |_, (m,): (HashMap<u64, u64>,)| m.len()).unwrap();
    serveur.enregistrer_commande("vides", |_, (v,): (Vec<()>,)| v.len()).unwrap();
    // Elements without bytes are the attack: nothing of them arrives, and a loop is as long as
    // its declared number.
    #[expect(clippy::zero_sized_map_values, reason = "that is the attack")]
    serveur.enregistrer_commande("rien", |_, (m,): (HashMap<(), ()>,)| m.len()).unwrap();
    serveur.enregistrer_commande("chaine", |_, (list,): (List,)| list.length()).unwrap();
    serveur.enregistrer_commande("arbre", |_, (_,): (Tree,)| ()).unwrap();
}

/// A number of elements as it is sent.
fn declared(length: u64) -> Vec<u8> {
    let mut bytes = vec![253];
    bytes.extend(length.to_le_bytes());
    bytes
}

/// Commands, bodies, and what the failure says of them.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let mut cases = vec![
        ("somme", vec![], "the bytes end before"),
        ("somme", vec![24], "the bytes end before"),
        ("somme", vec![24, 68, 0], "bytes left over after the value: 1"),
        ("somme", vec![255, 68], "an integer does not fit its type"),
        ("somme", vec![254; 34], "an integer does not fit its type"),
        ("vrai", vec![2], "a bool is neither 0 nor 1"),
        ("vrai", vec![0xff], "a bool is neither 0 nor 1"),
        ("petit", vec![252, 0, 0, 1, 0], "an integer does not fit its type"),
        ("lettre", vec![0x80], "a char is not valid UTF-8"),
        ("lettre", vec![0xed, 0xa0, 0x80], "a char is not valid UTF-8"),
        ("option", vec![2, 0], "the tag of an option is neither 0 nor 1"),
        ("resultat", vec![1, 2, 0], "expected `Ok` or `Err`"),
        ("texte", vec![2, 0xc3, 0x28], "a text is not valid UTF-8"),
        ("emprunte", vec![1, 0xff, 0], "a text is not valid UTF-8"),
        ("emprunte", vec![0, 1], "the bytes end before"),
    ];
    for length in [1 << 33, 1 << 60, u64::MAX] {
        for name in ["texte", "octets", "emprunte"] {
            cases.push((name, declared(length), "the bytes end before"));
        }
        for name in ["nombres", "listes", "table", "vides", "rien", "arbre"] {
            cases.push((name, declared(length), "elements are declared"));
        }
    }
    let many = [vec![251, 232, 3], declared(1 << 60).repeat(1000)].concat();
    cases.push(("listes", many, "1152921504606846976 elements are declared"));
    cases.push(("chaine", vec![1; 1_000_000], "nested more than 128 levels deep"));
    cases.push(("arbre", declared(1 << 40).repeat(5000), "elements are declared"));
    cases.push(("arbre", vec![200; 45_000], "nested more than 128 levels deep"));
    cases
}

#[test]
fn hostile_bodies_fail_their_call_and_nothing_else() {
    // [arguments.bad]
    with_watchdog("hostile bodies", LIMIT, || {
        let bench = Bench::usual();
        register(&bench.serveur);
        let mut raw = bench.raw();
        for (id, (name, body, what)) in (1..).zip(hostile()) {
            raw.send(&call(id, name, &body));
            assert_refused(&mut raw, id, name, what);
            raw.send(&one_way(name, &body));
            assert_refused(&mut raw, 0, name, what);
            assert_lives(&mut raw, id + 1000);
        }
        bench.assert_serves();
    });
}

#[track_caller]
fn assert_refused(raw: &mut Raw, wanted: u64, name: &str, what: &str) {
    let seen = next_but_grants(raw);
    let Some(Seen::Failure { id, command, code, text }) = seen else { panic!("{seen:?}") };
    assert_eq!((id, command, code), (wanted, hash(name), ARGUMENTS), "{text}");
    assert!(text.contains(what), "{name}: {text:?} does not say {what:?}");
}

#[track_caller]
fn assert_lives(raw: &mut Raw, id: u64) {
    raw.send(&call(id, "somme", &[24, 68]));
    assert_eq!(next_but_grants(raw), Some(Seen::Answer { id, body: vec![92] }));
}

fn next_but_grants(raw: &mut Raw) -> Option<Seen> {
    raw.find(|seen| !matches!(seen, Seen::Grant { .. }))
}

#[test]
fn bodies_at_the_limits_of_the_reader() {
    // [value.levels] [value.elements]
    with_watchdog("limits of the reader", LIMIT, || {
        let bench = Bench::usual();
        register(&bench.serveur);
        let mut raw = bench.raw();
        let deep = |levels| [vec![1; levels], vec![0]].concat();
        raw.send(&call(1, "chaine", &deep(LEVELS)));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 1, body: vec![128] }));
        raw.send(&call(2, "chaine", &deep(LEVELS + 1)));
        assert_refused(&mut raw, 2, "chaine", "nested more than 128 levels deep");

        // A body of nine bytes has room for that many elements without bytes.
        raw.send(&call(3, "vides", &declared(EMPTY_ELEMENTS + 9)));
        assert_eq!(raw.next(), Some(Seen::Answer { id: 3, body: vec![251, 9, 16] }));
        raw.send(&call(4, "vides", &declared(EMPTY_ELEMENTS + 10)));
        assert_refused(&mut raw, 4, "vides", "4106 elements are declared");
        assert_lives(&mut raw, 5);
    });
}
