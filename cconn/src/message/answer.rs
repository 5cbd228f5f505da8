//! The four forms of a command's return type, told apart by type.
//!
//! A `T` is a value. The other forms end with a value or an error: `Result<T, Erreur>` with a text,
//! `Result<T, E>` with the command's own error, `Result<T, Erreur<E>>` with either. Traits alone
//! can't tell the forms apart, because a `Result<T, E>` is also a value to serde. So an inherent
//! constant yields the form as a number, and the trait takes the number as a parameter.

use std::any::Any;
use std::fmt::Display;
use std::io::Write as _;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{AnswerReader, ErreurCommande, LONG, ValueError, no_value};
use crate::body::Body;
use crate::codec::{self, CodecError, Decoder};
use crate::erreur::{Erreur, Jamais, passed_on};
use crate::octets::Octets;
use crate::wire::Answering;
use crate::wire::FailureCode;

/// Not an answer: the type can't cross the wire.
const INVALID: u8 = 0;
/// A value.
pub(super) const VALUE: u8 = 1;
/// A value or a text.
pub(super) const LINK: u8 = 2;
/// A value, the command's own error, or a text.
pub(super) const MIXED: u8 = 3;
/// A value or the command's own error.
pub(super) const REFUSAL: u8 = 4;

/// A type that can be an answer or an error: owned, with both of serde's derives.
pub trait Plain: Serialize + DeserializeOwned + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + 'static> Plain for T {}

/// The probe that finds the form of a return type that is a `Result`.
#[derive(Debug)]
pub struct AnswerKind<T>(PhantomData<T>);

impl<T: Plain> AnswerKind<Result<T, Erreur>> {
    /// The form.
    pub const __CCONN_KIND: u8 = LINK;
}

impl<T: Plain, E: Plain> AnswerKind<Result<T, Erreur<E>>> {
    /// The form.
    pub const __CCONN_KIND: u8 = MIXED;
}

impl<T: Plain, E: Plain> AnswerKind<Result<T, E>> {
    /// The form.
    pub const __CCONN_KIND: u8 = REFUSAL;
}

/// The form of a return type that is not a `Result`.
pub trait ValueByDefault {
    /// Not decided here: `AnswerProbe` decides it.
    const __CCONN_KIND: u8 = INVALID;
}

#[diagnostic::do_not_recommend]
impl<T> ValueByDefault for AnswerKind<T> {}

/// The probe that finds whether a return type that is not a `Result` can be an answer.
#[derive(Debug)]
pub struct AnswerProbe<T>(PhantomData<T>);

impl<T: Plain> AnswerProbe<T> {
    /// The form.
    pub const __CCONN_KIND: u8 = VALUE;
}

/// The form of a type that can't be an answer.
pub trait PlainByDefault {
    /// The form.
    const __CCONN_KIND: u8 = INVALID;
}

#[diagnostic::do_not_recommend]
impl<T> PlainByDefault for AnswerProbe<T> {}

/// The form of a return type, from the results of both probes.
pub const fn answer_kind(result: u8, plain: u8) -> u8 {
    if result == INVALID { plain } else { result }
}

/// A return type of the form `KIND`.
pub trait Returned<const KIND: u8> {
    /// The type that a caller gets on success.
    type Value;
    /// The type of the command's own error.
    type Error: ErreurCommande;

    /// Encodes the value into `out`, and returns what kind of outcome it is.
    fn reply(self, out: &mut Answering) -> Reply;

    /// Decodes an answer.
    ///
    /// # Errors
    ///
    /// If the bytes are not such a value.
    fn read(reader: AnswerReader<'_>) -> Result<Self::Value, ValueError>;
}

#[diagnostic::do_not_recommend]
impl<T> Returned<INVALID> for T {
    type Value = T;
    type Error = Jamais;

    fn reply(self, out: &mut Answering) -> Reply {
        match no_value::<Jamais>() {
            Ok(never) => match never {},
            Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out),
        }
    }

    fn read(_: AnswerReader<'_>) -> Result<T, ValueError> {
        no_value()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Plain> Returned<VALUE> for T {
    type Value = T;
    type Error = Jamais;

    fn reply(self, out: &mut Answering) -> Reply {
        Reply::value(self, out)
    }

    fn read(reader: AnswerReader<'_>) -> Result<T, ValueError> {
        decode_owned(reader)
    }
}

impl<T: Plain> Returned<LINK> for Result<T, Erreur> {
    type Value = T;
    type Error = Jamais;

    fn reply(self, out: &mut Answering) -> Reply {
        match self {
            Ok(value) => Reply::value(value, out),
            Err(error) => Reply::failed(&error, out),
        }
    }

    fn read(reader: AnswerReader<'_>) -> Result<T, ValueError> {
        decode_owned(reader)
    }
}

impl<T: Plain, E: Plain> Returned<MIXED> for Result<T, Erreur<E>> {
    type Value = T;
    type Error = E;

    fn reply(self, out: &mut Answering) -> Reply {
        match self.map_err(Erreur::split::<Jamais>) {
            Ok(value) => Reply::value(value, out),
            Err(Ok(refusal)) => Reply::refusal(&refusal, out),
            Err(Err(error)) => Reply::failed(&error, out),
        }
    }

    fn read(reader: AnswerReader<'_>) -> Result<T, ValueError> {
        decode_owned(reader)
    }
}

impl<T: Plain, E: Plain> Returned<REFUSAL> for Result<T, E> {
    type Value = T;
    type Error = E;

    fn reply(self, out: &mut Answering) -> Reply {
        match self {
            Ok(value) => Reply::value(value, out),
            Err(refusal) => Reply::refusal(&refusal, out),
        }
    }

    fn read(reader: AnswerReader<'_>) -> Result<T, ValueError> {
        decode_owned(reader)
    }
}

/// How a command ended. The bytes of its outcome were appended to the output.
#[derive(Clone, Copy, Debug)]
pub struct Reply(pub(crate) ReplyKind);

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReplyKind {
    /// With an encoded answer.
    Answer,
    /// With an encoded error of the command's own type.
    Refusal,
    /// With a text for people to read.
    Failure(FailureCode),
    /// Without anything: a promise answers later.
    Later,
}

impl Reply {
    /// The outcome of a command that has left its answer to a promise.
    pub const LATER: Reply = Reply(ReplyKind::Later);

    /// Encodes a value. Long bytes and texts are moved, not copied.
    pub(crate) fn value<T: Serialize + 'static>(value: T, out: &mut Answering) -> Self {
        match into_bytes(value) {
            Ok(bytes) => {
                append_bytes(bytes, out);
                Reply(ReplyKind::Answer)
            }
            Err(value) => {
                Self::encoded(codec::encode(&value, &mut out.bytes), ReplyKind::Answer, out)
            }
        }
    }

    /// Encodes the command's own error.
    pub(crate) fn refusal<E: Serialize + 'static>(error: &E, out: &mut Answering) -> Self {
        Self::encoded(codec::encode(error, &mut out.bytes), ReplyKind::Refusal, out)
    }

    /// The outcome of an attempt to encode: a failure if encoding failed.
    #[inline]
    fn encoded(result: Result<(), CodecError>, ended: ReplyKind, out: &mut Answering) -> Self {
        match result {
            Ok(()) => Reply(ended),
            Err(error) => Reply::failure(FailureCode::AnswerEncoding, &error, out),
        }
    }

    /// Appends the text of an error that a command returned.
    pub(crate) fn failed(error: &Erreur, out: &mut Answering) -> Self {
        Self::failure(FailureCode::Handler, &passed_on(error), out)
    }

    /// Appends the text of a failure.
    pub(crate) fn failure(code: FailureCode, text: &dyn Display, out: &mut Answering) -> Self {
        // A `Display` that fails leaves a shorter text, which is better than none.
        let _ = write!(out.bytes, "{text}");
        Reply(ReplyKind::Failure(code))
    }
}

/// Appends bytes with their length before them.
fn append_bytes(bytes: Vec<u8>, out: &mut Answering) {
    if bytes.len() < LONG {
        codec::encode_bytes(&bytes, &mut out.bytes);
    } else {
        codec::encode_length(bytes.len(), &mut out.bytes);
        out.tail = bytes;
    }
}

/// The bytes of a value that is a byte string or a text, which are sent as they are.
pub(crate) fn into_bytes<T: 'static>(value: T) -> Result<Vec<u8>, T> {
    let mut value = Some(value);
    let any = &mut value as &mut dyn Any;
    if let Some(bytes) = any.downcast_mut::<Option<Vec<u8>>>() {
        return Ok(bytes.take().unwrap_or_default());
    }
    if let Some(text) = any.downcast_mut::<Option<String>>() {
        return Ok(text.take().unwrap_or_default().into_bytes());
    }
    if let Some(bytes) = any.downcast_mut::<Option<Octets>>() {
        return Ok(bytes.take().unwrap_or_default().0);
    }
    value.map_or_else(|| Ok(Vec::new()), Err)
}

/// Decodes a value that takes all the bytes. A byte string is read in one piece.
pub(crate) fn decode_owned<T: DeserializeOwned + 'static>(
    reader: AnswerReader<'_>,
) -> Result<T, ValueError> {
    decode_whole(reader.body)
}

/// Decodes a value that takes the whole body. A byte string is read in one piece.
pub(crate) fn decode_whole<T: DeserializeOwned + 'static>(body: Body<'_>) -> Result<T, ValueError> {
    if codec::is_long(body.len()) {
        return codec::counted(|| all_of(body));
    }
    all_of(body)
}

#[inline(always)]
#[expect(clippy::inline_always, reason = "of its two callers one is seldom")]
fn all_of<T: DeserializeOwned + 'static>(body: Body<'_>) -> Result<T, ValueError> {
    let mut decoder = Decoder::new(body);
    let value = decode_next(&mut decoder).map_err(ValueError)?;
    decoder.finish().map_err(ValueError)?;
    Ok(value)
}

/// Decodes the next value. A byte string is read in one piece.
pub(crate) fn decode_next<T: DeserializeOwned + 'static>(
    decoder: &mut Decoder<'_>,
) -> Result<T, CodecError> {
    let mut slot: Option<T> = None;
    if let Some(bytes) = (&mut slot as &mut dyn Any).downcast_mut::<Option<Vec<u8>>>() {
        *bytes = Some(decoder.byte_buf()?);
    }
    match slot {
        Some(value) => Ok(value),
        None => decoder.value(),
    }
}
