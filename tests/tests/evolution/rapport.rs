//! The report after a refusal for another signature: path, both types, and who is older.

use cconn::description::Cote;
use cconn::{Client, Commandes, Resultat, Serveur, commande, commandes, nommee};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

use super::refused;

/// What the caller of `call` is told of the commands of the peer.
#[track_caller]
fn report<T: std::fmt::Debug>(
    commandes: Commandes,
    call: impl FnOnce(&Client) -> Resultat<T>,
) -> (String, Option<Cote>) {
    let (serveur, client) = local();
    serveur.enregistrer(commandes).unwrap();
    let ecarts = refused(call(&client)).ecarts(&client).unwrap().unwrap();
    (ecarts.to_string(), ecarts.plus_ancien)
}

/// One kind of difference: what is here, what is there, and what the report says of it.
macro_rules! case {
    ($name:ident: { $($here:item)* } $sent:expr, { $($there:item)* } $told:literal, $older:expr) => {
        #[test]
        fn $name() {
            #[allow(dead_code, reason = "what is not sent is compared")]
            mod here {
                #[allow(unused_imports, reason = "not every case has types of its own")]
                use super::*;
                $($here)*
                pub(super) fn call(client: &Client) -> Resultat<()> {
                    client.appeler($sent).map(drop)
                }
            }
            #[allow(dead_code, unused_variables, reason = "it never runs")]
            mod there {
                #[allow(unused_imports, reason = "not every case has types of its own")]
                use super::*;
                $($there)*
                pub(super) fn list() -> Commandes { commandes![aller] }
            }
            let (text, older) = report(there::list(), here::call);
            assert_eq!(text, $told);
            assert_eq!(older, $older);
        }
    };
}

case! {
    an_argument_has_another_type:
    { #[commande] pub(super) fn aller(compte: String, solde: f64); }
    aller { compte: String::new(), solde: 0.5 },
    { #[commande] fn aller(compte: String, solde: i64) {} }
    "command `aller`: argument 2 `solde`: `f64` here, `i64` there", None
}

case! {
    an_argument_is_missing_there:
    { #[commande] pub(super) fn aller(a: u8, b: Vec<u8>); }
    aller { a: 1, b: vec![] },
    { #[commande] fn aller(a: u8) {} }
    "command `aller`: argument 2 `b`: `bytes` here, missing there; the peer is older",
    Some(Cote::La)
}

case! {
    an_argument_is_missing_here:
    { #[commande] pub(super) fn aller(); }
    aller {},
    { #[commande] fn aller(n: Option<u8>, m: (u8, bool)) {} }
    "command `aller`: argument 1 `n`: missing here, `Option<u8>` there; \
     argument 2 `m`: missing here, `(u8, bool)` there; this side is older",
    Some(Cote::Ici)
}

case! {
    an_argument_is_too_new_for_the_peer:
    { #[commande] pub(super) fn aller(a: u8, #[defaut(7)] plus: u8); }
    aller { a: 1, plus: 8 },
    { #[commande] fn aller(a: u8) {} }
    "command `aller`: argument 2 `plus`: `u8` here, missing there; the peer is older",
    Some(Cote::La)
}

case! {
    a_field_deep_inside_has_another_type:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Banque { pub comptes: Vec<Compte> }
        #[derive(Serialize, Deserialize)]
        pub(super) struct Compte { pub nom: String, pub solde: f64 }
        #[commande] pub(super) fn aller(a: u8, banques: Vec<Option<Banque>>);
    }
    aller { a: 1, banques: vec![] },
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Banque { pub comptes: Vec<Compte> }
        #[derive(Serialize, Deserialize)]
        pub(super) struct Compte { pub nom: String, pub solde: i64 }
        #[commande] fn aller(a: u8, banques: Vec<Option<Banque>>) {}
    }
    "command `aller`: argument 2 `banques`, field `solde` of `Compte`: `f64` here, `i64` there",
    None
}

case! {
    a_field_is_missing_there:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Lieu { pub x: u8, pub y: u8 }
        #[commande] pub(super) fn aller(lieu: Lieu);
    }
    aller { lieu: Lieu { x: 1, y: 2 } },
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Lieu { pub x: u8 }
        #[commande] fn aller(lieu: Lieu) {}
    }
    "command `aller`: argument 1 `lieu`, field `y` of `Lieu`: `u8` here, missing there; \
     the peer is older",
    Some(Cote::La)
}

case! {
    fields_stand_in_another_order:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Lieu { pub x: u8, pub y: u8 }
        #[commande] pub(super) fn aller(lieu: Lieu);
    }
    aller { lieu: Lieu { x: 1, y: 2 } },
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Lieu { pub y: u8, pub x: u8 }
        #[commande] fn aller(lieu: Lieu) {}
    }
    "command `aller`: argument 1 `lieu`, order of the fields of `Lieu`: `x, y` here, `y, x` there",
    None
}

case! {
    a_variant_is_missing_here:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) enum Etat { Ouvert }
        #[commande] pub(super) fn aller(etat: Etat);
    }
    aller { etat: Etat::Ouvert },
    {
        #[derive(Serialize, Deserialize)]
        pub(super) enum Etat { Ouvert, Ferme }
        #[commande] fn aller(etat: Etat) {}
    }
    "command `aller`: argument 1 `etat`, variant of `Etat`: missing here, `Ferme` there; \
     this side is older",
    Some(Cote::Ici)
}

case! {
    a_variant_has_other_fields:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) enum Etat { Ouvert, Ferme { depuis: u32 } }
        #[commande] pub(super) fn aller() -> Etat;
    }
    aller {},
    {
        #[derive(Serialize, Deserialize)]
        pub(super) enum Etat { Ouvert, Ferme { depuis: u64 } }
        #[commande] fn aller() -> Etat { Etat::Ouvert }
    }
    "command `aller`: the answer, field `depuis` of `Etat::Ferme`: `u32` here, `u64` there", None
}

case! {
    a_variant_stands_before_others:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) enum Etat { Ouvert, Ferme }
        #[commande] pub(super) fn aller(etat: Etat);
    }
    aller { etat: Etat::Ouvert },
    {
        #[derive(Serialize, Deserialize)]
        pub(super) enum Etat { Neuf, Ouvert, Ferme }
        #[commande] fn aller(etat: Etat) {}
    }
    "command `aller`: argument 1 `etat`, order of the variants of `Etat`: \
     `Ouvert, Ferme` here, `Neuf, Ouvert, Ferme` there; \
     argument 1 `etat`, variant of `Etat`: missing here, `Neuf` there",
    None
}

case! {
    a_type_has_another_name:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Compte { pub n: u8 }
        #[commande] pub(super) fn aller(comptes: Vec<Compte>);
    }
    aller { comptes: vec![] },
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct CompteV2 { pub n: u8 }
        #[commande] fn aller(comptes: Vec<CompteV2>) {}
    }
    "command `aller`: argument 1 `comptes`: `Vec<Compte>` here, `Vec<CompteV2>` there", None
}

case! {
    the_answer_and_the_error_differ:
    { #[commande] pub(super) fn aller() -> u32; }
    aller {},
    { #[commande] fn aller() -> Result<u64, String> { Ok(1) } }
    "command `aller`: the answer: `u32` here, `u64` there; \
     the command's own error: missing here, `str` there",
    None
}

case! {
    the_items_of_a_stream_differ:
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Lieu { pub x: u8 }
        #[commande] pub(super) fn aller() -> impl Iterator<Item = Lieu>;
    }
    aller {},
    {
        #[derive(Serialize, Deserialize)]
        pub(super) struct Lieu { pub x: i8 }
        #[commande] fn aller() -> impl Iterator<Item = Lieu> { std::iter::empty() }
    }
    "command `aller`: the answer, field `x` of `Lieu`: `u8` here, `i8` there", None
}

case! {
    a_value_is_a_stream_there:
    { #[commande] pub(super) fn aller() -> Vec<u8>; }
    aller {},
    { #[commande] fn aller() -> impl Iterator<Item = u8> { std::iter::empty() } }
    "command `aller`: the answer: `bytes` here, `Flux<u8>` there", None
}

case! {
    the_caller_uses_an_earlier_name:
    { #[commande] pub(super) fn aller(n: u8); }
    aller { n: 1 },
    { #[commande(nom = "venir", alias = "aller")] fn aller(n: u16) {} }
    "command `aller`: argument 1 `n`: `u8` here, `u16` there; this side is older; \
     its name there is `venir` now",
    Some(Cote::Ici)
}

/// A type that shows nothing of itself: the report says that it has nothing to show.
#[test]
fn a_type_that_counts_by_its_name_is_told_as_such() {
    macro_rules! severe {
        ($name:ident) => {
            #[derive(Debug, PartialEq, serde::Serialize)]
            pub(super) struct $name(pub(super) u8);
            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
                    Err(serde::de::Error::custom("never"))
                }
            }
        };
    }
    mod here {
        severe!(Severe);
        #[cconn::commande]
        pub(super) fn aller(s: Severe);
    }
    mod there {
        severe!(Autre);
        #[cconn::commande]
        pub(super) fn aller(s: Autre) {
            let _ = s;
        }
    }
    let call = |client: &Client| client.appeler(here::aller { s: here::Severe(1) });
    let (text, _) = report(commandes![there::aller], call);
    let wanted = "no difference is shown, so a type that counts by its name alone differs";
    assert_eq!(text, format!("command `aller`: {wanted}"));
}

/// Nothing is asked of the peer that it does not want to tell, or that nobody can compare.
#[test]
fn what_can_not_be_compared_is_no_report() {
    #[commande]
    fn aller(n: u8) {
        let _ = n;
    }
    mod other {
        #[cconn::commande]
        pub(super) fn aller(n: u16);
    }
    let integree = cconn::description::Integree::Inventaire;
    let serveur = Serveur::options(0).integree(integree, false).ouvrir().unwrap();
    serveur.enregistrer(commandes![aller]).unwrap();
    let client = serveur.client_local().unwrap();
    let why = refused(client.appeler(other::aller { n: 1 }));
    assert_eq!(super::nature(why.ecarts(&client)), cconn::erreur::NatureDistante::Inconnue);

    let by_name = nommee("aller", (1_u16,)).avec_empreinte(why.empreinte);
    let why = refused(client.appeler::<(), _>(by_name));
    assert_eq!(why.ecarts(&client).unwrap(), None, "nothing is known of a message by name");
    serveur.eteindre().unwrap();
}

/// A command that is called deferred, or from a command, is explained as any other.
#[test]
fn a_deferred_call_and_a_command_can_ask_too() {
    #[commande]
    fn aller(n: u8) {
        let _ = n;
    }
    mod other {
        #[cconn::commande]
        pub(super) fn aller(n: u16);
    }
    #[commande]
    fn demander(client: &Client) -> String {
        let why = refused(client.appeler(other::aller { n: 1 }));
        why.ecarts(client).unwrap().unwrap().to_string()
    }
    let (serveur, client) = local();
    serveur.enregistrer(commandes![aller, demander]).unwrap();
    client.enregistrer(commandes![aller]).unwrap();
    let wanted = "command `aller`: argument 1 `n`: `u16` here, `u8` there";
    let why = refused(client.differer(other::aller { n: 1 }).unwrap().attendre());
    assert_eq!(why.ecarts(&client).unwrap().unwrap().to_string(), wanted);
    assert_eq!(client.appeler(demander {}).unwrap(), wanted);
}
