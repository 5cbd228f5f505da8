//! Typed, two-way RPC over TCP: blocking, one thread per client, no async runtime.

mod client;
mod codec;
mod erreur;
#[cfg(test)]
mod golden;
mod lien;
mod octets;
mod serveur;
mod sync;
mod transport;
mod wire;

pub use client::Client;
pub use erreur::{Erreur, Jamais, Resultat};
pub use octets::{Octets, OctetsRef};
pub use serveur::Serveur;
