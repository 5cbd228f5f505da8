//! Commands on the receiving side: their descriptions, the code that runs them, and the table of
//! them.
//!
//! This module knows one connection as `link` and `Client`, and no server: a server adds itself to
//! the context of a command as an opaque value.

mod arguments;
mod around;
mod builtin;
mod closure;
mod collected;
mod declared;
mod etat;
mod fed;
mod fence;
mod figures;
mod given;
mod hooks;
mod list;
mod promesse;
mod provide;
mod registered;
mod registration;
mod registry;
mod runner;
mod session;
mod shelf;
mod shown;
mod stream;
mod tally;
mod telling;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::client::Client;
use crate::link::ItemSink;
use crate::message::{Reply, Sealed, Signature};
use crate::wire::Answering;

pub use arguments::{
    Fault, Input, ReadNever, ReadSerde, ReceivedArgument, SentArgument, Slot, ValidAnswer,
};
pub(crate) use around::Around;
pub use around::{Execution, Issue};
pub use builtin::Integree;
pub(crate) use builtin::{SwitchedOff, described, present};
pub use closure::{ByEither, ByLink, ByValue, OwnedArgument, Recus, Retour};
pub use collected::{ByDefault, InBody, Module, ModuleProbe, Nowhere, check_listed};
pub use declared::{Declared, DeclaredArgument, check_arguments, same_answer};
pub use etat::{Besoin, Etat, HandedIn, Made, NotMade, Session, handed_in};
pub use fed::OpenNever;
pub(crate) use fence::fence;
pub(crate) use figures::{Census, Reader, TakeCensus};
pub(crate) use given::Given;
pub(crate) use hooks::{EndHook, Hooks};
pub(crate) use list::PLACEHOLDER;
pub use list::{
    Commandes, Liste, Partout, Scope, ServeurSeul, SurClient, Where, distinct, joined, list,
    server_only, total,
};
pub use promesse::{Promesse, promise};
pub(crate) use provide::Lien;
pub(crate) use registry::Registry;
pub(crate) use runner::{Hands, end_sessions, runner};
pub use stream::{ReturnedFlux, StreamForm, stream};
pub(crate) use telling::{TELLS, begin_connection, end_connection, refused};

/// A command with a body on this side, so that it can be registered.
///
/// [`commande`](macro@crate::commande) implements it for the struct that it makes.
#[doc(alias = "Command")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command that can be registered here",
    label = "not a command with a body",
    note = "a command is a function with a body under `#[commande]`: write the attribute above it",
    note = "without a body it is only declared, for messages to a peer that has it"
)]
pub trait Commande: Sealed {
    /// Where the command can be registered: [`Partout`] or [`ServeurSeul`].
    #[doc(alias = "Scope")]
    type Portee;

    /// The command's description.
    const DESCRIPTION: Description;
}

/// Everything known about a command before it runs.
#[doc(alias = "entry")]
#[derive(Clone, Copy)]
pub struct Description {
    /// The name on the wire.
    #[doc(alias = "name")]
    pub nom: &'static str,
    /// The arguments and the answer, for people to read.
    pub signature: &'static str,
    /// The text of the function's doc comment.
    pub doc: &'static str,
    /// Earlier names, under which the command can still be called.
    #[doc(alias("deprecated_names", "aliases"))]
    pub alias: &'static [&'static str],
    /// Whether the command may run beside other commands of its connection.
    #[doc(alias = "parallel")]
    pub parallele: bool,
    /// Whether only a server can run the command.
    #[doc(alias = "server_only")]
    pub serveur_seul: bool,
    /// The hash of the name; the wire carries it instead of the name.
    /// Whether the command answers with a stream.
    #[doc(hidden)]
    pub flux: StreamForm,
    #[doc(hidden)]
    pub hash: u64,
    #[doc(hidden)]
    pub declared: Option<fn() -> &'static Signature>,
    #[doc(hidden)]
    pub besoins: &'static [Besoin],
    /// Says whether a peer may call the command. It is asked before the arguments are decoded.
    #[doc(alias = "guard")]
    pub garde: Option<Garde>,
    #[doc(hidden)]
    pub run: RunFn,
}

/// A function that says whether the peer of a connection may call a command.
#[doc(alias = "Guard")]
pub type Garde = fn(&Client) -> bool;

/// A function that decodes the arguments, runs the command and encodes the answer.
pub type RunFn = for<'de> fn(&Context<'_>, Input<'de>, &mut Answering) -> Result<Reply, Fault>;

impl fmt::Debug for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Description")
            .field("nom", &self.nom)
            .field("signature", &self.signature)
            .field("parallele", &self.parallele)
            .finish_non_exhaustive()
    }
}

/// Everything that a command receives besides its arguments.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The connection that the command came by.
    pub(crate) client: &'a Client,
    /// The server, if the connection belongs to one, and state and sessions.
    pub(crate) hands: &'a Hands,
    /// The way to answer with a stream, if the caller expects one.
    pub(crate) stream: Option<&'a dyn ItemSink>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("client", self.client)
            .field("serveur", &self.hands.serveur.is_some())
            .finish()
    }
}
