//! The public error, above the errors of all layers.
//!
//! This module knows what the layers below can report, and turns it into what a caller needs: what
//! happened, to which command, on which connection, whether the command may have run, and whether
//! the connection lives.

mod annulee;
mod asked;
#[cfg(test)]
mod chain;
mod convert;
mod delai;
mod depart;
mod fermee;
mod local;
mod misuse;
mod never;
mod passed_on;
mod remote;
mod setup;

use std::error::Error;
use std::fmt;

use serde::Serialize;

use crate::text::{Harmless, harmless};

pub use crate::adresse::AdresseInvalide;
pub use annulee::{Annulee, RaisonAnnulation};
pub(crate) use asked::{name, remember};
pub(crate) use convert::{About, Signatures, end_of, ended};
pub use delai::{Delai, Etape, Phase};
pub use depart::Depart;
pub use fermee::{Fermee, RaisonFin};
pub use local::{Codage, Enregistrement, NonEnvoyee, RaisonNonEnvoi};
pub use misuse::{Manque, Usage};
pub use never::Jamais;
pub(crate) use passed_on::passed_on;
pub use remote::{CommandeEchouee, Distante, NatureDistante};
pub use setup::{EchecConnexion, NatureSecret};

pub use crate::transport::NatureTls;

/// What went wrong, grouped by what a caller can do about it.
///
/// `E` is the error of the command that was called. For a command without an error of its own it is
/// [`Jamais`], which has no values. The text of every variant names the command and the connection.
///
/// | question | method |
/// |---|---|
/// | Does the connection still live? | [`est_fatale`](Erreur::est_fatale) |
/// | May the command have run? | [`a_pu_etre_executee`](Erreur::a_pu_etre_executee) |
/// | Which command was it? | [`commande`](Erreur::commande) |
///
/// An error's text includes its cause, which is then not in `source()` as well. What a peer has
/// said is shown with line breaks, control codes and direction marks escaped; the fields hold it
/// unchanged.
#[doc(alias = "Error")]
#[non_exhaustive]
pub enum Erreur<E = Jamais> {
    /// The command answered with its own error. The connection lives.
    #[doc(alias = "Refusal")]
    Refus(E),
    /// The peer could not run the command, or the command failed there. The connection lives.
    #[doc(alias = "Remote")]
    Distante(Box<Distante>),
    /// By a rule of this side the message was not sent, or its answer can't be waited for. The
    /// connection lives, unless it is stopping.
    #[doc(alias = "NotSent")]
    NonEnvoyee(Box<NonEnvoyee>),
    /// The command that asked for this is not wanted any more, so nobody waits for it: its caller
    /// has given it up, say. The connection lives, unless its loss is the reason.
    #[doc(alias = "Cancelled")]
    Annulee(Box<Annulee>),
    /// A deadline passed. The connection lives, except while connecting.
    #[doc(alias = "Timeout")]
    Delai(Box<Delai>),
    /// The connection has ended.
    #[doc(alias = "Closed")]
    Fermee(Box<Fermee>),
    /// Listening or connecting failed, or the other side is no cconn peer of this version.
    #[doc(alias = "Connect")]
    Connexion(Box<EchecConnexion>),
    /// A value could not be encoded or decoded on this side. The connection lives.
    #[doc(alias = "Codec")]
    Codage(Box<Codage>),
    /// Commands could not be registered.
    #[doc(alias = "Register")]
    Enregistrement(Box<Enregistrement>),
    /// The program asked for something impossible: a setting out of its range, a second `lancer`.
    /// Nothing was begun; an existing connection lives.
    #[doc(alias = "Misuse")]
    Usage(Box<Usage>),
    /// An error of the program's own, made with [`Erreur::echec`]: a command that returns it fails
    /// with its text. This crate itself makes such an error only where a reader or a sink of the
    /// program's own has failed ([`Flux::lire`](crate::flux::Flux::lire),
    /// [`Flux::vers`](crate::flux::Flux::vers)).
    #[doc(alias = "Failure")]
    Echec(Box<dyn Error + Send + Sync>),
}

/// The result of most of this crate's functions.
#[doc(alias = "Result")]
pub type Resultat<T, E = Jamais> = Result<T, Erreur<E>>;

impl<E> Erreur<E> {
    /// Whether the connection has ended, so that nothing more can be sent on it.
    #[doc(alias = "is_fatal")]
    pub fn est_fatale(&self) -> bool {
        match self {
            Erreur::Fermee(_) => true,
            Erreur::Connexion(cause) => !matches!(**cause, EchecConnexion::SansThread { .. }),
            Erreur::Delai(delai) => delai.phase.ends_connection(),
            _ => false,
        }
    }

    /// Whether time was over: a deadline of this side passed, the peer did not start the command
    /// because the caller's time was over there first, or the command that the calling thread works
    /// for has no time left.
    #[doc(alias("is_timeout", "timed_out"))]
    #[doc(alias = "is_late")]
    pub fn est_hors_delai(&self) -> bool {
        match self {
            Erreur::Delai(_) => true,
            Erreur::Distante(distante) => distante.nature == NatureDistante::Expiree,
            Erreur::Annulee(annulee) => annulee.raison == RaisonAnnulation::Delai,
            _ => false,
        }
    }

    /// Whether the command may have run though no answer came.
    ///
    /// `false` is certain: the command did not run and never will, so it is safe to send it again.
    /// A command that returned an error counts as having run.
    #[doc(alias = "may_have_run")]
    pub fn a_pu_etre_executee(&self) -> bool {
        match self {
            Erreur::Refus(_) | Erreur::Echec(_) => true,
            Erreur::Usage(usage) => matches!(**usage, Usage::DejaReclamee { .. }),
            Erreur::Distante(distante) => distante.nature.may_have_run(),
            Erreur::Annulee(annulee) => annulee.a_pu_etre_executee,
            Erreur::Delai(delai) => delai.a_pu_etre_executee,
            Erreur::Fermee(fermee) => fermee.a_pu_etre_executee,
            Erreur::Codage(codage) => codage.a_pu_etre_executee,
            Erreur::NonEnvoyee(non) => non.a_pu_etre_executee,
            Erreur::Connexion(_) | Erreur::Enregistrement(_) => false,
        }
    }

    /// The name of the command that the error is about; `None` if it is about none.
    #[doc(alias = "command")]
    pub fn commande(&self) -> Option<&str> {
        match self {
            Erreur::Distante(distante) => Some(&distante.commande),
            Erreur::NonEnvoyee(non) => Some(&*non.commande).filter(|nom| !nom.is_empty()),
            Erreur::Annulee(annulee) => Some(&*annulee.commande).filter(|nom| !nom.is_empty()),
            Erreur::Delai(delai) => delai.commande.as_deref(),
            Erreur::Fermee(fermee) => fermee.commande.as_deref(),
            Erreur::Codage(codage) => Some(&codage.commande),
            Erreur::Enregistrement(enregistrement) => Some(enregistrement.commande()),
            Erreur::Usage(usage) => match &**usage {
                Usage::DejaReclamee { commande, .. } => Some(commande),
                _ => None,
            },
            Erreur::Refus(_) | Erreur::Connexion(_) | Erreur::Echec(_) => None,
        }
    }
}

impl Erreur {
    /// Makes an error of the program's own. A command that returns it fails with its text.
    ///
    /// In a function that returns `Resultat<T, E>` with an error type of its own, add `.into()`.
    ///
    /// # Examples
    ///
    /// ```
    /// use cconn::{Resultat, Erreur};
    ///
    /// fn racine(n: f64) -> Resultat<f64> {
    ///     if n < 0.0 {
    ///         return Err(Erreur::echec(format!("{n} has no square root")));
    ///     }
    ///     Ok(n.sqrt())
    /// }
    /// assert_eq!(racine(-1.0).unwrap_err().to_string(), "-1 has no square root");
    /// ```
    #[doc(alias = "failure")]
    pub fn echec(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Erreur::Echec(cause.into())
    }

    /// This error as the error of a call whose command has an error type of its own.
    pub(crate) fn for_command<E>(self) -> Erreur<E> {
        self.split().map_or_else(|other| other, |never| match never {})
    }
}

impl<E> Erreur<E> {
    /// The command's own error, or the error of any other kind.
    pub(crate) fn split<F>(self) -> Result<E, Erreur<F>> {
        Err(match self {
            Erreur::Refus(error) => return Ok(error),
            Erreur::Distante(error) => Erreur::Distante(error),
            Erreur::NonEnvoyee(error) => Erreur::NonEnvoyee(error),
            Erreur::Annulee(error) => Erreur::Annulee(error),
            Erreur::Delai(error) => Erreur::Delai(error),
            Erreur::Fermee(error) => Erreur::Fermee(error),
            Erreur::Connexion(error) => Erreur::Connexion(error),
            Erreur::Codage(error) => Erreur::Codage(error),
            Erreur::Enregistrement(error) => Erreur::Enregistrement(error),
            Erreur::Usage(error) => Erreur::Usage(error),
            Erreur::Echec(cause) => Erreur::Echec(cause),
        })
    }
}

// `Jamais` is not `Serialize`: this keeps the next three implementations apart from each other, and
// from the conversion of a type into itself.

/// The command's own error becomes its text, for callers that can pass on only a text.
impl<E: Serialize + fmt::Display> From<Erreur<E>> for Erreur {
    fn from(error: Erreur<E>) -> Self {
        // The command's error was made from bytes of the peer, so its text may be harmful.
        let text = |own: E| Harmless(&own.to_string()).to_string();
        error.split().map_or_else(|other| other, |own| Erreur::echec(text(own)))
    }
}

impl<E: Serialize> From<Erreur> for Erreur<E> {
    fn from(error: Erreur) -> Self {
        error.for_command()
    }
}

/// An error of a file or of another socket is a failure of the program: `?` makes an
/// [`Erreur::Echec`] of it, as [`Erreur::echec`] does.
///
/// Where the function's error has a type of its own, `Erreur<E>`, only the method does:
/// `.map_err(Erreur::echec)?`.
impl From<std::io::Error> for Erreur {
    fn from(error: std::io::Error) -> Self {
        Erreur::echec(error)
    }
}

/// For commands whose own error is a text: `?` turns an error of this crate into its text, and the
/// caller gets it as `Erreur::Refus`.
impl<E: fmt::Display> From<Erreur<E>> for String {
    fn from(error: Erreur<E>) -> Self {
        error.to_string()
    }
}

impl<E: Serialize> From<E> for Erreur<E> {
    fn from(error: E) -> Self {
        Erreur::Refus(error)
    }
}

/// What a peer has said, after a colon; empty if it said nothing.
fn detail(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!(": {}", Harmless(text)) }
}

const _: () = assert!(size_of::<Erreur>() <= 32, "errors are passed by value everywhere");

impl<E: fmt::Display> fmt::Display for Erreur<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Erreur::Refus(error) => harmless::display(error, f),
            Erreur::Distante(error) => error.fmt(f),
            Erreur::NonEnvoyee(error) => error.fmt(f),
            Erreur::Annulee(error) => error.fmt(f),
            Erreur::Delai(error) => error.fmt(f),
            Erreur::Fermee(error) => error.fmt(f),
            Erreur::Connexion(error) => error.fmt(f),
            Erreur::Codage(error) => error.fmt(f),
            Erreur::Enregistrement(error) => error.fmt(f),
            Erreur::Usage(error) => error.fmt(f),
            Erreur::Echec(cause) => cause.fmt(f),
        }
    }
}

/// Shows the text, so that a program that ends with this error shows something readable.
impl<E: fmt::Debug> fmt::Debug for Erreur<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Erreur::Refus(error) => {
                f.write_str("Refus(")?;
                harmless::debug(error, f)?;
                f.write_str(")")
            }
            Erreur::Distante(error) => write!(f, "Distante({error})"),
            Erreur::NonEnvoyee(error) => write!(f, "NonEnvoyee({error})"),
            Erreur::Annulee(error) => write!(f, "Annulee({error})"),
            Erreur::Delai(error) => write!(f, "Delai({error})"),
            Erreur::Fermee(error) => write!(f, "Fermee({error})"),
            Erreur::Connexion(error) => write!(f, "Connexion({error})"),
            Erreur::Codage(error) => write!(f, "Codage({error})"),
            Erreur::Enregistrement(error) => write!(f, "Enregistrement({error})"),
            Erreur::Usage(error) => write!(f, "Usage({error})"),
            Erreur::Echec(cause) => write!(f, "Echec({cause})"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> Error for Erreur<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Erreur::Codage(error) => error.source(),
            Erreur::Connexion(error) => error.behind_cause(),
            Erreur::Echec(cause) => cause.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misuse_leaves_connections_alone() {
        let lien = || "local (#1)".into();
        for usage in [
            Usage::DejaLance { lien: lien() },
            Usage::LancerDansUneCommande { lien: lien() },
            Usage::CommandesDuServeur { lien: lien() },
            Usage::DejaReclamee { commande: "somme".into(), lien: lien() },
        ] {
            let (claimed, text) = (matches!(usage, Usage::DejaReclamee { .. }), usage.to_string());
            let error = Erreur::<Jamais>::Usage(Box::new(usage));
            assert!(!error.est_fatale() && text.contains("local (#1)"), "{text}");
            assert_eq!(error.a_pu_etre_executee(), claimed);
            assert_eq!(error.commande(), claimed.then_some("somme"));
        }
    }

    #[test]
    fn errors_cross_threads() {
        fn crosses<T: Send + Sync + 'static>() {}
        crosses::<Erreur>();
    }
}
