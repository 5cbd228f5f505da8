//! Two versions of a program: what they understand of each other, and what is said otherwise.

#![allow(clippy::needless_pass_by_value, reason = "a command owns what it is handed")]
#![allow(clippy::unnecessary_wraps, reason = "that is what is tried")]

mod alias;
mod contrat;
mod formes;
mod integrees;
mod ouverts;
mod rapport;
mod table;
mod types;

use std::fmt::Debug;

use cconn::erreur::{Distante, NatureDistante};
use cconn::{Erreur, Resultat};

/// The error of a command that the peer did not run because its signature is another there.
#[track_caller]
fn refused<T: Debug, E: Debug>(outcome: Result<T, Erreur<E>>) -> Distante {
    match outcome {
        Err(Erreur::Distante(why)) if why.nature == NatureDistante::Signature => *why,
        other => panic!("{other:?}"),
    }
}

/// The kind of failure of a command at the peer.
#[track_caller]
fn nature<T: Debug>(outcome: Resultat<T>) -> NatureDistante {
    match outcome {
        Err(Erreur::Distante(why)) => why.nature,
        other => panic!("{other:?}"),
    }
}
