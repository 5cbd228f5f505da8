//! What was refused on this side: messages not sent, values not encoded, commands not registered.

use std::error::Error;
use std::fmt;

use thiserror::Error;

use super::Depart;
use crate::text::{Harmless, counted, verb};

/// By a rule of this side a message was not sent, or a call that was sent can't be waited for.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}{lien}: {raison}", what_became(commande, *.item, *.a_pu_etre_executee))]
#[doc(alias = "NotSent")]
#[non_exhaustive]
pub struct NonEnvoyee {
    /// The command's name; empty if the error is about no command.
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    /// The rule that refused it.
    pub raison: RaisonNonEnvoi,
    /// Whether the command may have run: true only if it was sent with `differer` and its answer
    /// can't be waited for.
    pub a_pu_etre_executee: bool,
    /// Whether it is an item of a stream that was not sent.
    pub(crate) item: bool,
}

fn what_became(commande: &str, item: bool, sent: bool) -> String {
    let name = Harmless(commande);
    match (commande, sent) {
        ("", _) if item => "an item was not sent on ".to_owned(),
        (_, _) if item => format!("an item of command `{name}` was not sent on "),
        ("", _) => String::new(),
        (_, true) => format!("command `{name}` was sent and can't be waited for on "),
        (_, false) => format!("command `{name}` was not sent on "),
    }
}

/// The text about the limit of commands that may wait.
fn waiting(limit: usize) -> String {
    if limit == 0 {
        return "no command of this connection may wait for a peer: `max_attentes` is 0".into();
    }
    let (commands, wait) = (counted(limit, "command"), verb(limit, "waits", "wait"));
    format!(
        "{commands} of this connection {wait} for a peer already; raise `max_attentes`, or let \
         commands return before what they asked for is answered (`differer`, `Promesse`)"
    )
}

/// Why a message was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "NotSentReason")]
#[non_exhaustive]
pub enum RaisonNonEnvoi {
    /// The message is larger than the peer accepts.
    #[doc(alias = "TooLarge")]
    TropGrande {
        /// Size of the frame, in bytes.
        taille: usize,
        /// The peer's limit, in bytes.
        limite: usize,
    },
    /// The call is nested deeper than the limit.
    #[doc(alias = "TooDeep")]
    TropProfonde {
        /// The deepest level allowed.
        limite: usize,
    },
    /// The limit of commands of one connection that may wait for a peer is reached.
    #[doc(alias = "TooManyWaiting")]
    TropDAttentes {
        /// How many may wait.
        limite: usize,
    },
    /// The limit of calls without an answer is reached.
    #[doc(alias = "TooManyCalls")]
    TropDAppels {
        /// How many may be under way.
        limite: usize,
    },
    /// The peer's window or the outbox is full, and a message of `essayer`, `essayer_appel` or
    /// `diffuser` does not wait for room.
    #[doc(alias = "NoRoom")]
    SansPlace,
    /// `rattraper` was called inside a command of the same connection, which is one of the commands
    /// it would wait for.
    #[doc(alias = "InsideCommand")]
    DansUneCommande,
    /// The hook `quand_retablie` used the `ClientPersistant` that waits for the hook.
    #[doc(alias = "InsideHook")]
    DansLeRetour,
    /// The command answers with a stream, and `envoyer`, `essayer` and `diffuser` take no answer.
    #[doc(alias = "Stream")]
    Flux,
    /// The channel holds as much as it may, and its items may not wait for room.
    #[doc(alias = "ChannelFull")]
    CanalPlein,
    /// The channel holds as much as it may, and nobody takes its items yet: a command can't wait
    /// until it has returned the stream itself.
    #[doc(alias = "ChannelNotOpen")]
    CanalPasOuvert,
    /// The channel was ended before, with [`finir`](crate::flux::Emetteur::finir) or
    /// [`echouer`](crate::flux::Emetteur::echouer).
    #[doc(alias = "ChannelFinished")]
    CanalFini,
    /// Nobody takes the channel's items any more.
    #[doc(alias("ConsumerGone", "Disconnected"))]
    ConsommateurParti {
        /// Why.
        depart: Depart,
    },
    /// An argument is a stream, and the message gets no answer, which would say when the stream is
    /// over: send it with a verb that calls, such as [`Client::appeler`](crate::Client::appeler) or
    /// [`Client::differer`](crate::Client::differer).
    #[doc(alias = "StreamArgument")]
    FluxEnArgument,
    /// An argument is a stream that was sent before: a message that holds one is sent once.
    #[doc(alias = "StreamSent")]
    FluxEnvoye,
    /// An argument is a stream of an iterator, and the thread that it needs could not be started:
    /// the answer is a stream too, or is waited for later.
    #[doc(alias = "NoThread")]
    SansThread,
    /// A closure of `Attente::quand_prete`, or a waker, would have had to wait.
    #[doc(alias = "InsideCallback")]
    DansUnRappel,
    /// The connection is being stopped, by this side or by the other.
    #[doc(alias = "Shutdown")]
    Arret,
}

impl fmt::Display for RaisonNonEnvoi {
    #[expect(clippy::too_many_lines, reason = "a text for each reason")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            RaisonNonEnvoi::TropGrande { taille, limite } => {
                return write!(
                    f,
                    "it takes {taille} bytes, and the peer accepts at most {limite}; \
                     send it in parts, or raise `taille_max` on the other side"
                );
            }
            RaisonNonEnvoi::TropProfonde { limite } => {
                return write!(
                    f,
                    "it would be nested more than {limite} deep; do two commands call each other \
                     without an end? If not, raise `profondeur_max`"
                );
            }
            RaisonNonEnvoi::TropDAttentes { limite } => return f.write_str(&waiting(limite)),
            RaisonNonEnvoi::TropDAppels { limite } => {
                let (calls, wait) = (counted(limite, "call"), verb(limite, "waits", "wait"));
                return write!(f, "{calls} {wait} for an answer already; claim some first");
            }
            RaisonNonEnvoi::SansPlace => {
                "the peer does not keep up, and it would have had to wait; \
                 try again later, or wait with `envoyer` or `appeler`"
            }
            RaisonNonEnvoi::DansUneCommande => {
                "a command can't wait until all that had arrived is handled, for it is part of \
                 that; call `rattraper` outside of this connection's commands"
            }
            RaisonNonEnvoi::DansLeRetour => {
                "the hook `quand_retablie` would wait for itself; \
                 call through the client that the hook is given"
            }
            RaisonNonEnvoi::Flux => {
                "the command answers with a stream, which nobody would take; send it with \
                 `appeler` or `differer`"
            }
            RaisonNonEnvoi::FluxEnArgument => {
                "an argument is a stream, which lasts until there is an answer; send it with \
                 `appeler` or `differer`"
            }
            RaisonNonEnvoi::FluxEnvoye => {
                "an argument is a stream that was sent before; make a new message with a new stream"
            }
            RaisonNonEnvoi::SansThread => {
                "no thread could be started for the items of its arguments; \
                 try again later, or let a channel (`Flux::canal`) have the items"
            }
            RaisonNonEnvoi::CanalPlein => {
                "the channel is full, and its settings let no item wait; \
                 try again later, or see `SiPlein`"
            }
            RaisonNonEnvoi::CanalPasOuvert => {
                "the channel is full and not opened yet, for a stream opens when its command has \
                 returned it; return the `Flux` first, or make the channel larger"
            }
            RaisonNonEnvoi::CanalFini => "the channel was ended before, by `finir` or `echouer`",
            RaisonNonEnvoi::ConsommateurParti { depart } => {
                return write!(f, "nobody takes items any more: {depart}");
            }
            RaisonNonEnvoi::DansUnRappel => {
                "a closure of `quand_prete`, or a waker, may not wait, for it is run by a thread \
                 that routes answers; use `differer` and `quand_prete` there, or another thread"
            }
            RaisonNonEnvoi::Arret => "the connection is being stopped",
        })
    }
}

/// A value could not be encoded or decoded on this side.
#[derive(Debug)]
#[doc(alias = "CodecError")]
#[non_exhaustive]
pub struct Codage {
    /// The command's name.
    pub commande: Box<str>,
    /// The connection.
    pub lien: Box<str>,
    pub(crate) what: &'static str,
    pub(crate) verb: &'static str,
    /// What is wrong with the value or its bytes.
    pub cause: Box<dyn Error + Send + Sync>,
    /// Whether the command may have run.
    pub a_pu_etre_executee: bool,
}

impl fmt::Display for Codage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Codage { commande, lien, what, verb, cause, .. } = self;
        let commande = Harmless(commande);
        write!(f, "command `{commande}` on {lien}: {what} could not be {verb}: {cause}")
    }
}

/// The text includes the cause, so the source is the cause of that cause.
impl Error for Codage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

/// Commands could not be registered.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[doc(alias = "RegisterError")]
#[non_exhaustive]
pub enum Enregistrement {
    /// A command of that name is registered already.
    #[error("command `{}` is registered already; each name can be given once", Harmless(commande))]
    #[non_exhaustive]
    #[doc(alias = "Duplicate")]
    Double {
        /// The name.
        commande: Box<str>,
    },
    /// Two names have the same hash on the wire.
    #[error(
        "commands `{}` and `{}` have the same hash on the wire; rename one of them",
        Harmless(commande),
        Harmless(autre)
    )]
    #[non_exhaustive]
    Collision {
        /// The command that was to be registered.
        commande: Box<str>,
        /// The command that is registered already.
        autre: Box<str>,
    },
    /// An earlier name of a command (`alias`) is a name of another command too.
    #[error(
        "commands `{}` and `{}` can both be called as `{}`; remove one alias, or rename a command",
        Harmless(commande),
        Harmless(autre),
        Harmless(alias)
    )]
    #[non_exhaustive]
    Alias {
        /// The command that was to be registered.
        commande: Box<str>,
        /// The command that is registered already, or comes before in the list.
        autre: Box<str>,
        /// The name that both have.
        alias: Box<str>,
    },
    /// The name begins with `cconn.`, like those of the commands that this library brings along.
    #[error(
        "command `{}`: names that begin with `cconn.` are reserved; rename it",
        Harmless(commande)
    )]
    #[doc(alias = "Reserved")]
    #[non_exhaustive]
    Reservee {
        /// The name.
        commande: Box<str>,
    },
    /// A type of the command is not read as it is written.
    #[error("command `{}` can't be registered: {texte}", Harmless(commande))]
    #[non_exhaustive]
    #[doc(alias = "UnsupportedTypes")]
    Types {
        /// The command.
        commande: Box<str>,
        /// The type, and what to write instead.
        texte: Box<str>,
    },
    /// The connection has ended, or the server has been stopped: nothing runs any more.
    #[error("nothing can be registered any more: the connection or the server has ended")]
    #[doc(alias = "Ended")]
    Finie,
    /// The name is empty.
    #[error("a command needs a name")]
    #[doc(alias = "Unnamed")]
    SansNom,
}

impl Enregistrement {
    pub(crate) fn commande(&self) -> &str {
        match self {
            Enregistrement::Double { commande }
            | Enregistrement::Collision { commande, .. }
            | Enregistrement::Alias { commande, .. }
            | Enregistrement::Reservee { commande }
            | Enregistrement::Types { commande, .. } => commande,
            Enregistrement::SansNom | Enregistrement::Finie => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_that_lets_nobody_wait_is_named() {
        let text = |limite| RaisonNonEnvoi::TropDAttentes { limite }.to_string();
        assert!(text(0).contains("`max_attentes` is 0"), "{}", text(0));
        assert!(
            text(1).starts_with("1 command of this connection waits for a peer already; raise")
        );
        assert!(
            text(2).starts_with("2 commands of this connection wait for a peer already; raise")
        );
    }
}
