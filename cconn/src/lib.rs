//! Typed, two-way RPC over TCP: blocking, one thread per client, no async runtime.
//!
//! ```
//! use cconn::{Resultat, Serveur, commande, commandes};
//!
//! #[commande]
//! fn somme(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! fn main() -> Resultat<()> {
//!     let serveur = Serveur::new(0)?; // any free port
//!     serveur.enregistrer(commandes![somme])?;
//!     let client = serveur.client_local()?; // elsewhere: `Client::new("127.0.0.1:12800")?`
//!     assert_eq!(client.appeler(somme { a: 12, b: 34 })?, 46);
//!     client.eteindre()
//! }
//! ```
//!
//! # Features
//!
//! None is on by default; the guide has a page on each.
//!
//! - `tls`: encrypted connections.
//! - `secret`: peers that prove to each other that they know a secret.
//! - `tracing`: a span for each connection, command and call, for the program's subscriber.
//! - `metrics`: counters, gauges and histograms, for the program's recorder.
//!
//! # Where to begin
//!
//! Start with [`macro@commande`], [`Serveur`] and [`Client`], whose page lists the verbs. English
//! words find the French names: search for "send". The guide is in `docs/guide` of the repository.

#[cfg(not(any(unix, windows)))]
compile_error!("cconn needs sockets and threads: it runs on Unix systems and on Windows");

mod copy;
mod order;
mod sync;
mod table;
mod text;

mod adresse;
pub mod identite;

mod body;
mod codec;
mod forme;
mod octets;
mod proxy;
mod transport;
mod wire;

mod boite;
mod preuve;

mod link;

pub mod erreur;
pub mod flux;
mod message;

pub mod contexte;

mod client;
mod commande;
mod connexion;
pub mod crochets;
pub mod description;
pub mod essais;
mod handshake;
pub mod local;
pub mod persistant;
pub mod salon;
#[cfg(feature = "secret")]
pub mod secret;
mod serveur;
#[cfg(feature = "tls")]
pub mod tls;
pub mod traits;
mod unwind;

#[doc(hidden)]
pub mod __prive;
#[cfg(test)]
mod golden;

#[doc = include_str!("commande/schema.md")]
#[doc(alias("open", "evolution", "forward_compatible", "unknown", "default"))]
#[doc(alias = "schema")]
pub use cconn_macros::Schema;
#[doc = include_str!("commande/attribut.md")]
#[doc(alias = "command")]
#[doc(alias("handler", "endpoint", "function", "procedure", "rpc"))]
pub use cconn_macros::commande;

pub use adresse::Adresse;
pub use client::{Attente, Client, ClientFaible};
pub use commande::{Commandes, Etat, Promesse, Session};
pub use connexion::OptionsClient;
#[doc(inline)]
pub use erreur::{Erreur, Resultat};
pub use message::nommee;
pub use octets::{Octets, OctetsRef};
pub use serveur::{Diffusion, OptionsServeur, Serveur, ServeurFaible};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
