//! What each error says.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use thiserror::Error;

use crate::wire::{EndReason, FailureCode};

/// The peer could not run a command, or the command failed there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("command `{commande}` on {lien}: {}{}", nature.text(), detail(texte))]
#[doc(alias = "Remote")]
#[non_exhaustive]
pub struct Distante {
    /// The command's name.
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    /// What happened there.
    pub nature: NatureDistante,
    /// What the peer says of it, for a person to read; may be empty.
    pub texte: Box<str>,
}

fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {text}") }
}

/// What happened to a command at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "RemoteKind")]
#[non_exhaustive]
pub enum NatureDistante {
    /// No command of that name is registered there. It did not run.
    Inconnue,
    /// It has another signature there. It did not run.
    Signature,
    /// Its arguments could not be decoded there. It did not run.
    Arguments,
    /// It panicked.
    Panique,
    /// It returned an error, whose text this error carries.
    Echec,
    /// It ran, but its answer is larger than a frame may be.
    ReponseTropGrande,
    /// It ran, but its answer could not be encoded.
    ReponseNonCodable,
    /// No thread could be had for it. It did not run.
    SansRessources,
    /// It ran, but too many unclaimed answers wait on this side.
    ReponsePerdue,
    /// The connection was closed while it ran.
    Fermee,
}

impl NatureDistante {
    pub(crate) fn from_code(code: FailureCode) -> Self {
        match code {
            FailureCode::UnknownCommand => NatureDistante::Inconnue,
            FailureCode::Signature => NatureDistante::Signature,
            FailureCode::Arguments => NatureDistante::Arguments,
            FailureCode::Panic => NatureDistante::Panique,
            FailureCode::Handler => NatureDistante::Echec,
            FailureCode::AnswerTooLarge => NatureDistante::ReponseTropGrande,
            FailureCode::AnswerEncoding => NatureDistante::ReponseNonCodable,
            FailureCode::NoResources => NatureDistante::SansRessources,
            FailureCode::AnswerDropped => NatureDistante::ReponsePerdue,
            FailureCode::Closed => NatureDistante::Fermee,
        }
    }

    /// Whether the command may have run.
    pub(crate) fn may_have_run(self) -> bool {
        !matches!(
            self,
            NatureDistante::Inconnue
                | NatureDistante::Signature
                | NatureDistante::Arguments
                | NatureDistante::SansRessources
        )
    }

    fn text(self) -> &'static str {
        match self {
            NatureDistante::Inconnue => "the peer has no such command",
            NatureDistante::Signature => "the peer's command has another signature",
            NatureDistante::Arguments => "the peer could not decode the arguments",
            NatureDistante::Panique => "it panicked at the peer",
            NatureDistante::Echec => "it failed at the peer",
            NatureDistante::ReponseTropGrande => "it ran, but its answer is too large to send",
            NatureDistante::ReponseNonCodable => "it ran, but its answer could not be encoded",
            NatureDistante::SansRessources => "not run: the peer could not start a thread for it",
            NatureDistante::ReponsePerdue => {
                "it ran, but its answer was not kept; claim deferred answers sooner"
            }
            NatureDistante::Fermee => "the peer closed the connection while it ran",
        }
    }
}

/// A message was not sent, by a rule of this side.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("command `{commande}` was not sent on {lien}: {raison}")]
#[doc(alias = "NotSent")]
#[non_exhaustive]
pub struct NonEnvoyee {
    /// The command's name.
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    /// The rule.
    pub raison: RaisonNonEnvoi,
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[doc(alias = "NotSentReason")]
#[non_exhaustive]
pub enum RaisonNonEnvoi {
    /// Larger than the peer accepts.
    #[error(
        "it takes {taille} bytes, and the peer accepts at most {limite}; \
         send it in parts, or raise `taille_max` on the other side"
    )]
    TropGrande {
        /// Size of the frame, bytes.
        taille: usize,
        /// Limit of the peer, bytes.
        limite: usize,
    },
    /// Calls inside calls, deeper than the limit.
    #[error("it would be nested more than {limite} deep")]
    TropProfonde {
        /// Deepest level.
        limite: usize,
    },
    /// So many commands of one connection wait for a peer that no further one may.
    #[error("{limite} commands of this connection wait for a peer already")]
    TropDAttentes {
        /// Most that may wait.
        limite: usize,
    },
    /// So many calls are without an answer that no further one may start.
    #[error("{limite} calls wait for their answers already; claim some first")]
    TropDAppels {
        /// Most that may be under way.
        limite: usize,
    },
    /// The peer's window or the outbox is full, and a broadcast does not wait.
    #[error("the peer does not keep up")]
    SansPlace,
    /// The connection is being stopped, by this side or the other.
    #[error("the connection is being stopped")]
    Arret,
}

/// A deadline passed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias = "Timeout")]
#[non_exhaustive]
pub struct Delai {
    /// What was waited for.
    pub phase: Phase,
    /// How long.
    pub delai: Duration,
    /// The command, if it was about one.
    pub commande: Option<Box<str>>,
    /// The connection.
    pub lien: Box<str>,
    /// Whether the command may have run.
    pub a_pu_etre_executee: bool,
}

impl fmt::Display for Delai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(commande) = &self.commande {
            write!(f, "command `{commande}` on {}: ", self.lien)?;
        } else {
            write!(f, "{}: ", self.lien)?;
        }
        write!(f, "{} after {:?}", self.phase.text(), self.delai)?;
        match (&self.commande, self.a_pu_etre_executee) {
            (Some(_), true) => f.write_str(" (it may have run)"),
            (Some(_), false) => f.write_str(" (it was not sent)"),
            (None, _) => Ok(()),
        }
    }
}

/// What a deadline was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Connecting.
    Connexion,
    /// The greeting of the other side.
    Accueil,
    /// Room in the peer's window.
    Fenetre,
    /// The answer.
    Reponse,
    /// An orderly stop.
    Arret,
}

impl Phase {
    pub(super) fn ends_connection(self) -> bool {
        !matches!(self, Phase::Fenetre | Phase::Reponse)
    }

    fn text(self) -> &'static str {
        match self {
            Phase::Connexion => "no connection",
            Phase::Accueil => {
                "connected, but no greeting came; is `lancer` running there, is it a cconn server?"
            }
            Phase::Fenetre => "the peer did not take up earlier commands",
            Phase::Reponse => "no answer",
            Phase::Arret => "the orderly stop was not finished, and the connection was cut",
        }
    }
}

/// The connection has ended.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias = "Closed")]
#[non_exhaustive]
pub struct Fermee {
    /// The command that was under way or to be sent, if it is about one.
    pub commande: Option<Box<str>>,
    /// The connection.
    pub lien: Box<str>,
    /// Why it ended.
    pub raison: RaisonFin,
    /// What is known beyond the reason, for a person to read; may be empty.
    pub texte: Box<str>,
    /// Whether the command may have run.
    pub a_pu_etre_executee: bool,
}

impl fmt::Display for Fermee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(commande) = &self.commande {
            write!(f, "command `{commande}`: ")?;
        }
        write!(f, "the connection {} has ended: {}", self.lien, self.raison)?;
        f.write_str(&detail(&self.texte))?;
        match (&self.commande, self.a_pu_etre_executee) {
            (Some(_), true) => f.write_str(" (the command may have run)"),
            (Some(_), false) => f.write_str(" (the command was not sent)"),
            (None, _) => Ok(()),
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[doc(alias = "EndReason")]
#[non_exhaustive]
pub enum RaisonFin {
    /// Both sides said goodbye.
    #[error("it was stopped in an orderly way")]
    Terminee,
    /// This program called `close`.
    #[error("this side closed it")]
    FermeeIci,
    /// The peer's program called `close`.
    #[error("the peer closed it")]
    FermeeParLePair,
    /// The stream ended or broke without a goodbye.
    #[error("it was cut without a goodbye")]
    Coupee,
    /// The peer took no bytes for the whole write deadline.
    #[error("one side took no bytes for the whole write deadline")]
    PairLent,
    /// A frame was begun and not finished in its time.
    #[error("a message was begun and not finished in its time")]
    TrameLente,
    /// Bytes that break the protocol.
    #[error("bytes came that break the protocol")]
    Protocole,
    /// The grace period of a stop ran out.
    #[error("the grace period of an orderly stop ran out")]
    DelaiDeGrace,
}

impl RaisonFin {
    pub(crate) fn from_reason(reason: EndReason, here: bool) -> Self {
        match reason {
            EndReason::Finished => RaisonFin::Terminee,
            EndReason::Closed if here => RaisonFin::FermeeIci,
            EndReason::Closed => RaisonFin::FermeeParLePair,
            EndReason::SlowPeer => RaisonFin::PairLent,
            EndReason::SlowFrame => RaisonFin::TrameLente,
            EndReason::GraceOver => RaisonFin::DelaiDeGrace,
            EndReason::NotCconn
            | EndReason::Version
            | EndReason::Protocol
            | EndReason::FrameTooLarge
            | EndReason::Window
            | EndReason::Codec => RaisonFin::Protocole,
        }
    }
}

/// Listening or connecting failed.
#[derive(Debug, Error)]
#[doc(alias = "ConnectError")]
#[non_exhaustive]
pub enum EchecConnexion {
    /// The address can't be listened on.
    #[error("can't listen on {adresse}: {cause}")]
    #[non_exhaustive]
    Ecoute {
        /// The address as given.
        adresse: Box<str>,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The address is none, or nobody listens there.
    #[error("can't connect to {adresse}: {cause}")]
    #[non_exhaustive]
    Connexion {
        /// The address as given.
        adresse: Box<str>,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// The server has as many clients as it takes.
    #[error("{adresse} refuses: {texte}")]
    #[non_exhaustive]
    Complet {
        /// The server's address.
        adresse: Box<str>,
        /// What it says.
        texte: Box<str>,
    },
    /// The server refuses for another reason.
    #[error("{adresse} refuses: {texte}")]
    #[non_exhaustive]
    Refusee {
        /// The server's address.
        adresse: Box<str>,
        /// What it says.
        texte: Box<str>,
    },
    /// The other side does not speak this protocol, or another version of it.
    #[error("{adresse} is not a peer to talk to: {texte}")]
    #[non_exhaustive]
    Incompatible {
        /// The other side's address.
        adresse: Box<str>,
        /// What is wrong with its greeting.
        texte: Box<str>,
    },
    /// The stream broke during the greeting.
    #[error("the connection to {adresse} broke during the greeting: {cause}")]
    #[non_exhaustive]
    Accueil {
        /// The other side's address.
        adresse: Box<str>,
        /// What the system said.
        #[source]
        cause: io::Error,
    },
    /// A setting that can't be.
    #[error("{texte}")]
    #[non_exhaustive]
    Reglage {
        /// Which one, and what it may be.
        texte: Box<str>,
    },
    /// `lancer` runs already, or was called from inside a command.
    #[error("{texte}")]
    #[non_exhaustive]
    Lancer {
        /// Which of the two.
        texte: Box<str>,
    },
}

/// A value could not be encoded or decoded on this side.
#[derive(Debug, Error)]
#[error("command `{commande}` on {lien}: {quoi} could not be {verbe}: {cause}")]
#[doc(alias = "CodecError")]
#[non_exhaustive]
pub struct Codage {
    /// The command's name.
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    pub(crate) quoi: &'static str,
    pub(crate) verbe: &'static str,
    /// What is wrong with it.
    #[source]
    pub cause: Box<dyn Error + Send + Sync>,
    /// Whether the command may have run.
    pub a_pu_etre_executee: bool,
}

/// Commands could not be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias = "RegisterError")]
#[non_exhaustive]
pub enum Enregistrement {
    /// A command of that name is registered already.
    #[error("command `{commande}` is registered already; each name can be given once")]
    #[non_exhaustive]
    Double {
        /// The name.
        commande: Box<str>,
    },
    /// Two names have the same hash on the wire.
    #[error(
        "commands `{commande}` and `{autre}` have the same hash on the wire; rename one of them"
    )]
    #[non_exhaustive]
    Collision {
        /// The newcomer.
        commande: Box<str>,
        /// The one that is registered.
        autre: Box<str>,
    },
    /// The name is empty.
    #[error("a command needs a name")]
    SansNom,
}

impl Enregistrement {
    pub(crate) fn commande(&self) -> &str {
        match self {
            Enregistrement::Double { commande } | Enregistrement::Collision { commande, .. } => {
                commande
            }
            Enregistrement::SansNom => "",
        }
    }
}
