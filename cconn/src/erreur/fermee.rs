//! Why a connection has ended.

use std::fmt;

use thiserror::Error;

use super::detail;
use crate::text::Harmless;
use crate::wire::EndReason;

/// The connection has ended.
#[doc(alias("Disconnected"))]
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias = "Closed")]
#[non_exhaustive]
pub struct Fermee {
    /// The command that was under way or was to be sent, if the error is about one.
    pub commande: Option<Box<str>>,
    /// The connection.
    pub lien: Box<str>,
    /// Why the connection ended.
    pub raison: RaisonFin,
    /// Whether this side ended the connection: its program, or one of its limits. Of an orderly
    /// stop, whether this side asked for it, whatever the peer did.
    #[doc(alias("local", "by_us"))]
    #[doc(alias = "here")]
    pub ici: bool,
    /// What is known beyond the reason, for people to read; may be empty.
    pub texte: Box<str>,
    /// Whether the command may have run.
    pub a_pu_etre_executee: bool,
}

impl fmt::Display for Fermee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(commande) = &self.commande {
            write!(f, "command `{}`: ", Harmless(commande))?;
        }
        write!(f, "the connection {} has ended: ", self.lien)?;
        match self.raison.text_by(self.ici) {
            Some(text) => f.write_str(text)?,
            None => self.raison.fmt(f)?,
        }
        f.write_str(&detail(&self.texte))?;
        match (&self.commande, self.a_pu_etre_executee) {
            (Some(_), true) => f.write_str(" (the command may have run)"),
            (Some(_), false) => f.write_str(" (the command was not sent)"),
            (None, _) => Ok(()),
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "EndReason")]
#[non_exhaustive]
pub enum RaisonFin {
    /// Both sides said goodbye.
    #[doc(alias = "Finished")]
    Terminee,
    /// This side closed it: its program called `close` or `expulser`, or dropped its last handle; or a
    /// server gave the place of an unused client to another.
    #[doc(alias = "ClosedHere")]
    FermeeIci,
    /// The peer closed it: its program called `close`, or dropped its last handle.
    #[doc(alias = "ClosedByPeer")]
    FermeeParLePair,
    /// The peer's program sent this side away with [`expulser`](crate::Client::expulser); the text
    /// gives the reason.
    #[doc(alias = "Kicked")]
    Expulsee,
    /// The stream ended or broke without a goodbye.
    #[doc(alias = "Cut")]
    Coupee,
    /// One side took no bytes for the whole of the other's `delai_ecriture`.
    #[doc(alias = "SlowPeer")]
    PairLent,
    /// A message began to arrive and was not complete in its time.
    #[doc(alias = "SlowFrame")]
    TrameLente,
    /// One side sent bytes that break the protocol.
    #[doc(alias = "Protocol")]
    Protocole,
    /// The grace period of a stop ran out.
    #[doc(alias = "GracePeriod")]
    DelaiDeGrace,
    /// This side sent the peer away, because nothing was asked on the connection for the whole of
    /// [`delai_inactivite`](crate::OptionsServeur::delai_inactivite). The peer is told
    /// [`Expulsee`](RaisonFin::Expulsee).
    #[doc(alias = "Idle")]
    Inactivite,
    /// The peer ended the connection, for a reason whose number this version of the library does
    /// not know.
    #[doc(alias = "Other")]
    Autre(u16),
}

impl fmt::Display for RaisonFin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RaisonFin::Autre(number) => {
                let text = "which this side does not know";
                return write!(f, "the peer ended it for reason {number}, {text}");
            }
            RaisonFin::Terminee => "it was stopped in an orderly way",
            RaisonFin::FermeeIci => "this side closed it",
            RaisonFin::FermeeParLePair => "the peer closed it",
            RaisonFin::Expulsee => "the peer sent this side away",
            RaisonFin::Coupee => "it was cut without a goodbye",
            RaisonFin::PairLent => "one side took no bytes for the whole write deadline",
            RaisonFin::TrameLente => "a message was begun and not finished in its time",
            RaisonFin::Protocole => "bytes came that break the protocol",
            RaisonFin::DelaiDeGrace => "the grace period of an orderly stop ran out",
            RaisonFin::Inactivite => {
                "this side sent the peer away at the end of `delai_inactivite`"
            }
        })
    }
}

impl RaisonFin {
    /// The text where it is known whether this side ended the connection, for the reasons that
    /// either side may have.
    fn text_by(self, here: bool) -> Option<&'static str> {
        Some(match (self, here) {
            (RaisonFin::Terminee, true) => "it was stopped in an orderly way, as this side asked",
            (RaisonFin::Terminee, false) => "it was stopped in an orderly way, as the peer asked",
            (RaisonFin::PairLent, true) => {
                "this side cut it, because the peer took no bytes for the whole of `delai_ecriture`"
            }
            (RaisonFin::PairLent, false) => {
                "the peer cut it, because this side took no bytes for the whole of the peer's \
                 `delai_ecriture`"
            }
            (RaisonFin::TrameLente, true) => {
                "this side cut it, because a message of the peer's was begun and not finished in \
                 its time (`delai_lecture`)"
            }
            (RaisonFin::TrameLente, false) => {
                "the peer cut it, because a message of this side's was begun and not finished in \
                 its time (the peer's `delai_lecture`)"
            }
            (RaisonFin::Protocole, true) => {
                "this side cut it, because bytes came that break the protocol"
            }
            (RaisonFin::Protocole, false) => {
                "the peer cut it, because the bytes that it received break the protocol"
            }
            (RaisonFin::DelaiDeGrace, true) => {
                "this side cut it, because its orderly stop was not finished within `delai_arret`"
            }
            (RaisonFin::DelaiDeGrace, false) => {
                "the peer cut it, because its orderly stop was not finished within the peer's \
                 `delai_arret`"
            }
            _ => return None,
        })
    }

    /// The reason of a connection that the peer ended, with the peer's text.
    pub(crate) fn of_peer(reason: EndReason, text: &str) -> Self {
        if reason == EndReason::Closed && !text.is_empty() {
            return RaisonFin::Expulsee;
        }
        RaisonFin::from_reason(reason, false)
    }

    pub(crate) fn from_reason(reason: EndReason, here: bool) -> Self {
        match reason {
            EndReason::Finished => RaisonFin::Terminee,
            EndReason::Closed if here => RaisonFin::FermeeIci,
            EndReason::Closed => RaisonFin::FermeeParLePair,
            EndReason::SlowPeer => RaisonFin::PairLent,
            EndReason::SlowFrame => RaisonFin::TrameLente,
            EndReason::GraceOver => RaisonFin::DelaiDeGrace,
            // [adieu.reports-only]
            EndReason::NotCconn
            | EndReason::Version
            | EndReason::Protocol
            | EndReason::FrameTooLarge
            | EndReason::Window
            | EndReason::Codec => RaisonFin::Protocole,
            // [adieu.unknown]
            EndReason::Other(number) => RaisonFin::Autre(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_an_end_by_a_limit_names_the_side_and_the_setting() {
        let limits = [
            (RaisonFin::PairLent, "`delai_ecriture`"),
            (RaisonFin::TrameLente, "`delai_lecture`"),
            (RaisonFin::DelaiDeGrace, "`delai_arret`"),
        ];
        for (raison, setting) in limits {
            for (ici, side) in [(true, ": this side cut it, "), (false, ": the peer cut it, ")] {
                let (lien, texte) = ("local (#1)".into(), "".into());
                let a_pu_etre_executee = false;
                let end = Fermee { commande: None, lien, raison, ici, texte, a_pu_etre_executee };
                let text = end.to_string();
                assert!(text.contains(side) && text.contains(setting), "{text}");
                assert_ne!(raison.to_string(), text);
            }
        }
    }
}
