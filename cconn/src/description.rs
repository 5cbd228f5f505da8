//! What a program tells of itself: `cconn.ping`, `cconn.info`, `cconn.commandes`,
//! `cconn.chiffres`.
//!
//! Every program answers these commands, unless it switches them off
//! ([`OptionsServeur::integree`](crate::OptionsServeur::integree)). They work both ways, like all
//! commands, and a program of any language can call them by name. A caller is shown the commands
//! that the guards allow it ([`OptionsServeur::garde`](crate::OptionsServeur::garde), and
//! `garde = ..` of the attribute), also those that the hook `avant_commande` would refuse it.
//!
//! The description of a command holds everything that is needed to call it without its
//! declaration: names, the shapes of arguments and answer down to every field and variant, and
//! fingerprints. A type that refuses every made-up value is a [`Forme::Opaque`].
//!
//! # Examples
//!
//! ```
//! use cconn::{Serveur, commande, commandes, description};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Point {
//!     x: f64,
//!     y: f64,
//! }
//!
//! /// The point between two others.
//! #[commande]
//! fn milieu(a: Point, b: Point) -> Point {
//!     Point { x: (a.x + b.x) / 2.0, y: (a.y + b.y) / 2.0 }
//! }
//!
//! # fn main() -> cconn::Resultat<()> {
//! let serveur = Serveur::new(0)?;
//! serveur.enregistrer(commandes![milieu])?;
//! let client = serveur.client_local()?;
//!
//! let programme = description::commandes(&client)?;
//! let [milieu] = programme.commandes.as_slice() else { panic!() };
//! assert_eq!(milieu.nom, "milieu");
//! assert_eq!(milieu.doc, "The point between two others.");
//! assert_eq!(milieu.reponse.texte(&programme.types).to_string(), "Point");
//! let point = programme.types[0].texte(&programme.types).to_string();
//! assert_eq!(point, "{ x: f64, y: f64 }");
//! # Ok(())
//! # }
//! ```

mod ecarts;

use std::time::{Duration, Instant};

use crate::client::Client;
use crate::erreur::{NatureDistante, Resultat};
use crate::message::nommee;
use crate::wire::FailureCode;

pub use crate::commande::Integree;
pub use crate::forme::{
    Argument, Champ, Charge, Chiffres, CommandeChiffree, CommandeDecrite, ConnexionChiffree, Cote,
    Durees, Ecart, EchecsComptes, EnCours, Forme, Genre, Info, Programme, TypeNomme, Variante,
};
pub use ecarts::Ecarts;

/// Asks the peer whether it answers, and returns how long the answer took.
///
/// # Errors
///
/// Those of [`Client::appeler`]; [`Erreur::Distante`](crate::Erreur::Distante) if the peer has
/// switched the command off.
///
/// # Blocking
///
/// Until the answer comes, or the deadline of the handle passes.
///
/// # Examples
///
/// ```
/// use cconn::{Serveur, description};
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::new(0)?;
/// let client = serveur.client_local()?;
/// assert!(description::ping(&client)? < std::time::Duration::from_secs(30));
/// # Ok(())
/// # }
/// ```
#[doc(alias("latency", "health_check", "round_trip"))]
#[inline]
pub fn ping(client: &Client) -> Resultat<Duration> {
    let start = Instant::now();
    client.appeler::<(), _>(nommee(Integree::Ping.nom(), ()))?;
    Ok(start.elapsed())
}

/// Asks the peer what program it is.
///
/// # Errors
///
/// As [`ping`].
///
/// # Blocking
///
/// As [`ping`].
#[doc(alias("about", "version"))]
#[inline]
pub fn info(client: &Client) -> Resultat<Info> {
    client.appeler(nommee(Integree::Info.nom(), ()))
}

/// Asks the peer which commands it has.
///
/// # Errors
///
/// As [`ping`].
///
/// # Blocking
///
/// As [`ping`].
#[doc(alias("list", "describe", "reflection"))]
#[doc(alias = "commands")]
#[inline]
pub fn commandes(client: &Client) -> Resultat<Programme> {
    client.appeler(nommee(Integree::Inventaire.nom(), ()))
}

/// Asks the peer how it fares: how many clients it has, what is under way, and what it counts of the
/// commands that this side may call.
///
/// Commands are counted by a program that has asked for it
/// ([`compter`](crate::OptionsServeur::compter)); without that the rest is told.
///
/// # Errors
///
/// As [`ping`].
///
/// # Blocking
///
/// As [`ping`].
///
/// # Examples
///
/// ```
/// use cconn::{Serveur, description, nommee};
///
/// # fn main() -> cconn::Resultat<()> {
/// let serveur = Serveur::options(0).compter(true).ouvrir()?;
/// let client = serveur.client_local()?;
/// assert!(client.appeler::<(), _>(nommee("absente", ())).is_err());
/// let chiffres = description::chiffres(&client)?;
/// assert_eq!((chiffres.clients, chiffres.inconnues), (1, 1));
/// # Ok(())
/// # }
/// ```
#[doc(alias("stats", "metrics", "monitoring", "health"))]
#[doc(alias = "figures")]
#[inline]
pub fn chiffres(client: &Client) -> Resultat<Chiffres> {
    client.appeler(nommee(Integree::Chiffres.nom(), ()))
}

impl EchecsComptes {
    /// Why the commands failed.
    #[doc(alias("kind", "reason"))]
    #[inline]
    pub fn nature(&self) -> NatureDistante {
        NatureDistante::from_code(FailureCode::from_number(self.code))
    }
}

/// Gives this program a name and a version, for [`Info`]. The first call counts.
///
/// # Examples
///
/// ```
/// cconn::description::presenter(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
/// ```
#[doc(alias("set_name", "set_version"))]
#[doc(alias = "introduce")]
#[inline]
pub fn presenter(programme: &str, version: &str) {
    crate::commande::present(programme, version);
}
