//! Contracts: what a change means for older programs, by the table of the guide, and the test of a
//! program against its file.

use std::path::PathBuf;

use cconn::essais::contrat::{Changement, Contrat, Effet, Politique, comparer, verifier};
use cconn::{Commandes, commande, commandes};
use serde::{Deserialize, Serialize};

/// What a change means for one kind of older program, without its words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Means {
    Safe,
    Conditional,
    Breaking,
}
use Means::{Breaking, Conditional, Safe};

fn means(effect: &Effet) -> Means {
    match effect {
        Effet::Aucun => Safe,
        Effet::Conditionnel(_) => Conditional,
        Effet::Rupture(_) => Breaking,
        other => panic!("{other:?}"),
    }
}

/// The changes between two versions, both of which go through their text.
fn changes(versions: [Commandes; 2]) -> Vec<Changement> {
    let [old, new] = versions.map(|list| {
        let contract = Contrat::des(list);
        let text = contract.to_string();
        let read = Contrat::lire(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read.to_string(), text, "what is read is what was written");
        assert_eq!(comparer(&read, &contract), [], "{text}");
        read
    });
    comparer(&old, &new)
}

/// A row of the table: what a program has before and after, what has changed, and what that means
/// for old callers and for old receivers.
macro_rules! row {
    ($name:ident: { $($old:item)* } { $($new:item)* } $($what:literal: $callers:ident, $receivers:ident);*) => {
        #[test]
        fn $name() {
            #[allow(dead_code, unused_variables, reason = "nothing is called")]
            mod old {
                #[allow(unused_imports, reason = "not every row has types of its own")]
                use super::*;
                $($old)*
                pub(super) fn list() -> Commandes { commandes![aller] }
            }
            #[allow(dead_code, unused_variables, reason = "nothing is called")]
            mod new {
                #[allow(unused_imports, reason = "not every row has types of its own")]
                use super::*;
                $($new)*
                pub(super) fn list() -> Commandes { commandes![aller] }
            }
            let found = changes([old::list(), new::list()]);
            let found: Vec<_> = found
                .iter()
                .map(|one| {
                    let both = [&one.anciens_appelants, &one.anciens_receveurs].map(means);
                    (format!("{}: {}", one.commande, one.quoi), both)
                })
                .collect();
            let wanted: Vec<(String, [Means; 2])> =
                vec![$(($what.to_owned(), [$callers, $receivers])),*];
            assert_eq!(found, wanted);
        }
    };
}

row! {
    nothing_changes:
    { #[commande] fn aller(n: u8) -> String { String::new() } }
    { /** Docs count for nothing. */ #[commande] fn aller(n: u8) -> String { String::new() } }
}

row! {
    another_command:
    { #[commande] fn aller() {} }
    { #[commande(nom = "venir")] fn aller() {} }
    "aller: the command is gone": Breaking, Safe;
    "venir: a new command": Safe, Conditional
}

row! {
    renamed_with_an_alias:
    { #[commande] fn aller(n: u8) {} }
    { #[commande(nom = "venir", alias = "aller")] fn aller(n: u8) {} }
    "aller: an earlier name of `venir` now": Safe, Safe;
    "venir: a new command": Safe, Conditional
}

row! {
    an_argument_is_renamed:
    { #[commande] fn aller(un: u8) {} }
    { #[commande] fn aller(a: u8) {} }
    "aller: argument 1 `un` is called `a` now": Safe, Safe
}

row! {
    an_argument_with_a_default_is_added:
    { #[commande] fn aller(a: u8) {} }
    { #[commande] fn aller(a: u8, #[defaut(7)] plus: u8, o: Option<u8>) {} }
    "aller: argument 2 `plus`: `u8` is new; argument 3 `o`: `Option<u8>` is new": Safe, Conditional
}

row! {
    an_argument_without_a_default_is_added:
    { #[commande] fn aller() {} }
    { #[commande] fn aller(plus: u8) {} }
    "aller: argument 1 `plus`: `u8` is new": Breaking, Breaking
}

row! {
    an_argument_is_taken_away:
    { #[commande] fn aller(n: u8) {} }
    { #[commande] fn aller() {} }
    "aller: argument 1 `n`: `u8` before, gone now": Breaking, Breaking
}

row! {
    an_argument_gets_another_type:
    { #[commande] fn aller(n: u32, m: &str) {} }
    { #[commande] fn aller(n: u64, m: String) {} }
    "aller: argument 1 `n`: `u32` before, `u64` now": Breaking, Breaking
}

row! {
    arguments_change_places:
    { #[commande] fn aller(a: u8, b: bool) {} }
    { #[commande] fn aller(b: bool, a: u8) {} }
    "aller: argument 1 `a`: `u8` before, `bool` now; argument 2 `b`: `bool` before, `u8` now; \
     argument 1 `a` is called `b` now; argument 2 `b` is called `a` now": Breaking, Breaking
}

row! {
    a_default_is_taken_away:
    { #[commande] fn aller(#[defaut(7)] n: u8) {} }
    { #[commande] fn aller(n: u8) {} }
    "aller: argument 1 `n`: the default `7` is gone": Conditional, Safe
}

row! {
    a_default_is_given:
    { #[commande] fn aller(n: u8) {} }
    { #[commande] fn aller(#[defaut(7)] n: u8) {} }
    "aller: argument 1 `n`: the default `7` is new": Safe, Conditional
}

row! {
    an_option_becomes_its_content:
    { #[commande] fn aller(n: Option<u8>) {} }
    { #[commande] fn aller(n: u8) {} }
    "aller: argument 1 `n`: `Option<u8>` before, `u8` now": Breaking, Breaking
}

row! {
    a_default_gets_another_value:
    { #[commande] fn aller(#[defaut(1)] n: u8) {} }
    { #[commande] fn aller(#[defaut(2)] n: u8) {} }
    "aller: argument 1 `n`: the default was `1`, and is `2` now": Breaking, Breaking
}

row! {
    the_answer_gets_another_type:
    { #[commande] fn aller() -> u32 { 1 } }
    { #[commande] fn aller() -> Result<u32, String> { Ok(1) } }
    "aller: the command's own error: `str` is new": Breaking, Breaking
}

row! {
    a_field_is_added:
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { x: u8 }
        #[commande] fn aller(lieux: Vec<Lieu>) {}
    }
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { x: u8, y: Option<u8> }
        #[commande] fn aller(lieux: Vec<Lieu>) {}
    }
    "aller: argument 1 `lieux`, field `y` of `Lieu`: `Option<u8>` is new": Breaking, Breaking
}

row! {
    fields_change_places:
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { x: u8, y: u8 }
        #[commande] fn aller(lieu: Lieu) {}
    }
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { y: u8, x: u8 }
        #[commande] fn aller(lieu: Lieu) {}
    }
    "aller: argument 1 `lieu`, order of the fields of `Lieu`: `x, y` before, `y, x` now":
        Breaking, Breaking
}

row! {
    a_variant_is_added_at_the_end:
    {
        #[derive(Serialize, Deserialize)]
        enum Etat { Ouvert, Vendu(String, u8) }
        #[commande] fn aller(etat: Etat) {}
    }
    {
        #[derive(Serialize, Deserialize)]
        enum Etat { Ouvert, Vendu(String, u8), Ferme { depuis: u64 } }
        #[commande] fn aller(etat: Etat) {}
    }
    "aller: argument 1 `etat`, variant of `Etat`: `Ferme` is new": Breaking, Breaking
}

row! {
    the_items_of_a_stream_change:
    { #[commande] fn aller() -> impl Iterator<Item = Result<u8, String>> { std::iter::empty() } }
    { #[commande] fn aller() -> impl Iterator<Item = u8> { std::iter::empty() } }
    "aller: the answer: `Flux<u8, str>` before, `Flux<u8>` now": Breaking, Breaking
}

type Parties = ((), (u8,), (u8, bool), [i8; 3], [(); 2]);

/// Every kind of type, in the names that programs give them.
#[test]
fn every_kind_of_type_is_written_and_read_again() {
    mod other {
        #[derive(serde::Serialize, serde::Deserialize)]
        pub(super) struct Lieu(pub(super) u8);
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename = "Option")]
        pub(super) struct Choix;
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(rename = "un \"nom\": \\ {}")]
        pub(super) enum Drole {
            #[serde(rename = "a | b")]
            A {
                #[serde(rename = "c: d, }")]
                c: Vec<Drole>,
            },
            Vide,
        }
    }
    #[derive(Serialize, Deserialize)]
    struct Lieu {
        x: f64,
        a: Option<Box<Lieu>>,
    }
    /// Goes there, "and" back.
    ///
    /// With a second # paragraph.
    #[commande(nom = "aller (vite)", alias = "all\u{e9}")]
    fn tout(
        lieu: Lieu,
        autre: other::Lieu,
        choix: other::Choix,
        drole: other::Drole,
        t: Parties,
        m: std::collections::BTreeMap<String, Vec<Vec<u8>>>,
        #[defaut("a \"b\", (c".to_owned())] d: String,
    ) -> Result<Option<char>, ()> {
        drop((lieu, autre, choix, drole, t, m, d));
        Ok(None)
    }
    assert_eq!(changes([commandes![tout], commandes![tout]]), []);
    let text = Contrat::des(commandes![tout]).to_string();
    for part in [
        "\"aller (vite)\"(lieu: Lieu, autre: Lieu'2, choix: \"Option\", ",
        "t: ((), (u8,), (u8, bool), [i8; 3], [(); 2]), m: Map<str, Vec<bytes>>, ",
        " -> Result<Option<char>, ()> [",
        " // Goes there, \"and\" back. With a second # paragraph. #",
        "allé(lieu: Lieu, ",
        "(c\\\".to_owned()\") -> Result<Option<char>, ()> = \"aller (vite)\" [",
        "type Lieu = { x: f64, a: Option<Lieu> } #",
        "type Lieu'2 = { 0: u8 } #",
        "type \"Option\" = {} #",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

#[commande]
fn nuit(heures: u8) {
    let _ = heures;
}

mod apres {
    #[cconn::commande]
    pub(super) fn somme(a: i64, c: i64) -> i64 {
        a + c
    }
}

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("cconn-contrat-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// The text of the failure of a test.
#[track_caller]
fn failure(path: &std::path::Path, list: Commandes) -> String {
    let held = std::panic::catch_unwind(|| verifier(path, list));
    *held.expect_err("the test fails").downcast::<String>().unwrap()
}

#[test]
fn a_program_is_held_against_its_file() {
    let folder = folder("tenu");
    let path = folder.join("contrat.txt");
    let missing = failure(&path, commandes![somme]);
    assert!(missing.contains("there is no contract") && missing.contains("CCONN_CONTRAT=ecrire"));
    std::fs::write(&path, Contrat::des(commandes![somme, nuit]).to_string()).unwrap();
    verifier(&path, commandes![nuit, somme]);
    verifier(&path, commandes![nuit, apres::somme]);
    let text = failure(&path, commandes![somme]);
    let told = "`nuit`: the command is gone; old callers: BREAKING: the command is unknown; \
                old receivers: safe\n";
    assert!(text.contains(told), "{text}");
    assert!(text.ends_with("take it over with CCONN_CONTRAT=ecrire cargo test"), "{text}");

    // With the other policy names count too.
    let written = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, written.replace("politique octets", "politique noms")).unwrap();
    verifier(&path, commandes![nuit, somme]);
    let text = failure(&path, commandes![nuit, apres::somme]);
    assert!(text.contains("argument 2 `b` is called `c` now; old callers: safe"), "{text}");

    // What was edited by hand is told, and so is what is no contract.
    std::fs::write(&path, written.replace("a: i64", "a: u64")).unwrap();
    let text = failure(&path, commandes![nuit, somme]);
    assert!(text.contains("line 9: it was edited by hand"), "{text}");
    std::fs::write(&path, "something else\n").unwrap();
    assert!(failure(&path, commandes![somme]).contains("a contract begins with"));
    std::fs::remove_dir_all(folder).unwrap();
}

/// The file is written by the command that the failure names, and keeps its policy.
#[test]
fn a_change_that_is_meant_is_written() {
    let folder = folder("ecrit");
    let path = folder.join("contrat.txt");
    let again = |list: &str, write: bool| {
        let mut test = std::process::Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", "contrat::helper", "--nocapture"]);
        test.env("CCONN_TEST_CONTRAT", &path).env("CCONN_TEST_LIST", list);
        if write {
            test.env("CCONN_CONTRAT", "ecrire");
        }
        test.output().unwrap().status.success()
    };
    assert!(!again("un", false));
    assert!(again("un", true) && again("un", false) && !again("deux", false));
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(Contrat::lire(&written).unwrap().politique, Politique::Octets);
    std::fs::write(&path, written.replace("politique octets", "politique noms")).unwrap();
    assert!(again("deux", true) && again("deux", false) && !again("un", false));
    let written = std::fs::read_to_string(&path).unwrap();
    assert_eq!(Contrat::lire(&written).unwrap().politique, Politique::Noms);
    std::fs::remove_dir_all(folder).unwrap();
}

/// What the test above runs in a process of its own, for the environment is the process's.
#[test]
fn helper() {
    let Some(path) = std::env::var_os("CCONN_TEST_CONTRAT") else { return };
    match std::env::var("CCONN_TEST_LIST").as_deref() {
        Ok("un") => verifier(path, commandes![somme]),
        _ => verifier(path, commandes![somme, nuit]),
    }
}

/// Files that no program has written: an error with its line, and never a panic.
#[test]
fn any_text_is_a_contract_or_an_error() {
    let text = Contrat::des(commandes![somme, nuit]).to_string();
    for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
        let _either = Contrat::lire(&text[..at]);
        let _either = Contrat::lire(&format!("{}\u{e9}{}", &text[..at], &text[at..]));
    }
    let with_mark = |line: &str| {
        // The mark of a line, as the protocol of the file has it.
        let hash = line.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let folded = hash ^ (hash >> 32);
        format!(
            "cconn-contrat 1\npolitique octets\n{line} #{:04x}\n",
            (folded ^ (folded >> 16)) & 0xffff
        )
    };
    assert!(Contrat::lire(&with_mark("a() []")).is_ok());
    let deep = "Vec<".repeat(100_000);
    for (line, why) in [
        ("a(x: T) []", "the type `T` has no line"),
        ("a(x: u8 []", "`, ` is wanted"),
        ("a(x: Map<u8>) []", "another number of parts"),
        ("a(x: [u8; 99999999]) []", "too many parts"),
        ("a(x: [[u8; 60000]; 60000]) []", "too many parts"),
        ("a(x: [u8; 99999999999999999999999]) []", "no number"),
        ("a(x: u8 = \"1) []", "a quote is not closed"),
        ("a(x: \"\\u{110000}\") []", "no character"),
        ("a() [xyz]", "no fingerprint"),
        ("a() [] more", "the end of the line"),
        ("type T = { x: u8", "`, ` is wanted"),
        (&format!("a(x: {deep}) []"), "nested too deep"),
    ] {
        let error = Contrat::lire(&with_mark(line)).unwrap_err();
        assert!(error.texte.contains(why) && !error.modifiee, "{why}: {error}");
    }
}
