//! What went wrong with a command at the peer.

use std::borrow::Cow;

use thiserror::Error;

use super::detail;
use crate::forme::Declaration;
use crate::text::Harmless;
use crate::wire::{FailureClass, FailureCode};

/// The peer could not run a command, or the command failed there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "command `{}` on {lien}: {}{}{}{}",
    Harmless(commande),
    nature.text(),
    detail(texte),
    too_new(argument_inconnu.as_deref()),
    fingerprints(*empreinte, empreintes_acceptees)
)]
#[doc(alias = "Remote")]
#[non_exhaustive]
pub struct Distante {
    /// The command's name.
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    /// What happened there.
    pub nature: NatureDistante,
    /// What the peer says about it, for people to read; may be empty.
    pub texte: Box<str>,
    /// The fingerprint of the signature that the command was sent with; 0 if it was sent by name.
    #[doc(alias = "fingerprint")]
    pub empreinte: u32,
    /// The fingerprints that the peer accepts for the command, if its signature is another there
    /// and the peer lists them; else empty.
    #[doc(alias = "accepted_fingerprints")]
    pub empreintes_acceptees: Box<[u32]>,
    /// The first argument that the peer does not know, if it has an older form of the command: with
    /// its default the message would have been understood.
    #[doc(alias = "unknown_argument")]
    pub argument_inconnu: Option<Box<str>>,
    /// The command's declaration on this side.
    pub(crate) declaree: Declaration,
}

/// Which argument the peer is too old for, if that is the reason.
fn too_new(argument: Option<&str>) -> String {
    argument.map_or_else(String::new, |argument| {
        format!("; the peer is older: it does not know the argument `{argument}` yet, which has to keep its default for it")
    })
}

/// What was sent, and what would have been accepted if the peer has listed that.
fn fingerprints(sent: u32, accepted: &[u32]) -> String {
    if accepted.is_empty() {
        return String::new();
    }
    let accepted: Vec<String> = accepted.iter().map(|one| format!("{one:#010x}")).collect();
    format!("; sent with fingerprint {sent:#010x}, accepted there: {}", accepted.join(", "))
}

/// What happened to a command at the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "RemoteKind")]
#[non_exhaustive]
pub enum NatureDistante {
    /// No command of that name is registered there. It did not run.
    #[doc(alias = "UnknownCommand")]
    Inconnue,
    /// The command has another signature there. It did not run.
    #[doc(alias = "SignatureMismatch")]
    Signature,
    /// The arguments could not be decoded there. The command did not run.
    Arguments,
    /// The command panicked.
    #[doc(alias = "Panic")]
    Panique,
    /// The command returned an error, whose text this error carries.
    #[doc(alias = "Failure")]
    Echec,
    /// The command ran, but its answer is larger than a frame may be.
    #[doc(alias = "AnswerTooLarge")]
    ReponseTropGrande,
    /// The command ran, but its answer could not be encoded.
    #[doc(alias = "AnswerNotEncodable")]
    ReponseNonCodable,
    /// The command could not be started there: no thread could be started for it, or for the reason
    /// in the text. It did not run.
    #[doc(alias = "OutOfResources")]
    SansRessources,
    /// The command ran, but too many unclaimed answers wait on this side.
    #[doc(alias = "AnswerLost")]
    ReponsePerdue,
    /// The connection was closed while the command ran.
    #[doc(alias = "Closed")]
    Fermee,
    /// The time that the caller had left was over before the command could start. It did not run.
    #[doc(alias = "Expired")]
    Expiree,
    /// This side may not call the command. It did not run.
    #[doc(alias = "Forbidden")]
    Interdite,
    /// The peer is not ready for the command. It did not run.
    #[doc(alias = "NotReady")]
    PasPrete,
    /// The peer has too much to do. It did not run.
    #[doc(alias = "Overloaded")]
    Surchargee,
    /// The command answers with a stream, and was not called that way. It did not run.
    #[doc(alias = "UnexpectedStream")]
    FluxInattendu,
    /// The command ran, but the peer had no room for what it returned.
    #[doc(alias = "OverloadedAfterwards")]
    SurchargeeApres,
    /// It ran and left its answer to a [`Promesse`](crate::Promesse), which was dropped without one.
    #[doc(alias = "BrokenPromise")]
    PromesseRompue,
    /// The peer gave a number that this version of the library does not know. The high byte of the
    /// number is its class: 0 means that the command did not run, 1 that it ran or may have run;
    /// others are unknown.
    #[doc(alias = "Other")]
    Autre(u16),
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
            FailureCode::Expired => NatureDistante::Expiree,
            FailureCode::Forbidden => NatureDistante::Interdite,
            FailureCode::NotReady => NatureDistante::PasPrete,
            FailureCode::Overloaded => NatureDistante::Surchargee,
            FailureCode::UnexpectedStream => NatureDistante::FluxInattendu,
            FailureCode::OverloadedAfterwards => NatureDistante::SurchargeeApres,
            FailureCode::Unanswered => NatureDistante::PromesseRompue,
            FailureCode::Other(number) => NatureDistante::Autre(number),
        }
    }

    /// The code of this variant on the wire.
    fn code(self) -> FailureCode {
        match self {
            NatureDistante::Inconnue => FailureCode::UnknownCommand,
            NatureDistante::Signature => FailureCode::Signature,
            NatureDistante::Arguments => FailureCode::Arguments,
            NatureDistante::Panique => FailureCode::Panic,
            NatureDistante::Echec => FailureCode::Handler,
            NatureDistante::ReponseTropGrande => FailureCode::AnswerTooLarge,
            NatureDistante::ReponseNonCodable => FailureCode::AnswerEncoding,
            NatureDistante::SansRessources => FailureCode::NoResources,
            NatureDistante::ReponsePerdue => FailureCode::AnswerDropped,
            NatureDistante::Fermee => FailureCode::Closed,
            NatureDistante::Expiree => FailureCode::Expired,
            NatureDistante::Interdite => FailureCode::Forbidden,
            NatureDistante::PasPrete => FailureCode::NotReady,
            NatureDistante::Surchargee => FailureCode::Overloaded,
            NatureDistante::FluxInattendu => FailureCode::UnexpectedStream,
            NatureDistante::SurchargeeApres => FailureCode::OverloadedAfterwards,
            NatureDistante::PromesseRompue => FailureCode::Unanswered,
            NatureDistante::Autre(number) => FailureCode::from_number(number),
        }
    }

    /// Whether the command may have run, as the class of the code tells.
    // [codes.class]
    pub(crate) fn may_have_run(self) -> bool {
        self.code().class() != FailureClass::NotRun
    }

    fn text(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
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
            NatureDistante::Expiree => "not run: its time was over before the peer could start it",
            NatureDistante::Interdite => "not run: this side may not call it there",
            NatureDistante::PasPrete => "not run: the peer is not ready for it",
            NatureDistante::Surchargee => "not run: the peer has too much to do",
            NatureDistante::FluxInattendu => {
                "not run: it answers with a stream, which was not asked for"
            }
            NatureDistante::SurchargeeApres => "it ran, but the peer had no room for its outcome",
            NatureDistante::PromesseRompue => {
                "it ran, but the peer dropped the promise of its answer without keeping it"
            }
            NatureDistante::Autre(number) => return Cow::Owned(unknown(number)),
        })
    }

    /// What happened on this side to a message of the peer.
    fn text_here(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            NatureDistante::Inconnue => "no command of that name is registered here",
            NatureDistante::Signature => "the command has another signature here",
            NatureDistante::Arguments => "the arguments could not be decoded",
            NatureDistante::Panique => "the command panicked",
            NatureDistante::Echec => "the command failed",
            NatureDistante::SansRessources => "the command was not run: it could not be started",
            NatureDistante::Fermee => "the connection was closed while the command ran",
            other => return other.text(),
        })
    }
}

/// The outcome of a failure whose number is unknown and whose class is known.
// [codes.unknown]
fn unknown(number: u16) -> String {
    let class = match FailureCode::from_number(number).class() {
        FailureClass::NotRun => "not run, says the peer",
        FailureClass::Ran => "the peer says that it ran, or may have",
        FailureClass::Unknown => "the peer does not say whether it ran",
    };
    let (high, low) = (number >> 8, number & 0xff);
    format!("{class}: failure {low} of class {high}, which this side does not know")
}

/// A one-way message of the peer's that failed on this side; `quand_commande_echoue` receives it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "FailedCommand")]
#[non_exhaustive]
pub struct CommandeEchouee {
    /// The command's name; its hash if there is no such command here.
    pub commande: Box<str>,
    /// The connection that the command came by.
    pub lien: Box<str>,
    /// What happened to the message.
    pub nature: NatureDistante,
    /// What is known beyond the kind of failure, for people to read; may be empty.
    pub texte: Box<str>,
}

impl CommandeEchouee {
    pub(crate) fn new(commande: Box<str>, lien: String, code: FailureCode, texte: &str) -> Self {
        let nature = NatureDistante::from_code(code);
        CommandeEchouee { commande, lien: lien.into(), nature, texte: texte.into() }
    }
}

impl std::fmt::Display for CommandeEchouee {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let CommandeEchouee { commande, lien, nature, texte } = self;
        let (commande, what) = (Harmless(commande), nature.text_here());
        write!(f, "command `{commande}`, sent by {lien}: {what}{}", detail(texte))
    }
}
