//! Why a connection could not be made.

use std::error::Error;
use std::{fmt, io};

use crate::link::lost;
use crate::text::Harmless;
use crate::transport::NatureTls;

/// An address as it was given, safe to show: it may be empty or come from anywhere.
fn shown(adresse: &str) -> impl fmt::Display {
    Harmless(if adresse.is_empty() { "\"\"" } else { adresse })
}

/// Listening or connecting failed.
#[derive(Debug, thiserror::Error)]
#[doc(alias = "ConnectError")]
#[non_exhaustive]
pub enum EchecConnexion {
    /// The address can't be listened on.
    #[error("can't listen on {}: {cause}", shown(adresse))]
    #[non_exhaustive]
    #[doc(alias = "Listen")]
    Ecoute {
        /// The address as given.
        adresse: Box<str>,
        /// What the system said.
        cause: io::Error,
    },
    /// The address is not valid, or nothing listens there.
    #[error("can't connect to {}: {cause}", shown(adresse))]
    #[non_exhaustive]
    #[doc(alias = "Connect")]
    Connexion {
        /// The address as given.
        adresse: Box<str>,
        /// What the system said.
        cause: io::Error,
    },
    /// The server has as many clients as it takes.
    #[error("no connection with {adresse}: {}", Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias = "Full")]
    Complet {
        /// The server's address.
        adresse: Box<str>,
        /// What the server said.
        texte: Box<str>,
    },
    /// The server refuses for another reason.
    #[error("no connection with {adresse}: {}", Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias = "Refused")]
    Refusee {
        /// The server's address.
        adresse: Box<str>,
        /// What the server said.
        texte: Box<str>,
    },
    /// The other side does not speak this protocol, or speaks another version of it.
    #[error("{adresse} is not a peer to talk to: {}", Harmless(texte))]
    #[non_exhaustive]
    Incompatible {
        /// The other side's address.
        adresse: Box<str>,
        /// What is wrong with the other side's greeting.
        texte: Box<str>,
    },
    /// No thread could be started on which the connection would listen; the connection lives.
    #[error("{lien} can't listen by itself, no thread could be had: {cause}")]
    #[non_exhaustive]
    #[doc(alias = "NoThread")]
    SansThread {
        /// The connection.
        lien: Box<str>,
        /// What the system said.
        cause: io::Error,
    },
    /// No encrypted connection came about, or one side wants encryption and the other has none.
    #[error("no encrypted connection with {adresse}: {}", Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias = "Encryption")]
    Tls {
        /// The other side's address.
        adresse: Box<str>,
        /// What is wrong.
        nature: NatureTls,
        /// What is wrong, and what to do.
        texte: Box<str>,
    },
    /// A secret was not proved.
    #[error("{adresse} is not let in, or not believed: {}", Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias = "Unauthenticated")]
    Secret {
        /// The other side's address.
        adresse: Box<str>,
        /// What is wrong.
        nature: NatureSecret,
        /// What is wrong, and what to do.
        texte: Box<str>,
    },
    /// The other side is another program than this one expects, or another version or build of it:
    /// see [`programme`](crate::OptionsClient::programme). No command has run.
    #[error("{adresse} is not the program that was meant: {}", Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias("VersionSkew", "Mismatch"))]
    #[doc(alias = "OtherProgram")]
    AutreProgramme {
        /// The other side's address.
        adresse: Box<str>,
        /// Which program either side is.
        texte: Box<str>,
    },
    /// A server and the proxy in front of it do not agree: a PROXY header is missing, is not good,
    /// or comes from an address that is not one of
    /// [`mandataires`](crate::OptionsServeur::mandataires). No command has run.
    #[error("{adresse} is not let in, or not reached: {}", Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias = "Proxy")]
    Mandataire {
        /// The other side's address.
        adresse: Box<str>,
        /// What is wrong, and what to do.
        texte: Box<str>,
    },
    /// The program that was started as a server did not become one.
    #[error("no server at {adresse}: `{}` {}", Harmless(programme), Harmless(texte))]
    #[non_exhaustive]
    #[doc(alias = "Launch")]
    Lancement {
        /// The server's address.
        adresse: Box<str>,
        /// The program.
        programme: Box<str>,
        /// What became of it: that it could not be started, or how it ended and the last of what it
        /// wrote to its standard error.
        texte: Box<str>,
    },
    /// The stream broke during the greeting.
    #[error("the connection to {adresse} broke during the greeting: {}", lost(cause))]
    #[non_exhaustive]
    #[doc(alias = "Handshake")]
    Accueil {
        /// The other side's address.
        adresse: Box<str>,
        /// What the system said.
        cause: io::Error,
    },
}

/// What is wrong with the proof of a secret.
#[doc(alias("AuthenticationError", "Unauthorized"))]
#[doc(alias = "SecretErrorKind")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NatureSecret {
    /// One side wants a secret proved, and the other side has none.
    #[doc(alias = "Missing")]
    Absent,
    /// Both sides have secrets, but none in common.
    #[doc(alias = "Unknown")]
    Inconnu,
    /// The proof is wrong: bytes were changed on their way, or somebody only pretends to know the
    /// secret.
    #[doc(alias = "Wrong")]
    Faux,
}

impl EchecConnexion {
    /// The source of the cause. The cause itself is part of the text.
    pub(super) fn behind_cause(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            EchecConnexion::Ecoute { cause, .. }
            | EchecConnexion::Connexion { cause, .. }
            | EchecConnexion::SansThread { cause, .. }
            | EchecConnexion::Accueil { cause, .. } => cause.source(),
            _ => None,
        }
    }
}
