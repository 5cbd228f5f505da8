//! Items that generated code needs. Programs must not use them: no promise is made about them.

pub use ::core::option::Option::{self, None, Some};
pub use ::core::primitive::{bool, str, u8, u32, u64, usize};
pub use ::core::result::Result::{self, Err, Ok};
pub use ::core::{concat, fmt, module_path};
pub use ::std::string::String;
pub use ::std::vec::Vec;

pub use cconn_macros::{Code, commandes as list_of_functions_with_the_attribute_commande};

pub use crate::client::Client;
pub use crate::commande::{
    Besoin, ByDefault, ByEither, ByLink, ByValue, Commande, Commandes, Context, Declared,
    DeclaredArgument, Description, Fault, HandedIn, InBody, Input, Made, Module, ModuleProbe,
    NotMade, Nowhere, OpenNever, Partout, ReadNever, ReadSerde, ReceivedArgument, ReturnedFlux,
    RunFn, Scope, SentArgument, ServeurSeul, Slot, StreamForm, ValidAnswer, Where, check_arguments,
    check_listed, distinct, handed_in, joined, list, promise, same_answer, server_only, stream,
    total,
};
pub use crate::erreur::Jamais;
pub use crate::message::hash;
pub use ::serde;

use crate::message::no_value;
pub use crate::message::{
    Absent, AbsentByDefault, AnswerKind, AnswerProbe, AnswerReader, Appel, Arg, ArgumentOf,
    ArgumentWriter, DefaultBytes, Entete, FedArgument, FluxOf, LendNever, LendSerde, Lent, Message,
    NeverAbsent, Plain, PlainByDefault, Probe, ProbeNothing, Probed, Reply, Returned, Sealed,
    Signature, Streams, TakeNever, TypeOf, ValueByDefault, ValueError, Whole, WriteNever,
    WriteSerde, answer_kind, print,
};
pub use crate::serveur::Serveur;
pub use crate::wire::Answering as Output;

/// The connection that a command came by.
pub fn client<'a>(context: &Context<'a>) -> &'a Client {
    context.client
}

/// The server that a command runs on; a fault if it runs on a connection without one.
pub fn serveur<'a>(context: &Context<'a>) -> Result<&'a Serveur, Fault> {
    context
        .hands
        .serveur
        .as_deref()
        .and_then(|serveur| serveur.downcast_ref())
        .ok_or_else(Fault::no_server)
}

/// Encodes the value that a command returned.
#[inline]
pub fn answer<const KIND: u8, R: Returned<KIND>>(returned: R, out: &mut Output) -> Reply {
    returned.reply(out)
}

/// Checks that a type can be an argument of a command with a body.
pub const fn check_received<'de, T: ReceivedArgument<'de>>() {}

/// Checks that a type can be an argument of a command that is only declared.
pub const fn check_sent<T: SentArgument>() {}

/// Checks that a type can be an argument that is a stream.
pub const fn check_fed<T: FedArgument>() {}

/// Checks that a type can be an answer.
pub const fn check_answer<const KIND: u8, T: ValidAnswer<KIND>>() {}

/// Makes the process behave as on a processor that copies slowly to some places, or as on another
/// processor. For measuring on one kind of processor what happens on the other.
pub fn assume_slow_places(slow: bool) {
    crate::copy::assume_slow_places(slow);
}

/// The type of an argument whose own type is a mistake.
#[derive(Debug)]
pub enum Invalid {}

/// The answer of a command whose answer type is a mistake.
pub fn invalid<T>() -> Result<T, ValueError> {
    no_value()
}

/// The description of a command with a mistake.
pub const INVALID: Description = crate::commande::PLACEHOLDER;

/// Formats a message like a derived `Debug` would, though some fields may have no `Debug`.
pub fn debug(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    fields: &[(&str, &dyn fmt::Debug)],
) -> fmt::Result {
    let mut shown = f.debug_struct(name);
    for (name, field) in fields {
        shown.field(name, field);
    }
    shown.finish()
}

/// A field of a message, shown if its type has `Debug`.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'x, T: ?Sized>(pub &'x T);

/// Shows a field whose type has `Debug`.
pub trait ShowDebug<'x> {
    /// The field.
    fn __cconn_show(self) -> &'x dyn fmt::Debug;
}

impl<'x, T: fmt::Debug> ShowDebug<'x> for Shown<'x, T> {
    fn __cconn_show(self) -> &'x dyn fmt::Debug {
        self.0
    }
}

/// Shows a mark in place of a field without `Debug`.
pub trait ShowNothing {
    /// The mark.
    fn __cconn_show(&self) -> &'static dyn fmt::Debug;
}

impl<T: ?Sized> ShowNothing for Shown<'_, T> {
    fn __cconn_show(&self) -> &'static dyn fmt::Debug {
        &Blank
    }
}

struct Blank;

impl fmt::Debug for Blank {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// The type that a path in a list means if it leads to no message.
pub mod absent {
    /// A function without `#[commande]`.
    #[derive(Debug)]
    pub struct PlainFunction;
}
