#![deny(warnings, missing_docs, missing_debug_implementations, missing_copy_implementations)]
#![deny(unreachable_pub, unused_qualifications, rust_2018_idioms, elided_lifetimes_in_paths)]
#![deny(single_use_lifetimes, let_underscore_drop, unused_results, variant_size_differences)]
#![cfg_attr(
    not(clippy),
    deny(clippy::all, clippy::pedantic, clippy::nursery, clippy::missing_docs_in_private_items)
)]
//! Levels of lints go where the code goes: what builds as a function builds as a command.

use cconn::{Client, commande, commandes};
use serde::{Deserialize, Serialize};

/// Gone.
#[deprecated]
#[derive(Serialize, Deserialize, Debug, Clone, Copy)]
pub struct Ancien {
    /// A number.
    pub x: i64,
}

#[commande]
#[allow(deprecated)]
fn permis(a: Ancien) -> Vec<Ancien> {
    vec![a]
}

#[allow(deprecated, reason = "it is old")]
#[commande]
fn permis_avant(a: &[Ancien]);

#[commande]
#[expect(deprecated)]
fn attendu(a: Ancien) -> i64 {
    a.x
}

#[commande]
#[cfg_attr(all(), expect(deprecated, reason = "it is old"), inline)]
fn attendu_sous_condition(a: Option<Ancien>) -> Option<i64> {
    a.map(|a| a.x)
}

#[commande]
fn sur_un_argument(
    #[allow(unused_variables)]
    /// It is a number.
    a: i64,
    #[cfg_attr(all(), expect(unused_variables))] b: u8,
) -> i64 {
    7
}

#[commande]
#[expect(unused_variables, reason = "taken for its type")]
fn inutilise(a: i64) {}

#[commande]
#[expect(non_snake_case)]
fn pasSerpent(argumentUn: i64) -> i64 {
    argumentUn
}

#[commande]
#[allow(dead_code)]
fn pas_encore_appelee() {}

#[commande]
#[deny(unused)]
#[forbid(unsafe_code)]
#[warn(missing_docs)]
fn severe(a: i64) -> i64 {
    a
}

#[commande]
#[deprecated(since = "1", note = "add it up yourself")]
fn vieille(a: i64) -> i64 {
    a
}

#[allow(deprecated)]
mod anciens {
    //! Under a level of the module's.

    #[cconn::commande]
    pub(crate) fn dedans(a: super::Ancien) -> i64 {
        a.x
    }
}

/// A module of commands, of which one is old.
#[commande]
pub mod calcul {
    use cconn::commande;

    /// Old.
    #[deprecated]
    #[commande]
    pub fn somme(a: i64, b: i64) -> i64 {
        a + b
    }

    /// Inside.
    pub mod plus_profond {
        /// Takes what is old.
        #[cconn::commande]
        #[allow(deprecated)]
        pub fn prend(a: crate::Ancien) -> i64 {
            a.x
        }
    }
}

#[commande]
#[must_use]
#[allow(clippy::ptr_arg, clippy::needless_pass_by_value)]
fn must(c: &Client, s: String, v: Vec<u8>) -> usize {
    let _ = c;
    s.len() + v.len()
}

fn main() {
    let (serveur, client) = cconn_tests::local();
    serveur
        .enregistrer(commandes![
            permis,
            attendu,
            attendu_sous_condition,
            sur_un_argument,
            inutilise,
            pasSerpent,
            severe,
            anciens::dedans,
            must
        ])
        .unwrap();
    #[allow(deprecated)]
    serveur.enregistrer(commandes![vieille]).unwrap();
    serveur.enregistrer(calcul::commandes()).unwrap();
    assert_eq!(client.appeler(severe { a: 3 }).unwrap(), 3);
    #[allow(deprecated)]
    let _unsent = permis_avant { a: &[Ancien { x: 1 }] };
}
