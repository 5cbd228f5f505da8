//! Reading the arguments of a command from a received message, without copying.
//!
//! As in `message::field`, bytes and texts are recognised by type: an inherent method comes before
//! a trait's.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::codec::{CodecError, Decoder};
use crate::link::MOST_PROMISES;
use crate::message::no_value;
use crate::wire::FailureCode;

/// The arguments that have not been read yet.
pub struct Input<'de> {
    decoder: Decoder<'de>,
    /// How many arguments at the end were not sent; `None` if only the bytes tell.
    omitted: Option<u8>,
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Input").finish_non_exhaustive()
    }
}

impl<'de> Input<'de> {
    /// The arguments in a body, at whose end `omitted` were not sent; `None` if only the bytes tell.
    pub(crate) fn new(body: Body<'de>, omitted: Option<u8>) -> Self {
        Input { decoder: Decoder::new(body), omitted }
    }

    /// Whether an argument was sent that has a default, and behind which `behind` more follow.
    #[inline]
    // [arguments.omitted]
    pub fn has(&self, behind: usize) -> bool {
        match self.omitted {
            Some(omitted) => usize::from(omitted) <= behind,
            None => !self.decoder.is_at_end(),
        }
    }

    /// The decoder, for code that is not generated.
    pub(crate) fn decoder(&mut self) -> &mut Decoder<'de> {
        &mut self.decoder
    }

    /// Checks that every argument was read.
    #[inline]
    pub fn end(self) -> Result<(), Fault> {
        self.decoder.finish().map_err(|error| Fault::leftover(&error))
    }
}

/// Why a command was not run though it is registered. Boxed to one word, because the result of
/// every command has room for it.
#[derive(Debug)]
pub struct Fault(pub(super) Box<(FailureCode, String)>);

impl Fault {
    fn new(code: FailureCode, text: String) -> Self {
        Fault(Box::new((code, text)))
    }

    #[cold]
    pub(crate) fn argument(name: &dyn fmt::Display, error: &dyn fmt::Display) -> Self {
        // [arguments.bad]
        Fault::new(FailureCode::Arguments, format!("argument `{name}`: {error}"))
    }

    /// The fault of an argument that could not be decoded.
    #[cold]
    fn unread(name: &dyn fmt::Display, error: &CodecError) -> Self {
        let mut fault = Fault::argument(name, error);
        fault.0.0 = code_of(error);
        fault
    }

    /// The fault of an argument of a closure; such arguments have no names.
    #[cold]
    pub(super) fn place(place: u8, count: usize, error: &CodecError) -> Self {
        Fault::new(code_of(error), format!("argument {place} of {count}: {error}"))
    }

    #[cold]
    fn leftover(error: &CodecError) -> Self {
        let text = format!("after the last argument: {error}");
        Fault::new(FailureCode::Arguments, text)
    }

    /// The fault of a command that is handed a value which the program has not given.
    #[cold]
    pub(super) fn not_given(session: bool, name: &str) -> Self {
        let (sort, remedy) = if session {
            ("session", "`Default`, `OptionsServeur::session` or `Client::ouvrir_session` makes it")
        } else {
            ("state", "give it with `fournir` before commands run")
        };
        let name = super::given::short(name);
        let text = format!("there is no {sort} `{name}` on that side yet: {remedy}");
        Fault::new(FailureCode::NotReady, text)
    }

    /// The fault of a command that would be given one promise more than may be open.
    #[cold]
    pub(super) fn too_many_promises() -> Self {
        let text = format!("{MOST_PROMISES} promises of this connection are open already");
        Fault::new(FailureCode::Overloaded, text)
    }

    /// The fault of a command that answers with a stream, which the caller does not expect.
    #[cold]
    pub(super) fn unexpected_stream() -> Self {
        let text = "the command answers with a stream, which only `appeler`, `differer` and \
                    `essayer_appel` can take"
            .to_owned();
        Fault::new(FailureCode::UnexpectedStream, text)
    }

    /// The fault of a command with an argument that is a stream, which the caller does not feed.
    #[cold]
    pub(super) fn not_fed(name: &str, given: u8) -> Self {
        let given = match given {
            0 => "was not given".to_owned(),
            given => format!("was not given, as the caller gives {given} only"),
        };
        let text = format!(
            "argument `{name}` is a stream, which {given}: call with `appeler`, and by name with an \
             `avec_flux` for each stream"
        );
        Fault::new(FailureCode::UnexpectedStream, text)
    }

    /// The fault of a command that answers with a stream, of which `limit` are sent already.
    #[cold]
    pub(super) fn too_many_streams(limit: usize) -> Self {
        Fault::new(FailureCode::Overloaded, super::stream::too_many(limit))
    }

    /// The fault of a command that needs a server, on a connection without one.
    #[cold]
    pub(crate) fn no_server() -> Self {
        let text = "the command needs a server, and there is none on that side".to_owned();
        Fault::new(FailureCode::Handler, text)
    }
}

/// The failure of a command whose arguments could not be decoded.
fn code_of(error: &CodecError) -> FailureCode {
    match error {
        // The same message may be taken later.
        CodecError::OverBudget(_) => FailureCode::Overloaded,
        _ => FailureCode::Arguments,
    }
}

/// An argument of a command that is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Slot<T>(PhantomData<T>);

impl<T> Slot<T> {
    /// The only value.
    pub const NEW: Self = Slot(PhantomData);
}

/// Reads an argument through serde.
pub trait ReadSerde<'de, T> {
    /// Reads the next argument; errors call it `name`.
    fn __cconn_read(self, input: &mut Input<'de>, name: &'static str) -> Result<T, Fault>;
}

#[diagnostic::do_not_recommend]
impl<'de, T: Deserialize<'de>> ReadSerde<'de, T> for Slot<T> {
    #[inline]
    fn __cconn_read(self, input: &mut Input<'de>, name: &'static str) -> Result<T, Fault> {
        input.decoder.value().map_err(|error| Fault::unread(&name, &error))
    }
}

/// Accepts a type that can't be read, so that the user sees one error and not two.
pub trait ReadNever<T> {
    /// Fails always.
    fn __cconn_read(&self, input: &mut Input<'_>, name: &'static str) -> Result<T, Fault>;
}

#[diagnostic::do_not_recommend]
impl<T> ReadNever<T> for Slot<T> {
    fn __cconn_read(&self, _: &mut Input<'_>, name: &'static str) -> Result<T, Fault> {
        no_value().map_err(|error| Fault::argument(&name, &error))
    }
}

/// Gives `Slot` a reading method of its own for each of these types.
macro_rules! read_whole {
    ($($ty:ty: $read:ident, $convert:expr;)*) => {
        $(impl<'de> Slot<$ty> {
            /// Reads the next argument; errors call it `name`.
            #[inline]
            pub fn __cconn_read(self, input: &mut Input<'de>, name: &'static str) -> Result<$ty, Fault> {
                let read = input.decoder.$read();
                read.map($convert).map_err(|error| Fault::unread(&name, &error))
            }
        })*
    };
}

read_whole! {
    &'de [u8]: bytes, |bytes| bytes;
    Cow<'de, [u8]>: bytes, Cow::Borrowed;
    &'de str: str, |text| text;
    Cow<'de, str>: str, Cow::Borrowed;
}

// These two need no lifetime, which the macro would leave unconstrained.
impl Slot<Vec<u8>> {
    /// Reads the next argument; errors call it `name`.
    #[inline]
    pub fn __cconn_read(self, input: &mut Input<'_>, name: &'static str) -> Result<Vec<u8>, Fault> {
        let read = input.decoder.byte_buf();
        read.map_err(|error| Fault::unread(&name, &error))
    }
}

impl Slot<String> {
    /// Reads the next argument; errors call it `name`.
    #[inline]
    pub fn __cconn_read(self, input: &mut Input<'_>, name: &'static str) -> Result<String, Fault> {
        let read = input.decoder.string();
        read.map_err(|error| Fault::unread(&name, &error))
    }
}

/// A type that can be an argument of a command with a body.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a command",
    label = "can't cross the wire",
    note = "an argument needs `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "`&str`, `&[u8]` and `&Path` borrow from the received message, alone or inside \
            (`Option<&str>`, `Vec<&str>`, a struct with such fields); of any other type there is \
            no value in it to refer to: write `T` for `&T`, and `Vec<T>` for `&[T]`",
    note = "a stream is taken as `Flux<T>`, by that name: under another one it is not recognised",
    note = "the connection is taken as `client: &Client`, the server as `serveur: &Serveur`, state \
            as `&Etat<T>`, a session as `&Session<T>`; under another name it is marked: \
            `#[commande(client = name)]`",
    note = "serde knows arrays of at most 32 elements: send longer ones as `Octets`, `&[u8]` or \
            `Vec<_>`"
)]
pub trait ReceivedArgument<'de> {}

#[diagnostic::do_not_recommend]
impl<'de, T: Serialize + Deserialize<'de>> ReceivedArgument<'de> for T {}

/// A type that can be an argument of a command that is only declared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be an argument of a command",
    label = "can't cross the wire",
    note = "an argument needs `#[derive(serde::Serialize)]`",
    note = "serde knows arrays of at most 32 elements: send longer ones as `Octets`, `&[u8]` or \
            `Vec<_>`"
)]
pub trait SentArgument {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> SentArgument for T {}

/// A type that can be the answer of a command; `KIND` is its form.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the answer of a command",
    label = "can't cross the wire",
    note = "an answer is `T`, `Resultat<T>` or `Result<T, E>`; both `T` and `E` are owned and need \
            `#[derive(serde::Serialize, serde::Deserialize)]`",
    note = "an error that serde does not know, `std::io::Error` or `anyhow::Error` say, goes as \
            its text: answer with `Resultat<T>`, and write `.map_err(Erreur::echec)?` inside",
    note = "a stream, `Flux<T>` or `impl Iterator<Item = T>`, is the whole answer or what is in its \
            `Result`: no tuple, option or struct holds one",
    note = "serde knows arrays of at most 32 elements: answer with `Octets` or `Vec<_>` in place \
            of a longer one"
)]
pub trait ValidAnswer<const KIND: u8> {}

macro_rules! valid {
    ($($kind:literal)*) => {
        $(#[diagnostic::do_not_recommend] impl<T> ValidAnswer<$kind> for T {})*
    };
}

// Every form except 0, which means no answer.
valid!(1 2 3 4 5 6 7 8);
