//! Work that is not wanted any more.

use std::fmt;

use super::Erreur;
use crate::link::Unwanted;
use crate::text::Harmless;

/// The command that asked for this work is not wanted any more: its outcome would reach nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{lien}: {raison}", what_became(commande, *.a_pu_etre_executee))]
#[doc(alias("Cancelled", "Canceled"))]
#[non_exhaustive]
pub struct Annulee {
    /// The name of the command whose answer is not waited for any more; empty if the error is that
    /// of [`verifier`](crate::Client::verifier).
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    /// Why the work is not wanted any more.
    pub raison: RaisonAnnulation,
    /// Whether that command may have run.
    pub a_pu_etre_executee: bool,
}

fn what_became(commande: &str, may_have_run: bool) -> String {
    let name = Harmless(commande);
    match (commande, may_have_run) {
        ("", _) => String::new(),
        (_, true) => format!("command `{name}` was given up on "),
        (_, false) => format!("command `{name}` was not run on "),
    }
}

/// Why the outcome of a running command is not wanted any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias("CancelReason", "CancellationReason"))]
#[non_exhaustive]
pub enum RaisonAnnulation {
    /// The caller has given its call up.
    #[doc(alias = "GivenUp")]
    Abandonnee,
    /// The time that the caller had is over.
    #[doc(alias = "DeadlineExceeded")]
    Delai,
    /// The connection that the command came by is lost, or the peer ended it.
    #[doc(alias = "ConnectionLost")]
    ConnexionPerdue,
    /// This side stops: half of the grace period is over, or the connection was ended here.
    #[doc(alias = "Stopping")]
    Arret,
}

impl fmt::Display for RaisonAnnulation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RaisonAnnulation::Abandonnee => {
                "the caller of the command that this is part of has given it up"
            }
            RaisonAnnulation::Delai => {
                "the time that the caller of the command that this is part of had is over"
            }
            RaisonAnnulation::ConnexionPerdue => {
                "the connection of the command that this is part of is lost"
            }
            RaisonAnnulation::Arret => {
                "the connection of the command that this is part of is being stopped"
            }
        })
    }
}

impl From<Unwanted> for RaisonAnnulation {
    fn from(why: Unwanted) -> Self {
        match why {
            Unwanted::GivenUp => RaisonAnnulation::Abandonnee,
            Unwanted::Late => RaisonAnnulation::Delai,
            Unwanted::Lost => RaisonAnnulation::ConnexionPerdue,
            Unwanted::Stopped => RaisonAnnulation::Arret,
        }
    }
}

impl Annulee {
    /// The error of a command that checks whether it is wanted.
    pub(crate) fn of_command(why: Unwanted, link: &str) -> Erreur {
        Annulee::of_call(why, "", link, true)
    }

    /// The error of a message or call that an unwanted command has sent.
    pub(crate) fn of_call<E>(
        why: Unwanted,
        command: &str,
        link: &str,
        may_have_run: bool,
    ) -> Erreur<E> {
        Erreur::Annulee(Box::new(Annulee {
            commande: command.into(),
            lien: link.into(),
            raison: why.into(),
            a_pu_etre_executee: may_have_run,
        }))
    }
}
