//! Typed, two-way RPC over TCP: blocking, one thread per client, no async runtime.

mod sync;

mod codec;
mod octets;
mod transport;
mod wire;

mod lien;

mod erreur;
mod message;

mod client;
mod commande;
mod connexion;
mod handshake;
mod serveur;

#[doc(hidden)]
pub mod __prive;
#[cfg(test)]
mod golden;

#[doc = include_str!("commande/attribut.md")]
#[doc(alias = "command")]
pub use cconn_macros::commande;

pub use client::{Attente, Client};
pub use commande::{
    Arguments, Commande, Commandes, Entree, Partout, Rendu, ServeurSeul, SurClient,
};
pub use connexion::{OptionsClient, VersAdresse};
pub use erreur::{
    Codage, Delai, Distante, EchecConnexion, Enregistrement, Erreur, Fermee, Jamais,
    NatureDistante, NonEnvoyee, Phase, RaisonFin, RaisonNonEnvoi, Resultat,
};
pub use message::{Appel, Ecrivain, ErreurCodec, Message, Nommee, Parametres, Refus, Tete, nommee};
pub use octets::{Octets, OctetsRef};
pub use serveur::{Diffusion, OptionsServeur, Serveur};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
