//! The return types of commands that answer with a stream.
//!
//! They have forms of their own, beside those in `answer`: the value that a caller gets is a `Flux`.

use serde::de::DeserializeOwned;

use super::answer::{AnswerKind, AnswerProbe, Plain, Returned, decode_whole};
use super::{AnswerReader, ErreurCommande, Reply, ValueError};
use crate::codec::CodecError;
use crate::erreur::{Erreur, Jamais};
use crate::flux::{Flux, ItemReader};
use crate::wire::{Answering, FailureCode};

/// A stream.
pub(super) const STREAM: u8 = 5;
/// A stream, or a text.
const STREAM_OR_LINK: u8 = 6;
/// A stream, the command's own error, or a text.
const STREAM_OR_MIXED: u8 = 7;
/// A stream, or the command's own error.
const STREAM_OR_REFUSAL: u8 = 8;

/// The stream that a caller gets of a command whose iterator has items of type `X`.
pub type FluxOf<X, const KIND: u8> =
    Flux<<X as Returned<KIND>>::Value, <X as Returned<KIND>>::Error>;

impl<T: Plain, E: ErreurCommande> AnswerProbe<Flux<T, E>> {
    /// The form.
    pub const __CCONN_KIND: u8 = STREAM;
}

impl<T: Plain, E: ErreurCommande> AnswerKind<Result<Flux<T, E>, Erreur>> {
    /// The form.
    pub const __CCONN_KIND: u8 = STREAM_OR_LINK;
}

impl<T: Plain, E: ErreurCommande, F: Plain> AnswerKind<Result<Flux<T, E>, Erreur<F>>> {
    /// The form.
    pub const __CCONN_KIND: u8 = STREAM_OR_MIXED;
}

impl<T: Plain, E: ErreurCommande, F: Plain> AnswerKind<Result<Flux<T, E>, F>> {
    /// The form.
    pub const __CCONN_KIND: u8 = STREAM_OR_REFUSAL;
}

/// The stream in the answer.
pub(super) fn open<T: DeserializeOwned + 'static, E: ErreurCommande>(
    reader: AnswerReader<'_>,
) -> Result<Flux<T, E>, ValueError> {
    let Some(stream) = reader.stream else { return Err(no_stream()) };
    let reader = ItemReader {
        item: |body| decode_whole(body).map_err(Into::into),
        refusal: |octets| E::__cconn_decode(octets).map_err(Into::into),
    };
    Ok(Flux::received(stream, reader))
}

/// The error of a plain answer to a call that expects a stream.
fn no_stream() -> ValueError {
    ValueError(CodecError::from_text(
        "the peer answered with a value, and not with a stream".into(),
    ))
}

/// Generated code sends streams by another way, which knows the caller's connection.
fn misplaced(out: &mut Answering) -> Reply {
    let text = "write `Flux` out in the return type: under another name it is not recognised";
    Reply::failure(FailureCode::AnswerEncoding, &text, out)
}

macro_rules! streamed {
    ($($form:ident, $ty:ty, $error:ty, [$($more:ident)?];)*) => {$(
        impl<T: Plain, E: ErreurCommande $(, $more: Plain)?> Returned<$form> for $ty {
            type Value = Flux<T, E>;
            type Error = $error;

            fn reply(self, out: &mut Answering) -> Reply {
                misplaced(out)
            }

            fn read(reader: AnswerReader<'_>) -> Result<Flux<T, E>, ValueError> {
                open(reader)
            }
        }
    )*};
}

streamed! {
    STREAM, Flux<T, E>, Jamais, [];
    STREAM_OR_LINK, Result<Flux<T, E>, Erreur>, Jamais, [];
    STREAM_OR_MIXED, Result<Flux<T, E>, Erreur<F>>, F, [F];
    STREAM_OR_REFUSAL, Result<Flux<T, E>, F>, F, [F];
}
