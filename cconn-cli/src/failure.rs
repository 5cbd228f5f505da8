//! Why the program ends without what was asked for: one line, and an exit code for each kind.

use std::fmt;
use std::io;

use cconn::Erreur;
use cconn::erreur::{EchecConnexion, NatureDistante, NatureSecret, NatureTls};

use crate::output::harmless;

/// The kinds of failures, by exit code. 1 and 2 are those that shells and clap use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// The command answered with its own error, or failed.
    Command = 1,
    /// The command line makes no sense, or a value does not fit the peer's type.
    Usage = 2,
    /// Nothing listens there, or the address is none.
    Unreachable = 3,
    /// Something listens there, but no cconn peer that can be talked to, or an encrypted one.
    NotAPeer = 4,
    /// The peer has no such command, or does not list its commands.
    Unknown = 5,
    /// The peer refuses this caller, or has no room for it now.
    Refused = 6,
    /// The time limit passed.
    Late = 7,
    /// The connection was lost.
    Lost = 8,
    /// The output was closed by whoever read it.
    Output = 9,
    /// The server does not count its commands.
    NotCounted = 10,
    /// The user interrupted a stream. Shells use this code too.
    Interrupted = 130,
}

/// What one line on the standard error says.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    pub text: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(kind: Kind, text: impl Into<String>) -> Self {
        Failure { kind, text: text.into() }
    }

    /// A failure that only the exit code tells.
    pub fn quiet(kind: Kind) -> Self {
        Failure::new(kind, "")
    }

    pub fn usage(text: impl Into<String>) -> Self {
        Failure::new(Kind::Usage, text)
    }

    pub fn code(&self) -> u8 {
        self.kind as u8
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line that controls no terminal, whatever the text was made of.
        f.write_str(&harmless(&self.text.replace("\r\n", " ").replace(['\n', '\r'], " ")))
    }
}

impl From<Erreur> for Failure {
    fn from(error: Erreur) -> Self {
        Failure::new(kind(&error), format!("{error}{}", remedy(&error)))
    }
}

/// What the user of this program can do, where the library says it for programs.
fn remedy(error: &Erreur) -> &'static str {
    let Erreur::Connexion(failed) = error else { return "" };
    match &**failed {
        // A program that was started speaks no TLS.
        EchecConnexion::Accueil { adresse, .. } if adresse.starts_with("child ") => {
            "; does it serve its parent?"
        }
        // A server that wants TLS or another protocol may end the connection without a word.
        EchecConnexion::Accueil { .. } => "; is it a cconn server, and one without TLS?",
        EchecConnexion::Tls { nature: NatureTls::Exige, .. } if HAS_PROOFS => {
            ", which is `--autorites FILE` here"
        }
        EchecConnexion::Secret { nature: NatureSecret::Absent, .. } if HAS_PROOFS => {
            "; `--secret FILE` gives one here"
        }
        _ => "",
    }
}

/// Whether this program can prove itself, and have servers proved.
const HAS_PROOFS: bool = cfg!(feature = "securite");

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::new(Kind::Output, "the output was closed before all was written");
        }
        Failure::new(Kind::Usage, error.to_string())
    }
}

/// The kind of a library's error that is not the command's own.
pub fn kind<E>(error: &Erreur<E>) -> Kind {
    match error {
        Erreur::Delai(_) => Kind::Late,
        Erreur::Fermee(_) => Kind::Lost,
        Erreur::Connexion(failed) => match **failed {
            EchecConnexion::Incompatible { .. }
            | EchecConnexion::Accueil { .. }
            | EchecConnexion::Tls { .. } => Kind::NotAPeer,
            EchecConnexion::Complet { .. }
            | EchecConnexion::Refusee { .. }
            | EchecConnexion::AutreProgramme { .. }
            | EchecConnexion::Mandataire { .. }
            | EchecConnexion::Secret { .. } => Kind::Refused,
            _ => Kind::Unreachable,
        },
        Erreur::Distante(remote) => remote_kind(remote.nature),
        Erreur::Refus(_) | Erreur::Echec(_) => Kind::Command,
        _ => Kind::Usage,
    }
}

/// The kind of a failure that the peer reports.
fn remote_kind(nature: NatureDistante) -> Kind {
    match nature {
        NatureDistante::Inconnue => Kind::Unknown,
        NatureDistante::Interdite
        | NatureDistante::PasPrete
        | NatureDistante::Surchargee
        | NatureDistante::SansRessources => Kind::Refused,
        NatureDistante::Expiree => Kind::Late,
        NatureDistante::Fermee => Kind::Lost,
        _ => Kind::Command,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_did_not_run_has_other_codes_than_what_failed() {
        let refused =
            [NatureDistante::Interdite, NatureDistante::PasPrete, NatureDistante::Surchargee];
        assert!(refused.into_iter().all(|nature| remote_kind(nature) == Kind::Refused));
        assert_eq!(remote_kind(NatureDistante::Expiree), Kind::Late);
        assert_eq!(remote_kind(NatureDistante::Inconnue), Kind::Unknown);
        let ran = [
            NatureDistante::Echec,
            NatureDistante::Panique,
            NatureDistante::SurchargeeApres,
            NatureDistante::PromesseRompue,
        ];
        assert!(ran.into_iter().all(|nature| remote_kind(nature) == Kind::Command));
    }

    #[test]
    fn a_failure_is_one_line_that_controls_nothing() {
        let failure = Failure::usage("a\r\nb\nc\x1b[2J\u{202e}");
        assert_eq!(failure.to_string(), r"a b c\u{1b}[2J\u{202e}");
    }
}
