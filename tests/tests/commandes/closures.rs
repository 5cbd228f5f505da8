//! Commands by name: closures on one side, messages without a declaration on the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cconn::erreur::NatureDistante;
use cconn::{Client, Erreur, Resultat, commande, commandes, nommee};
use cconn_tests::local;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Faute(i64);

#[commande]
fn somme(a: i64, b: i64) -> i64 {
    a + b
}

// What a peer that knows no closures would declare.
#[commande]
fn fautive(a: i64) -> Result<i64, Faute>;

#[test]
fn both_sides_need_no_macro() {
    let (serveur, client) = local();
    serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b).unwrap();
    let total: i64 = client.appeler(nommee("somme", (12_i64, 34_i64))).unwrap();
    assert_eq!(total, 46);
    assert_eq!(client.appeler::<i64, _>(&nommee("somme", (1_i64, 2_i64))).unwrap(), 3);
    // A declared message meets a closure, and a message by name a function.
    assert_eq!(client.appeler(somme { a: 1, b: 2 }).unwrap(), 3);
    client.enregistrer(commandes![somme]).unwrap();
}

#[test]
fn every_form_of_answer_is_told_apart() {
    let (serveur, client) = local();
    let lien = |_: &Client, (a,): (i64,)| -> Resultat<i64> {
        if a < 0 { Err(Erreur::echec("négatif")) } else { Ok(a) }
    };
    serveur.enregistrer_commande("lien", lien).unwrap();
    let fautive = |_: &Client, (a,): (i64,)| if a < 0 { Err(Faute(a)) } else { Ok(a) };
    serveur.enregistrer_commande("fautive", fautive).unwrap();
    let mixte = |_: &Client, (a,): (i64,)| -> Resultat<i64, Faute> { Err(Faute(a).into()) };
    serveur.enregistrer_commande("mixte", mixte).unwrap();
    serveur.enregistrer_commande("rien", |_, ()| ()).unwrap();
    serveur.enregistrer_commande("octets", |_, (o,): (Vec<u8>,)| o).unwrap();

    assert_eq!(client.appeler::<i64, _>(nommee("lien", (1_i64,))).unwrap(), 1);
    assert!(matches!(
        client.appeler::<i64, _>(nommee("lien", (-1_i64,))),
        Err(Erreur::Distante(_))
    ));
    assert_eq!(client.appeler(fautive { a: 1 }).unwrap(), 1);
    assert!(matches!(client.appeler(fautive { a: -1 }), Err(Erreur::Refus(Faute(-1)))));
    // By name no error type is declared, so that it can't be read.
    let erreur = client.appeler::<i64, _>(nommee("mixte", (-1_i64,))).unwrap_err();
    assert!(matches!(erreur, Erreur::Codage(_)), "{erreur}");
    client.appeler::<(), _>(nommee("rien", ())).unwrap();
    let octets: Vec<u8> = client.appeler(nommee("octets", (vec![7_u8; 100_000],))).unwrap();
    assert_eq!(octets.len(), 100_000);
}

fn triple(_: &Client, (a,): (u32,)) -> u32 {
    3 * a
}

#[test]
fn closures_capture_and_functions_serve() {
    let (serveur, client) = local();
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    serveur
        .enregistrer_commande("compter", move |_, (n,): (u64,)| {
            counted.fetch_add(n, Ordering::SeqCst) + n
        })
        .unwrap();
    serveur.enregistrer_commande("tripler", triple).unwrap();
    assert_eq!(client.appeler::<u64, _>(nommee("compter", (2_u64,))).unwrap(), 2);
    assert_eq!(client.appeler::<u64, _>(nommee(String::from("compter"), (3_u64,))).unwrap(), 5);
    assert_eq!(count.load(Ordering::SeqCst), 5);
    assert_eq!(client.appeler::<u32, _>(nommee("tripler", (5_u32,))).unwrap(), 15);
}

#[test]
fn twelve_arguments_are_the_most() {
    type Douze = (u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, String);
    let (serveur, client) = local();
    serveur.enregistrer_commande("douze", |_, tous: Douze| u64::from(tous.10)).unwrap();
    let message =
        nommee("douze", (0_u8, 1_u8, 2_u8, 3_u8, 4_u8, 5_u8, 6_u8, 7_u8, 8_u8, 9_u8, 10_u8, "x"));
    assert_eq!(client.appeler::<u64, _>(message).unwrap(), 10);
}

#[test]
fn an_argument_that_does_not_fit_is_named_by_its_place() {
    let (serveur, client) = local();
    serveur.enregistrer_commande("echo", |_, (_, mot): (u8, String)| mot).unwrap();
    let erreur = client.appeler::<String, _>(nommee("echo", (1_u8, 300_u64))).unwrap_err();
    let Erreur::Distante(distante) = erreur else { panic!("{erreur:?}") };
    assert_eq!(distante.nature, NatureDistante::Arguments);
    assert!(distante.texte.starts_with("argument 2 of 2: "), "{}", distante.texte);
}

/// Enums of the program's own that are called as the standard library's is.
mod own {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    pub(super) enum Result {
        Ok((u8, u8)),
        Err(u8),
        Unknown,
    }

    pub(super) mod generic {
        use super::{Deserialize, Serialize};

        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(in super::super) enum Result<T, E> {
            Ok(T),
            Err(E),
        }
    }

    pub(super) mod tuple {
        use super::{Deserialize, Serialize};

        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        pub(in super::super) struct Result(pub(in super::super) i64);
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "Result")]
    pub(super) enum Renamed {
        Ok(String),
        Err(String),
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    pub(super) struct Held(pub(super) std::result::Result<u8, u8>);
}

#[test]
fn an_enum_of_the_program_s_own_may_be_called_result() {
    fn check<T>(name: &str, make: fn(u8) -> T)
    where
        T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug + 'static,
    {
        let (serveur, client) = local();
        serveur.enregistrer_commande(name, move |_, (which,): (u8,)| make(which)).unwrap();
        for which in 0..3 {
            let found: T = client.appeler(nommee(name, (which,))).unwrap();
            assert_eq!(found, make(which), "{name}");
        }
    }
    check("own", |which| match which {
        0 => own::Result::Ok((1, 2)),
        1 => own::Result::Err(3),
        _ => own::Result::Unknown,
    });
    check("generic", |which| match which {
        0 => own::generic::Result::Ok(1_u16),
        _ => own::generic::Result::Err(Some(which)),
    });
    check("tuple", |which| own::tuple::Result(which.into()));
    check("renamed", |which| match which {
        0 => own::Renamed::Ok("a".to_owned()),
        _ => own::Renamed::Err("b".to_owned()),
    });
    check("held", |which| own::Held(if which == 0 { Ok(1) } else { Err(2) }));
    check("option", |which| Some(if which == 0 { Ok::<u8, u8>(1) } else { Err(2) }));
    check("tuple_of", |which| (if which == 0 { Ok::<u8, u8>(1) } else { Err(2) },));
    check("boxed_own", |which| Box::new(own::generic::Result::<u8, u8>::Err(which)));
}

/// The standard library's is one wherever it is held, and however it is called.
#[test]
fn the_result_of_the_standard_library_is_one_by_any_name() {
    type Own<T> = Result<T, Faute>;
    let (serveur, client) = local();
    serveur
        .enregistrer_commande("fautive", |_, (a,): (i64,)| -> Own<i64> {
            if a < 0 { Err(Faute(a)) } else { Ok(a) }
        })
        .unwrap();
    assert_eq!(client.appeler(fautive { a: 1 }).unwrap(), 1);
    assert!(matches!(client.appeler(fautive { a: -1 }), Err(Erreur::Refus(Faute(-1)))));

    let (serveur, client) = local();
    serveur
        .enregistrer_commande("fautive", |_, (a,): (i64,)| -> Box<Own<i64>> {
            Box::new(if a < 0 { Err(Faute(a)) } else { Ok(a) })
        })
        .unwrap();
    assert_eq!(client.appeler(fautive { a: 1 }).unwrap(), 1);
    assert!(matches!(client.appeler(fautive { a: -1 }), Err(Erreur::Refus(Faute(-1)))));

    // The outer one is the command's, the inner one part of its value.
    serveur
        .enregistrer_commande("nested", |_, ()| -> Result<Own<u8>, Faute> { Ok(Err(Faute(5))) })
        .unwrap();
    let nested: Own<u8> = client.appeler(nommee("nested", ())).unwrap();
    assert_eq!(nested, Err(Faute(5)));
}
