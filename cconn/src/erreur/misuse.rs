//! Misuse: errors that only a change of the program removes, whatever the peer and the system do.

use std::fmt;

use thiserror::Error;

use crate::text::{Harmless, counted, verb};

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
    /// One of the [`mandataires`](crate::OptionsServeur::mandataires) is no address that a proxy may
    /// connect from.
    #[error(
        "`mandataires`: `{}` is not where a proxy connects from: {}; it takes an address or a \
         network, as in `10.0.0.5` or `10.0.0.0/8`, or `unix:`",
        Harmless(quoi),
        Harmless(texte)
    )]
    #[doc(alias = "BadProxy")]
    #[non_exhaustive]
    Mandataire {
        /// The text as given.
        quoi: Box<str>,
        /// What is wrong with it.
        texte: Box<str>,
    },
    /// A certificate, a key or a name that was given for encryption is of no use.
    #[error("encryption: {}: {}", Harmless(quoi), Harmless(texte))]
    #[doc(alias("BadCertificate", "BadKey"))]
    #[doc(alias = "Encryption")]
    #[non_exhaustive]
    Chiffrement {
        /// What is of no use.
        quoi: Box<str>,
        /// What is wrong with it.
        texte: Box<str>,
    },
    /// A secret is of no use.
    #[error("{}: {}", Harmless(quoi), Harmless(texte))]
    #[doc(alias("ShortKey", "WeakKey"))]
    #[non_exhaustive]
    Secret {
        /// Which secret.
        quoi: Box<str>,
        /// What is wrong with it.
        texte: Box<str>,
    },
    /// The baggage of a [`Contexte`](crate::contexte::Contexte) is too long.
    #[error("the baggage takes {taille} bytes, and at most {limite} travel with a command")]
    #[doc(alias = "BaggageTooLong")]
    #[non_exhaustive]
    BagageTropLong {
        /// Its length, in bytes.
        taille: usize,
        /// The most that travels, in bytes.
        limite: usize,
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
    /// A client that is none of a server's was to enter one of its groups.
    #[error("{lien} is no client of this server: only its own clients enter its groups")]
    #[doc(alias = "OtherServer")]
    #[non_exhaustive]
    AutreServeur {
        /// The connection.
        lien: Box<str>,
    },
    /// Commands are handed state or sessions that the program has not given. All that is missing is
    /// listed.
    #[error("{lien}: {}", missing(manques))]
    #[doc(alias = "MissingState")]
    #[non_exhaustive]
    Manques {
        /// The connection or the server.
        lien: Box<str>,
        /// What is missing.
        manques: Box<[Manque]>,
    },
    /// A value of that type was given already as state, or a session of that type declared.
    #[error(
        "a value of the type `{quoi}` is there already; of two values of one type make two types: \
         `struct Autre({quoi});`"
    )]
    #[doc(alias = "DuplicateState")]
    #[non_exhaustive]
    EtatDouble {
        /// The type, without the paths in it.
        quoi: Box<str>,
    },
    /// The connection has a session of that type already.
    #[error(
        "{lien}: a session `{quoi}` is open there already, and stays until the connection ends; keep \
         what changes in a lock or an atomic inside it"
    )]
    #[doc(alias = "SessionOpen")]
    #[non_exhaustive]
    SessionOuverte {
        /// The connection.
        lien: Box<str>,
        /// The type, without the paths in it.
        quoi: Box<str>,
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

/// State or a session that commands are handed and the program has not given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "Missing")]
#[non_exhaustive]
pub struct Manque {
    /// The type of the value, without the paths in it: `Mutex<Compte>`.
    pub quoi: Box<str>,
    /// Whether the commands take it as a session, else as state.
    pub session: bool,
    /// The commands that take it.
    pub commandes: Box<[Box<str>]>,
    /// What is there and was most likely meant.
    pub proche: Option<Box<str>>,
}

/// The largest number of commands that an error names for one missing value.
const NAMED: usize = 5;

impl fmt::Display for Manque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Manque { quoi, session, commandes, proche } = self;
        let more = commandes.len().saturating_sub(NAMED);
        let named = commandes.len() - more;
        for (at, commande) in commandes.iter().take(NAMED).enumerate() {
            let before = match at {
                0 => "",
                _ if at + 1 == named && more == 0 => " and ",
                _ => ", ",
            };
            write!(f, "{before}`{}`", Harmless(commande))?;
        }
        if more > 0 {
            write!(f, " and {}", counted(more, "other"))?;
        }
        let the = if *session { "the session " } else { "" };
        write!(f, " {} {the}`{quoi}`", verb(commandes.len(), "wants", "want"))?;
        match proche {
            Some(proche) => write!(f, ", there is {proche}"),
            None if *session => f.write_str(
                ": implement `Default` for its type, or make it with `OptionsServeur::session`, or \
                 open it with `Client::ouvrir_session`, in a command if `session_plus_tard` says so",
            ),
            None => f.write_str(": give its value with `fournir` before the commands run"),
        }
    }
}

fn missing(manques: &[Manque]) -> String {
    let texts: Vec<_> = manques.iter().map(Manque::to_string).collect();
    texts.join("; ")
}

fn range(minimum: &str, maximum: Option<&str>) -> String {
    match maximum {
        Some(maximum) => format!("from {minimum} to {maximum}"),
        None => format!("at least {minimum}"),
    }
}
