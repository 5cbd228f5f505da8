//! The types of what is sent: the message of a command, its answer, and its own error.
//!
//! This module knows the codec and the public error, but neither connections nor registries.

mod absent;
mod answer;
mod arguments;
mod canal;
mod encode;
mod fed;
mod field;
mod fingerprint;
mod head;
mod lent;
mod named;
mod probe;
mod signature;
mod streamed;
mod type_name;
mod with_stream;

use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer, Serialize};

use crate::body::Body;
use crate::codec::{self, CodecError};
use crate::erreur::Jamais;
use crate::flux::Received;
use crate::text::Harmless;

pub use absent::{Absent, AbsentByDefault, DefaultBytes, NeverAbsent};
pub use answer::{
    AnswerKind, AnswerProbe, Plain, PlainByDefault, Reply, Returned, ValueByDefault, answer_kind,
};
pub(crate) use answer::{ReplyKind, decode_next, decode_owned, decode_whole, into_bytes};
pub use arguments::{Arguments, Envoyes, Sens};
pub use encode::ArgumentWriter;
pub(crate) use encode::{LONG, encode_body};
pub use field::{Arg, Whole, WriteNever, WriteSerde};

pub(crate) use fed::reply_item;
pub use fed::{FedArgument, Streams, TakeNever};
pub(crate) use fingerprint::agree;
pub use fingerprint::print;
pub(crate) use head::Fixed;
pub use head::{Entete, hash};
pub use lent::{LendNever, LendSerde, Lent};
pub use named::{Nommee, nommee};
pub use probe::{Probe, ProbeNothing, Probed};
pub use signature::{ArgumentOf, Signature, TypeOf};
pub use streamed::FluxOf;
pub(crate) use type_name::is_result;
pub use with_stream::AvecFlux;

/// Something that can be sent to the peer.
///
/// It is either the struct that [`commande`](macro@crate::commande) makes from a function, or the
/// value that [`nommee`] returns. No program implements this trait: use it as a bound of generic
/// functions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    note = "a message is the command's name with its arguments in braces, \
            `client.envoyer(somme {{ a: 1, b: 2 }})`: `somme(1, 2)` is an ordinary call, here",
    note = "without a declaration it is sent by name: `client.envoyer(nommee(\"somme\", (1, 2)))`"
)]
pub trait Message: Sealed {
    /// The head of the message, which names the command.
    #[doc(alias = "header")]
    fn entete(&self) -> Entete<'_>;

    /// Appends the encoded arguments; fails if a value's `Serialize` does.
    #[doc(hidden)]
    fn __cconn_encode<'m>(&'m self, writer: &mut ArgumentWriter<'m>) -> Result<(), ValueError>;

    /// Whether running the command twice does what running it once does, as its author says with
    /// `#[commande(idempotente)]`.
    #[doc(hidden)]
    fn __cconn_idempotente(&self) -> bool {
        false
    }

    /// Takes out the arguments that are streams.
    #[doc(hidden)]
    fn __cconn_flux(&self, _streams: &mut Streams) {}
}

/// A message whose answer is an `R`.
///
/// Like [`Message`] it is for bounds, and no program implements it.
///
/// # Generic code
///
/// In a function over any call, `?` works on the result of that call. For `?` on other errors of
/// this crate the function must demand `Erreur<M::Erreur>: From<Erreur>`. That holds for every
/// command, but the language can't derive it from this trait. A function that returns
/// [`Resultat<R>`](crate::Resultat) instead demands `Erreur: From<Erreur<M::Erreur>>`, which holds
/// for errors with `Display`: the command's own error becomes its text.
///
/// ```
/// use cconn::traits::{Appel, Message};
/// use cconn::{Client, Erreur, Resultat, Serveur, nommee};
///
/// /// Says to a server that a call is coming, then calls.
/// fn annoncer<R, M: Appel<R>>(client: &Client, message: M) -> Result<R, Erreur<M::Erreur>>
/// where
///     Erreur<M::Erreur>: From<Erreur>,
/// {
///     client.envoyer(nommee("annonce", (message.entete().nom(),)))?;
///     let reponse = client.appeler(message)?;
///     Ok(reponse)
/// }
///
/// /// Announces and calls, for a caller that needs only a text.
/// fn en_texte<R, M: Appel<R>>(client: &Client, message: M) -> Resultat<R>
/// where
///     Erreur: From<Erreur<M::Erreur>>,
/// {
///     client.envoyer(nommee("annonce", (message.entete().nom(),)))?;
///     Ok(client.appeler(message)?)
/// }
///
/// # fn main() -> Resultat<()> {
/// # let serveur = Serveur::new(0)?;
/// # serveur.enregistrer_commande("annonce", |_, (_,): (String,)| ())?;
/// # serveur.enregistrer_commande("somme", |_, (a, b): (i64, i64)| a + b)?;
/// # let client = serveur.client_local()?;
/// let total: i64 = annoncer(&client, nommee("somme", (12_i64, 34_i64)))?;
/// assert_eq!(total, en_texte(&client, nommee("somme", (12_i64, 34_i64)))?);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "Call")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a call whose answer is a `{R}`",
    note = "a message is the command's name with its arguments in braces, \
            `client.appeler(somme {{ a: 1, b: 2 }})`: `somme(1, 2)` is an ordinary call, here",
    note = "the answer's type is the return type of the command, without its `Result`",
    note = "a message by name has any answer that serde can decode and that borrows nothing"
)]
pub trait Appel<R>: Message {
    /// The type of the command's own error, which arrives as
    /// [`Erreur::Refus`](crate::Erreur::Refus); [`Jamais`] if the command has none.
    #[doc(alias = "Error")]
    type Erreur: ErreurCommande;

    /// The head of the message for a caller that wants an `R`.
    #[doc(hidden)]
    #[inline]
    fn __cconn_entete(&self) -> Entete<'_> {
        self.entete()
    }

    /// Whether an argument is a stream: known when the program is compiled, so that other calls pay
    /// nothing for it.
    #[doc(hidden)]
    const __CCONN_FED: bool = false;

    /// Decodes an answer, which must take all the bytes.
    #[doc(hidden)]
    fn __cconn_decode(reader: AnswerReader<'_>) -> Result<R, ValueError>;
}

/// Implemented only by this crate and by `#[commande]`.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be made a message or a command by hand",
    note = "write a function under `#[commande]`: a message of the same name comes with it",
    note = "without a declaration it is sent by name: `nommee(\"somme\", (1, 2))`"
)]
pub trait Sealed {}

impl<M: Sealed + ?Sized> Sealed for &M {}

impl<M: Message + ?Sized> Message for &M {
    fn entete(&self) -> Entete<'_> {
        M::entete(self)
    }

    fn __cconn_encode<'m>(&'m self, writer: &mut ArgumentWriter<'m>) -> Result<(), ValueError> {
        M::__cconn_encode(self, writer)
    }

    fn __cconn_idempotente(&self) -> bool {
        M::__cconn_idempotente(self)
    }

    fn __cconn_flux(&self, streams: &mut Streams) {
        M::__cconn_flux(self, streams);
    }
}

impl<R, M: Appel<R> + ?Sized> Appel<R> for &M {
    type Erreur = M::Erreur;

    const __CCONN_FED: bool = M::__CCONN_FED;

    fn __cconn_entete(&self) -> Entete<'_> {
        M::__cconn_entete(self)
    }

    fn __cconn_decode(reader: AnswerReader<'_>) -> Result<R, ValueError> {
        M::__cconn_decode(reader)
    }
}

/// A type that a command may have as its own error: any owned type with serde's derives.
///
/// The caller gets the error back as [`Erreur::Refus`](crate::Erreur::Refus). [`Jamais`], which has
/// no values, means that the command has no error of its own. No program implements this trait.
#[doc(alias("UserError", "CommandError"))]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a command",
    note = "it needs `#[derive(serde::Serialize, serde::Deserialize)]`"
)]
pub trait ErreurCommande: Sized {
    /// Decodes an error that the peer sent, which must take all the bytes.
    #[doc(hidden)]
    fn __cconn_decode(octets: &[u8]) -> Result<Self, ValueError>;

    /// Appends the encoded error.
    #[doc(hidden)]
    fn __cconn_encode(&self, out: &mut Vec<u8>) -> Result<(), ValueError>;
}

#[diagnostic::do_not_recommend]
impl<E: Serialize + DeserializeOwned> ErreurCommande for E {
    fn __cconn_decode(octets: &[u8]) -> Result<Self, ValueError> {
        codec::decode(octets).map_err(ValueError)
    }

    fn __cconn_encode(&self, out: &mut Vec<u8>) -> Result<(), ValueError> {
        codec::encode(self, out).map_err(ValueError)
    }
}

impl ErreurCommande for Jamais {
    fn __cconn_decode(_: &[u8]) -> Result<Self, ValueError> {
        no_value()
    }

    fn __cconn_encode(&self, _: &mut Vec<u8>) -> Result<(), ValueError> {
        match *self {}
    }
}

/// The bytes of an answer, before they are decoded.
#[doc(alias = "Reader")]
#[derive(Debug)]
pub struct AnswerReader<'a> {
    pub(crate) body: Body<'a>,
    /// The stream that has opened instead of an answer.
    pub(crate) stream: Option<Box<Received>>,
}

impl<'a> AnswerReader<'a> {
    #[inline]
    pub(crate) fn of_body(body: Body<'a>) -> Self {
        AnswerReader { body, stream: None }
    }

    pub(crate) fn of_stream(stream: Received) -> Self {
        let none: &[u8] = &[];
        AnswerReader { body: none.into(), stream: Some(Box::new(stream)) }
    }
}

/// The error of a value that can't be encoded, or of bytes that can't be decoded as the wanted
/// type.
///
/// The public `Codage` adds the command and the connection.
pub struct ValueError(pub(crate) CodecError);

impl fmt::Debug for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A type may quote in its error what the peer has sent.
        Harmless(&self.0.to_string()).fmt(f)
    }
}

impl std::error::Error for ValueError {}

/// A type without values, whose decoding fails with a text that says so.
enum Nothing {}

impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom("the type that is declared for it has no values"))
    }
}

/// The error of a type that can be neither encoded nor decoded.
pub(crate) fn no_value<T>() -> Result<T, ValueError> {
    match codec::decode::<Nothing>(&[]) {
        Ok(nothing) => match nothing {},
        Err(error) => Err(ValueError(error)),
    }
}
