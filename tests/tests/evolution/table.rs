//! The table of changes on the pages: each row with two versions of a program, in all four
//! pairings of caller and receiver.

use cconn::erreur::NatureDistante;
use cconn::{Client, Commandes, Erreur, Resultat, Serveur, commande, commandes};
use serde::{Deserialize, Serialize};

/// What came of a call: what the command returned, or why it was refused.
#[derive(Debug, PartialEq)]
enum Came {
    Answer(&'static str),
    /// The peer has no such command.
    Unknown,
    /// The peer's command has another signature.
    Other,
    /// It has, for it does not know this argument yet.
    TooNew(&'static str),
}
use Came::{Answer, Other, TooNew, Unknown};

const OLD: Came = Answer("old");
const NEW: Came = Answer("new");

fn came(outcome: Resultat<String>) -> Came {
    match outcome {
        Ok(answer) if answer == "old" => OLD,
        Ok(answer) if answer == "new" => NEW,
        Err(Erreur::Distante(why)) => match (why.nature, why.argument_inconnu.as_deref()) {
            (NatureDistante::Inconnue, None) => Unknown,
            (NatureDistante::Signature, None) => Other,
            (NatureDistante::Signature, Some("plus")) => TooNew("plus"),
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// A call as one version of a program makes it.
type Caller<'a> = &'a dyn Fn(&Client) -> Resultat<String>;

/// The calls of both versions to both: old to old, old to new, new to old, new to new.
fn pairings(versions: [Commandes; 2], callers: [Caller<'_>; 2]) -> [Came; 4] {
    let clients = versions.map(|commandes| {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes).unwrap();
        (serveur.client_local().unwrap(), serveur)
    });
    let [(to_old, _old), (to_new, _new)] = &clients;
    let [old, new] = callers;
    [came(old(to_old)), came(old(to_new)), came(new(to_old)), came(new(to_new))]
}

/// One row: what old and new programs have, what each sends, and what comes of it.
macro_rules! row {
    (
        $name:ident:
        { $($old:item)* } $sent_before:expr,
        { $($new:item)* } $sent_now:expr,
        $expected:expr
    ) => {
        #[test]
        fn $name() {
            mod old {
                #[allow(unused_imports, reason = "not every row has types of its own")]
                use super::*;
                $($old)*
                pub(super) fn list() -> Commandes { commandes![aller] }
                pub(super) fn call(client: &Client) -> Resultat<String> {
                    client.appeler($sent_before)
                }
            }
            mod new {
                #[allow(unused_imports, reason = "not every row has types of its own")]
                use super::*;
                $($new)*
                pub(super) fn list() -> Commandes { commandes![aller] }
                pub(super) fn call(client: &Client) -> Resultat<String> {
                    client.appeler($sent_now)
                }
            }
            let found = pairings([old::list(), new::list()], [&old::call, &new::call]);
            assert_eq!(found, $expected);
        }
    };
}

/// A function that answers with its version, in the words of a row.
macro_rules! version {
    ($version:literal) => {
        $version.to_owned()
    };
}

row! {
    nothing_changes:
    { #[commande] fn aller(n: u8) -> String { assert_eq!(n, 1); version!("old") } } aller { n: 1 },
    { #[commande] fn aller(n: u8) -> String { assert_eq!(n, 1); version!("new") } } aller { n: 1 },
    [OLD, NEW, OLD, NEW]
}

row! {
    a_command_is_replaced_by_one_of_another_name:
    { #[commande] fn aller() -> String { version!("old") } } aller {},
    { #[commande(nom = "venir")] fn aller() -> String { version!("new") } } aller {},
    [OLD, Unknown, Unknown, NEW]
}

row! {
    a_command_is_renamed_and_keeps_its_name_as_alias:
    { #[commande] fn aller() -> String { version!("old") } } aller {},
    { #[commande(nom = "venir", alias = "aller")] fn aller() -> String { version!("new") } } aller {},
    [OLD, NEW, Unknown, NEW]
}

row! {
    an_argument_is_renamed:
    { #[commande] fn aller(un: u8) -> String { assert_eq!(un, 1); version!("old") } } aller { un: 1 },
    { #[commande] fn aller(a: u8) -> String { assert_eq!(a, 1); version!("new") } } aller { a: 1 },
    [OLD, NEW, OLD, NEW]
}

row! {
    an_argument_with_a_default_is_added_and_has_it:
    { #[commande] fn aller() -> String { version!("old") } } aller {},
    {
        #[commande]
        fn aller(#[defaut(7)] plus: u8) -> String { assert_eq!(plus, 7); version!("new") }
    }
    aller { plus: 7 },
    [OLD, NEW, OLD, NEW]
}

row! {
    an_argument_with_a_default_is_added_and_has_another_value:
    { #[commande] fn aller() -> String { version!("old") } } aller {},
    { #[commande] fn aller(plus: Option<u8>) -> String { let _ = plus; version!("new") } }
    aller { plus: Some(1) },
    [OLD, NEW, TooNew("plus"), NEW]
}

row! {
    an_argument_without_a_default_is_added:
    { #[commande] fn aller() -> String { version!("old") } } aller {},
    { #[commande] fn aller(plus: u8) -> String { let _ = plus; version!("new") } } aller { plus: 7 },
    [OLD, Other, Other, NEW]
}

row! {
    an_argument_is_taken_away:
    { #[commande] fn aller(n: u8) -> String { let _ = n; version!("old") } } aller { n: 1 },
    { #[commande] fn aller() -> String { version!("new") } } aller {},
    [OLD, Other, Other, NEW]
}

row! {
    an_argument_gets_another_type:
    { #[commande] fn aller(n: u32) -> String { let _ = n; version!("old") } } aller { n: 1 },
    { #[commande] fn aller(n: u64) -> String { let _ = n; version!("new") } } aller { n: 1 },
    [OLD, Other, Other, NEW]
}

row! {
    a_default_is_taken_away:
    { #[commande] fn aller(n: Option<u8>) -> String { let _ = n; version!("old") } }
    aller { n: None },
    { #[commande] fn aller(n: u8) -> String { let _ = n; version!("new") } } aller { n: 1 },
    [OLD, Other, Other, NEW]
}

/// Both sides take their own default, and nobody is told: the page warns.
#[test]
fn a_default_that_differs_is_taken_by_each_side() {
    mod old {
        #[cconn::commande]
        pub(super) fn aller(#[defaut(1)] n: u8) -> u8 {
            n
        }
    }
    mod new {
        #[cconn::commande]
        pub(super) fn aller(#[defaut(2)] n: u8) -> u8 {
            n
        }
    }
    let serveur = Serveur::new(0).unwrap();
    serveur.enregistrer(commandes![new::aller]).unwrap();
    let client = serveur.client_local().unwrap();
    assert_eq!(client.appeler(old::aller { n: 1 }).unwrap(), 2);
    assert_eq!(client.appeler(old::aller { n: 2 }).unwrap(), 2);
    assert_eq!(client.appeler(old::aller { n: 3 }).unwrap(), 3);
    assert_eq!(client.appeler(new::aller { n: 2 }).unwrap(), 2);
}

row! {
    fields_are_swapped:
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { x: u8, y: u8 }
        #[commande]
        fn aller(lieu: Lieu) -> String { assert_eq!((lieu.x, lieu.y), (1, 2)); version!("old") }
    }
    aller { lieu: Lieu { x: 1, y: 2 } },
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { y: u8, x: u8 }
        #[commande]
        fn aller(lieu: Lieu) -> String { assert_eq!((lieu.x, lieu.y), (1, 2)); version!("new") }
    }
    aller { lieu: Lieu { x: 1, y: 2 } },
    [OLD, Other, Other, NEW]
}

row! {
    a_field_is_added:
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { x: u8 }
        #[commande]
        fn aller(lieux: Vec<Lieu>) -> String { assert_eq!(lieux[0].x, 1); version!("old") }
    }
    aller { lieux: vec![Lieu { x: 1 }] },
    {
        #[derive(Serialize, Deserialize)]
        struct Lieu { x: u8, y: Option<u8> }
        #[commande]
        fn aller(lieux: Vec<Lieu>) -> String {
            assert_eq!((lieux[0].x, lieux[0].y), (1, None));
            version!("new")
        }
    }
    aller { lieux: vec![Lieu { x: 1, y: None }] },
    [OLD, Other, Other, NEW]
}

row! {
    a_variant_is_added_at_the_end:
    {
        #[derive(Serialize, Deserialize)]
        enum Etat { Ouvert }
        #[commande]
        fn aller(etat: Etat) -> String { let Etat::Ouvert = etat; version!("old") }
    }
    aller { etat: Etat::Ouvert },
    {
        #[derive(Serialize, Deserialize)]
        enum Etat { Ouvert, Ferme }
        #[commande]
        fn aller(etat: Etat) -> String {
            assert!(!matches!(etat, Etat::Ferme));
            version!("new")
        }
    }
    aller { etat: Etat::Ouvert },
    [OLD, Other, Other, NEW]
}

/// The answers differ, so that both versions can't be called by one function.
#[test]
fn the_answer_gets_another_type() {
    mod old {
        #[cconn::commande]
        pub(super) fn aller() -> u32 {
            1
        }
    }
    mod new {
        #[cconn::commande]
        pub(super) fn aller() -> Result<u32, String> {
            Ok(2)
        }
    }
    for (commandes, old, new) in
        [(commandes![old::aller], Some(1), None), (commandes![new::aller], None, Some(2))]
    {
        let serveur = Serveur::new(0).unwrap();
        serveur.enregistrer(commandes).unwrap();
        let client = serveur.client_local().unwrap();
        match old {
            Some(answer) => assert_eq!(client.appeler(old::aller {}).unwrap(), answer),
            None => drop(super::refused(client.appeler(old::aller {}))),
        }
        match new {
            Some(answer) => assert_eq!(client.appeler(new::aller {}).unwrap(), answer),
            None => drop(super::refused(client.appeler(new::aller {}))),
        }
    }
}
