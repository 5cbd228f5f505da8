//! Turns what a connection reports into the public error.

use std::time::Duration;

use super::asked;
use super::{
    Annulee, Delai, Distante, Erreur, Etape, Fermee, NatureDistante, NonEnvoyee, Phase, RaisonFin,
    RaisonNonEnvoi,
};
use crate::forme::Declaration;
use crate::link::{self, Behind, Ending, Failure, Stage, Whereabouts};
use crate::wire::FailureCode;

/// The command and the connection that an error is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct About<'a> {
    pub(crate) command: &'a str,
    pub(crate) link: &'a str,
    /// The deadline that applied.
    pub(crate) deadline: Duration,
}

impl About<'_> {
    /// The error of a call or message that failed on this side.
    pub(crate) fn failed<E>(self, failure: Failure) -> Erreur<E> {
        let raison = match failure {
            Failure::TooLarge { size, limit } => {
                RaisonNonEnvoi::TropGrande { taille: size, limite: limit }
            }
            Failure::TooDeep { limit } => RaisonNonEnvoi::TropProfonde { limite: limit },
            Failure::TooManyWaiting { limit } => RaisonNonEnvoi::TropDAttentes { limite: limit },
            Failure::TooManyCalls { limit } => RaisonNonEnvoi::TropDAppels { limite: limit },
            Failure::NoRoom => RaisonNonEnvoi::SansPlace,
            Failure::Stopping => RaisonNonEnvoi::Arret,
            Failure::InsideWaker => RaisonNonEnvoi::DansUnRappel,
            Failure::NoTaker => RaisonNonEnvoi::Flux,
            Failure::NoFeeder => RaisonNonEnvoi::FluxEnArgument,
            Failure::NoThread => RaisonNonEnvoi::SansThread,
            Failure::Spent => RaisonNonEnvoi::FluxEnvoye,
            Failure::InsideOne => RaisonNonEnvoi::DansUneCommande,
            Failure::Ended { ending, may_have_run } => {
                let about = Some((self.command, may_have_run));
                return ended(&ending, self.link, about.filter(|(nom, _)| !nom.is_empty()));
            }
            Failure::Unwanted { why, may_have_run } => {
                return Annulee::of_call(why, self.command, self.link, may_have_run);
            }
            Failure::Late { phase, may_have_run } => {
                let (phase, etape, derriere) = phase_of(phase);
                return Erreur::Delai(Box::new(Delai {
                    phase,
                    etape,
                    derriere,
                    delai: self.deadline,
                    commande: Some(self.command).filter(|nom| !nom.is_empty()).map(Into::into),
                    lien: self.link.into(),
                    a_pu_etre_executee: may_have_run,
                }));
            }
        };
        self.refused(raison, false)
    }

    /// The error of a call that was sent but can't be waited for; `None` if that is not the reason.
    pub(crate) fn not_awaited<E>(self, failure: &Failure) -> Option<Erreur<E>> {
        let raison = match *failure {
            Failure::TooManyWaiting { limit } => RaisonNonEnvoi::TropDAttentes { limite: limit },
            Failure::InsideWaker => RaisonNonEnvoi::DansUnRappel,
            _ => return None,
        };
        Some(self.refused(raison, true))
    }

    fn refused<E>(self, raison: RaisonNonEnvoi, a_pu_etre_executee: bool) -> Erreur<E> {
        let (commande, lien) = (self.command.into(), self.link.into());
        let item = false;
        Erreur::NonEnvoyee(Box::new(NonEnvoyee {
            commande,
            lien,
            raison,
            a_pu_etre_executee,
            item,
        }))
    }

    /// The error of an item that failed on this side.
    pub(crate) fn failed_item(self, failure: Failure) -> Erreur {
        let mut error = self.failed(failure);
        if let Erreur::NonEnvoyee(non) = &mut error {
            non.item = true;
        }
        error
    }

    /// The error of an item that a channel did not take.
    pub(crate) fn unsent_item(self, raison: RaisonNonEnvoi) -> Erreur {
        let (commande, lien) = (self.command.into(), self.link.into());
        let a_pu_etre_executee = false;
        Erreur::NonEnvoyee(Box::new(NonEnvoyee {
            commande,
            lien,
            raison,
            a_pu_etre_executee,
            item: true,
        }))
    }

    /// The error of an orderly stop that was not finished in its grace period.
    pub(crate) fn grace_over(self, grace: Duration) -> Erreur {
        self.late(Phase::Arret, grace)
    }

    /// The error of sending away a peer that did not take its last words in time.
    pub(crate) fn not_said(self) -> Erreur {
        self.late(Phase::Expulsion, self.deadline)
    }

    /// The error of bytes that the peer did not take in time.
    pub(crate) fn not_written(self) -> Erreur {
        self.late(Phase::Ecriture, self.deadline)
    }

    fn late(self, phase: Phase, delai: Duration) -> Erreur {
        Erreur::Delai(Box::new(Delai {
            phase,
            delai,
            commande: None,
            lien: self.link.into(),
            a_pu_etre_executee: false,
            etape: None,
            derriere: None,
        }))
    }

    /// The error of a call that failed at the peer.
    pub(crate) fn remote<E>(
        self,
        code: FailureCode,
        text: Box<str>,
        signatures: Signatures<'_>,
    ) -> Erreur<E> {
        let Signatures { ours, sent, accepted, unknown, declared } = signatures;
        let texte = match code {
            FailureCode::Signature if !ours.is_empty() => differing(&text, ours).into(),
            _ => text,
        };
        Erreur::Distante(Box::new(Distante {
            commande: self.command.into(),
            lien: self.link.into(),
            nature: NatureDistante::from_code(code),
            texte,
            empreinte: sent,
            empreintes_acceptees: accepted,
            argument_inconnu: unknown.map(Into::into),
            declaree: declared,
        }))
    }
}

/// What is known about both sides' signatures when a command has failed at the peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures<'a> {
    /// The signature that this side knows; empty if it knows none.
    pub(crate) ours: &'a str,
    /// The fingerprint that the command was sent with.
    pub(crate) sent: u32,
    /// The fingerprints that the peer accepts, if the peer has listed them.
    pub(crate) accepted: Box<[u32]>,
    /// The first argument that the peer does not know, if it accepts a message without it.
    pub(crate) unknown: Option<&'static str>,
    /// The command's declaration on this side.
    pub(crate) declared: Declaration,
}

/// What was waited for, where the command was, and which command it may have waited behind.
fn phase_of(phase: link::WaitedFor) -> (Phase, Option<Etape>, Option<Box<str>>) {
    let Whereabouts { stage, behind } = match phase {
        link::WaitedFor::Window => return (Phase::Fenetre, Some(Etape::Fenetre), None),
        link::WaitedFor::Unheard => return (Phase::Fenetre, Some(Etape::SansEcoute), None),
        link::WaitedFor::Silence => return (Phase::Flux, None, None),
        link::WaitedFor::Taker => return (Phase::Argument, None, None),
        link::WaitedFor::CatchUp => return (Phase::Rattrapage, None, None),
        link::WaitedFor::Answer(place) => place,
    };
    let etape = match stage {
        Stage::Outbox => Etape::Envoi,
        Stage::Unheard => Etape::SansReponse,
        Stage::Passed => Etape::Depassee,
        Stage::Running => Etape::EnCours,
        Stage::Unstarted => Etape::NonCommencee,
        Stage::NotListened => Etape::NonEcoutee,
        Stage::Sent if behind == Behind::Messages => Etape::DerriereDesMessages,
        Stage::Sent => Etape::Envoyee,
    };
    let derriere = match behind {
        Behind::Call(command) => Some(asked::name(command)),
        Behind::Messages | Behind::Nothing => None,
    };
    (Phase::Reponse, Some(etape), derriere)
}

/// The text about two signatures that differ, and what to do. How a type is written never matters.
fn differing(there: &str, here: &str) -> String {
    const ADVICE: &str = "let both sides use one declaration, best from a crate that they share; \
                          a type of the program's own counts by its name, its fields and its variants";
    if there == here {
        format!("the same words stand for other types there: `{here}`; {ADVICE}")
    } else {
        format!("there `{there}`, here `{here}`; {ADVICE}")
    }
}

/// What is known of a stop that the drop of the last handle had begun.
const LET_GO: &str = "its last handle had been dropped, which leaves a second or so";

/// The error of a connection that has ended. `about` is the command concerned, and whether it may
/// have run.
pub(crate) fn ended<E>(ending: &Ending, lien: &str, about: Option<(&str, bool)>) -> Erreur<E> {
    Erreur::Fermee(Box::new(end_of(ending, lien, about)))
}

/// How a connection has ended; `about` as for [`ended`].
pub(crate) fn end_of(ending: &Ending, lien: &str, about: Option<(&str, bool)>) -> Fermee {
    let (raison, texte) = match ending {
        Ending::Finished { .. } => (RaisonFin::Terminee, ""),
        Ending::Idle { text } => (RaisonFin::Inactivite, &**text),
        Ending::LetGo { .. } => (RaisonFin::DelaiDeGrace, LET_GO),
        Ending::Here { reason, text } => (RaisonFin::from_reason(*reason, true), &**text),
        Ending::Peer { reason, text } => (RaisonFin::of_peer(*reason, text), &**text),
        Ending::Cut { text, .. } => (RaisonFin::Coupee, &**text),
    };
    Fermee {
        commande: about.map(|(commande, _)| commande.into()),
        lien: lien.into(),
        raison,
        ici: ending.is_here(),
        texte: texte.into(),
        a_pu_etre_executee: about.is_some_and(|(_, may_have_run)| may_have_run),
    }
}
