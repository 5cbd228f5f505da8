//! Misuse: errors that only a change of the program removes, whatever the peer and the system do.

use thiserror::Error;

use crate::text::Harmless;

/// The program asked for something impossible. Nothing was begun, and every connection is as it
/// was.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias("Misuse", "InvalidInput"))]
#[non_exhaustive]
pub enum Usage {
    /// A setting is out of its range: an error of `connecter` or `ouvrir`.
    #[error("`{reglage}` is {valeur}, and must be {}", range(minimum, maximum.as_deref()))]
    #[doc(alias = "Setting")]
    #[non_exhaustive]
    Reglage {
        /// The method that sets it.
        reglage: &'static str,
        /// The value that it was set to.
        valeur: Box<str>,
        /// The smallest value that it may have.
        minimum: Box<str>,
        /// The largest value that it may have; `None` if there is no upper bound.
        maximum: Option<Box<str>>,
    },
    /// `lancer` runs already for this connection or server.
    #[error(
        "{lien}: `lancer` runs already; on a server, one `Serveur::lancer` runs the commands of every client"
    )]
    #[doc(alias = "AlreadyRunning")]
    #[non_exhaustive]
    DejaLance {
        /// The connection or the server.
        lien: Box<str>,
    },
    /// The connection runs its commands on a thread of its own already, since
    /// [`ecouter`](crate::Client::ecouter).
    #[error(
        "{lien}: it listens by itself since `ecouter`, which is called once and takes the place of `lancer`"
    )]
    #[doc(alias = "AlreadyListening")]
    #[non_exhaustive]
    DejaEcoute {
        /// The connection.
        lien: Box<str>,
    },
    /// `ecouter` was called from inside a command or a hook of its own connection.
    #[error(
        "{lien}: `ecouter` was called from inside a command or a hook of its own; call it where the client is made"
    )]
    #[doc(alias = "ListenInsideCommand")]
    #[non_exhaustive]
    EcouterDansUneCommande {
        /// The connection.
        lien: Box<str>,
    },
    /// `lancer` was called from inside a command or a hook of the very connection or server that it
    /// would run.
    #[error(
        "{lien}: `lancer` was called from inside a command or a hook of its own; give it a thread"
    )]
    #[doc(alias = "RunInsideCommand")]
    #[non_exhaustive]
    LancerDansUneCommande {
        /// The connection or the server.
        lien: Box<str>,
    },
    /// The program registered commands on one client of a server, and not on the server.
    #[error("{lien} belongs to a server: register its commands there, with `Serveur::enregistrer`")]
    #[doc(alias = "CommandsOfServer")]
    #[non_exhaustive]
    CommandesDuServeur {
        /// The connection.
        lien: Box<str>,
    },
    /// The answer of a deferred call was claimed before.
    #[error("command `{}` on {lien}: its answer was claimed already", Harmless(commande))]
    #[doc(alias = "AlreadyClaimed")]
    #[non_exhaustive]
    DejaReclamee {
        /// The command's name.
        commande: Box<str>,
        /// The connection.
        lien: Box<str>,
    },
}

fn range(minimum: &str, maximum: Option<&str>) -> String {
    match maximum {
        Some(maximum) => format!("from {minimum} to {maximum}"),
        None => format!("at least {minimum}"),
    }
}
