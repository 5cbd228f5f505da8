//! What went wrong with a command at the peer.

use thiserror::Error;

use super::{Harmless, detail};
use crate::wire::FailureCode;

/// The peer could not run a command, or the command failed there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("command `{}` on {lien}: {}{}", Harmless(commande), nature.text(), detail(texte))]
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
    /// It could not be started there: no thread could be had for it, or the text says why. It did
    /// not run.
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
            NatureDistante::Inconnue => {
                "the peer has no such command; is it registered there, under that name?"
            }
            NatureDistante::Signature => "the peer's command has another signature",
            NatureDistante::Arguments => "the peer could not decode the arguments",
            NatureDistante::Panique => "it panicked at the peer",
            NatureDistante::Echec => "it failed at the peer",
            NatureDistante::ReponseTropGrande => "it ran, but its answer is too large to send",
            NatureDistante::ReponseNonCodable => "it ran, but its answer could not be encoded",
            NatureDistante::SansRessources => "not run: the peer could not start it",
            NatureDistante::ReponsePerdue => {
                "it ran, but its answer was not kept; claim deferred answers sooner"
            }
            NatureDistante::Fermee => "the peer closed the connection while it ran",
        }
    }
}

/// A one-way message of the peer's failed on this side, as `quand_commande_echoue` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "FailedCommand")]
#[non_exhaustive]
pub struct CommandeEchouee {
    /// The command's name; its hash where there is no such command here.
    pub commande: Box<str>,
    /// The connection that it came by.
    pub lien: Box<str>,
    /// What happened to it.
    pub nature: NatureDistante,
    /// What is known beyond that, for a person to read; may be empty.
    pub texte: Box<str>,
    code: FailureCode,
}

impl CommandeEchouee {
    pub(crate) fn new(commande: Box<str>, lien: String, code: FailureCode, texte: &str) -> Self {
        let nature = NatureDistante::from_code(code);
        CommandeEchouee { commande, lien: lien.into(), nature, texte: texte.into(), code }
    }
}

impl std::fmt::Display for CommandeEchouee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CommandeEchouee { commande, lien, texte, code, .. } = self;
        let commande = Harmless(commande);
        write!(f, "command `{commande}`, sent by {lien}: {}{}", code.text(), detail(texte))
    }
}

impl std::error::Error for CommandeEchouee {}
