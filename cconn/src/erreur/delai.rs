//! Deadlines that passed.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

use crate::text::Harmless;

/// A deadline passed.
#[doc(alias("Elapsed", "DeadlineExceeded"))]
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias = "Timeout")]
#[non_exhaustive]
pub struct Delai {
    /// What was waited for.
    pub phase: Phase,
    /// How long it was waited for.
    pub delai: Duration,
    /// The command, if the wait was about one.
    pub commande: Option<Box<str>>,
    /// The connection.
    pub lien: Box<str>,
    /// Whether the command may have run, or may yet run. False is certain.
    pub a_pu_etre_executee: bool,
    /// Where the command was when the deadline passed, as far as this side knows; `None` if the
    /// wait was about no command.
    pub etape: Option<Etape>,
    /// The command of an earlier call on this connection that has no answer either. Commands start
    /// in order, so this command may have waited for it.
    #[doc(alias = "behind")]
    pub derriere: Option<Box<str>>,
}

impl fmt::Display for Delai {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(commande) = &self.commande {
            write!(f, "command `{}` on {}: ", Harmless(commande), self.lien)?;
        } else {
            write!(f, "{}: ", self.lien)?;
        }
        let (what, hint) = self.phase.text();
        write!(f, "{what} after {:?}{hint}", self.delai)?;
        let withdrawn = self.etape.is_some_and(Etape::is_withdrawn);
        if let Some(derriere) = &self.derriere {
            let derriere = Harmless(derriere);
            if withdrawn {
                return write!(
                    f,
                    "; it had not been started there and never will be, for `{derriere}` was running (it has not run)"
                );
            }
            write!(f, "; it may wait behind `{derriere}`, sent before it and not answered")?;
        }
        f.write_str(self.etape.map_or("", Etape::text))?;
        match (&self.commande, self.a_pu_etre_executee) {
            (Some(_), true) => f.write_str(" (it may have run)"),
            (Some(_), false) if withdrawn => f.write_str(" (it has not run)"),
            (Some(_), false) => f.write_str(" (it was not sent)"),
            (None, _) => Ok(()),
        }
    }
}

/// Where a command was when its deadline passed, as far as its sender knows.
#[doc(alias = "Stage")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Etape {
    /// The command waited for room, in the peer's window or in the outbox here. It was not sent and
    /// never runs.
    #[doc(alias = "Window")]
    Fenetre,
    /// The command waited for room at a client that has taken up none of the commands sent to it. It
    /// was not sent and never runs. Such a client most likely neither calls
    /// [`ecouter`](crate::Client::ecouter) nor runs [`lancer`](crate::Client::lancer).
    #[doc(alias = "NotListening")]
    SansEcoute,
    /// The command waited here to be written, because the peer takes no bytes. It never runs.
    #[doc(alias = "Outbox")]
    Envoi,
    /// The command was sent. The peer may be running it, or running something else first.
    #[doc(alias = "Sent")]
    Envoyee,
    /// The command was sent after one-way messages, which it may have waited for at the peer.
    #[doc(alias = "BehindMessages")]
    DerriereDesMessages,
    /// The command was sent to a client that has answered nothing yet. A client that neither calls
    /// [`ecouter`](crate::Client::ecouter) nor runs [`lancer`](crate::Client::lancer) nor waits for
    /// an answer runs no commands.
    #[doc(alias = "Unheard")]
    SansReponse,
    /// The command was sent, and a later call has been answered: so the peer most likely started
    /// it.
    #[doc(alias = "Passed")]
    Depassee,
    /// Shortly before the deadline the peer said that it had not started the command, and withdrew
    /// it: the command never runs. [`Delai::derriere`] names the command that ran there instead, if
    /// that is known.
    #[doc(alias = "Unstarted")]
    NonCommencee,
    /// Shortly before the deadline the peer said that it had not started the command, because it
    /// runs no commands at all, and withdrew it: the command never runs. The peer's program should
    /// call [`ecouter`](crate::Client::ecouter) or run [`lancer`](crate::Client::lancer).
    #[doc(alias = "NotListened")]
    NonEcoutee,
    /// Shortly before the deadline the peer said that it had started the command.
    #[doc(alias = "Running")]
    EnCours,
}

impl Etape {
    /// Whether the command was sent, and is certain never to run.
    fn is_withdrawn(self) -> bool {
        matches!(self, Etape::NonCommencee | Etape::NonEcoutee)
    }

    fn text(self) -> &'static str {
        match self {
            Etape::Fenetre | Etape::Envoyee => "",
            Etape::Envoi => "; no byte of it had left, for the peer takes none",
            Etape::DerriereDesMessages => {
                "; it may wait behind messages that were sent before it with `envoyer`"
            }
            Etape::SansEcoute => {
                "; the peer has taken up nothing yet: does it call `ecouter`, or run `lancer`?"
            }
            Etape::SansReponse => {
                "; the peer has answered nothing yet: does it call `ecouter`, or run `lancer`?"
            }
            Etape::NonCommencee => "; it had not been started there and never will be",
            Etape::NonEcoutee => {
                "; the peer runs no commands: does it call `ecouter`, or run `lancer`?"
            }
            Etape::EnCours => "; it was running there",
            Etape::Depassee => {
                "; a later call was answered meanwhile, so it was most likely started"
            }
        }
    }
}

/// What a deadline was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Connecting.
    #[doc(alias = "Connect")]
    Connexion,
    /// The other side's greeting.
    #[doc(alias = "Handshake")]
    Accueil,
    /// The greeting of a child process, which was killed.
    #[doc(alias = "ChildHandshake")]
    AccueilEnfant,
    /// Room in the peer's window.
    #[doc(alias = "Window")]
    Fenetre,
    /// Writing what was sent.
    #[doc(alias = "Write")]
    Ecriture,
    /// The answer.
    #[doc(alias = "Answer")]
    Reponse,
    /// The next items of a stream, or its end.
    #[doc(alias = "Stream")]
    Flux,
    /// The peer to take more of an argument that is a stream.
    #[doc(alias = "StreamArgument")]
    Argument,
    /// The end of the commands that had arrived.
    #[doc(alias = "CatchUp")]
    Rattrapage,
    /// The connection of a `ClientPersistant`, which was lost and has not come back.
    #[doc(alias = "Reconnect")]
    Retour,
    /// An orderly stop.
    #[doc(alias = "Shutdown")]
    Arret,
    /// The end of a child process.
    #[doc(alias = "Child")]
    Enfant,
    /// Writing the last words to a peer that is sent away.
    #[doc(alias = "Kick")]
    Expulsion,
}

impl Phase {
    pub(super) fn ends_connection(self) -> bool {
        !matches!(
            self,
            Phase::Fenetre
                | Phase::Ecriture
                | Phase::Reponse
                | Phase::Flux
                | Phase::Argument
                | Phase::Rattrapage
                | Phase::Retour
                | Phase::Enfant
        )
    }

    /// What did not happen in time, and a hint that follows the time in the text.
    fn text(self) -> (&'static str, &'static str) {
        match self {
            Phase::Connexion => ("no connection", ""),
            Phase::Retour => ("the connection has not come back", ", and is still being tried"),
            Phase::Accueil => (
                "connected, but no greeting came",
                "; is it a cconn peer, and if it is a server, does it run `lancer`?",
            ),
            Phase::AccueilEnfant => (
                "the child has not greeted",
                ", and was killed; does it call `Serveur::depuis_parent`, and `lancer`?",
            ),
            Phase::Fenetre => ("the peer did not take up earlier commands", ""),
            Phase::Ecriture => ("the peer takes no bytes", ""),
            Phase::Reponse => ("no answer", ""),
            Phase::Flux => ("its stream brought nothing", ""),
            Phase::Argument => ("the peer took nothing more of its argument stream", ""),
            Phase::Rattrapage => ("commands that had arrived before are not handled yet", ""),
            Phase::Expulsion => (
                "the peer had not taken all that was left to say to it",
                ", and the connection was cut",
            ),
            Phase::Arret => ("not everything had ended in order", ", and what was left was cut"),
            Phase::Enfant => ("the child has not ended", ", and runs on"),
        }
    }
}
