//! Typed, two-way RPC over TCP: blocking, one thread per client, no async runtime.
//!
//! Either side of a connection registers *commands*, either side sends them to the other. A
//! command is a function, and a message of the same name whose fields are its arguments.
//!
//! ```
//! use cconn::{Client, Resultat, Serveur, commande, commandes};
//!
//! #[commande] // the server has this one: it answers with a message
//! fn ping(client: &Client, mot: &str) -> Resultat<()> {
//!     client.envoyer(pong { mot })
//! }
//!
//! #[commande] // the client has this one
//! fn pong(mot: &str) {
//!     assert_eq!(mot, "bonjour");
//! }
//!
//! #[commande]
//! fn somme(a: i64, b: i64) -> i64 {
//!     a + b
//! }
//!
//! fn main() -> Resultat<()> {
//!     let serveur = Serveur::new(0)?; // any free port
//!     serveur.enregistrer(commandes![ping, somme])?;
//!     let adresse = serveur.adresse();
//!     std::thread::spawn(move || serveur.lancer());
//!
//!     let client = Client::new(adresse)?; // in a program of its own: "127.0.0.1:12800"
//!     client.enregistrer(commandes![pong])?;
//!     assert_eq!(client.appeler(somme { a: 12, b: 34 })?, 46);
//!     client.envoyer(ping { mot: "bonjour" })?;
//!     client.eteindre() // what was sent is still handled
//! }
//! ```
//!
//! The names are French; each is found by its English words, and `docs/NAMES.md` in the repository
//! lists them both ways.
//!
//! | to | write |
//! |---|---|
//! | make commands callable | [`enregistrer`](Client::enregistrer)`(commandes![a, b])`, see [`commande`](macro@commande) and [`commandes!`] |
//! | send, with no answer | [`envoyer`](Client::envoyer) |
//! | send, and wait for the answer | [`appeler`](Client::appeler) |
//! | send, and wait later | [`differer`](Client::differer), which gives an [`Attente`] |
//! | send to every client | [`diffuser`](Serveur::diffuser) |
//! | run what the other side asks for | [`Serveur::lancer`], [`Client::lancer`] |
//! | stop in order, or at once | [`eteindre`](Client::eteindre), [`close`](Client::close) |
//! | set deadlines and limits | [`Client::options`], [`Serveur::options`], [`avec_delai`](Client::avec_delai) |
//! | do without the macro | [`nommee`], [`enregistrer_commande`](Client::enregistrer_commande) |
//! | test without a socket | [`client_local`](Serveur::client_local) |
//!
//! A call ends with an answer or an [`Erreur`], which says whether the connection lives
//! ([`est_fatale`](Erreur::est_fatale)) and whether the command may have run
//! ([`a_pu_etre_executee`](Erreur::a_pu_etre_executee)). Every wait has a deadline.
//!
//! # Deadlocks that remain possible
//!
//! A command may call the side that waits for it, to any depth up to a limit: while it waits, the
//! next command of its connection may start. Three things can still wait for their deadline:
//!
//! - A command that needs a lock of the program's which its caller holds across the call. Release
//!   locks before calling; the same goes for all that only the waiting thread can do.
//! - A client that neither runs [`lancer`](Client::lancer) nor waits for an answer runs nothing of
//!   what the server asks. Give `lancer` a thread.
//! - A command that stops what it is part of: inside it `eteindre` only begins the stop.

mod copy;
mod sync;
mod text;

mod body;
mod codec;
mod octets;
mod transport;
mod wire;

mod link;

mod erreur;
mod message;

mod client;
mod commande;
mod connexion;
mod handshake;
mod serveur;
mod unwind;

#[doc(hidden)]
pub mod __prive;
#[cfg(test)]
mod golden;

#[doc = include_str!("commande/attribut.md")]
#[doc(alias = "command")]
#[doc(alias("handler", "endpoint", "function", "procedure", "rpc"))]
pub use cconn_macros::commande;

pub use client::{Attente, Client, ClientFaible};
#[doc(hidden)]
pub use commande::OwnedArgument;
pub use commande::{
    Arguments, Commande, Commandes, Entree, Liste, Partout, Rendu, ServeurSeul, SurClient,
};
pub use connexion::{OptionsClient, VersAdresse};
pub use erreur::{
    Codage, CommandeEchouee, Delai, Distante, EchecConnexion, Enregistrement, Erreur, Etape,
    Fermee, Jamais, NatureDistante, NonEnvoyee, Phase, RaisonFin, RaisonNonEnvoi, Resultat,
};
pub use message::{
    Appel, Ecrivain, ErreurCodec, Lecteur, Message, Nommee, Parametres, Refus, Tete, nommee,
};
pub use octets::{Octets, OctetsRef};
pub use serveur::{Diffusion, OptionsServeur, Serveur, ServeurFaible};

/// The README's example compiles and runs.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
