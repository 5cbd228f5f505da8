//! Values to bytes and back, in the codec that the greeting calls number 1.
//!
//! The bytes are those of the crate `bincode`, which only the tests use: they compare the bytes of
//! both. This layer knows no frame and no command; a body is a slice.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod answer;
mod budget;
mod decoder;
mod encoder;
mod error;
mod guard;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::body::{MAX_LENGTH_BYTES, write_length};
use crate::copy;
use answer::TopLevel;
use encoder::Encoder;

pub(crate) use answer::Top;
pub(crate) use budget::{counted, is_long, set_most};
pub(crate) use decoder::Decoder;
pub(crate) use encoder::check_elements;
pub(crate) use error::{CodecError, Invalid};
pub(crate) use guard::MAX_DEPTH;

/// What the name of an open type begins with, as its `Serialize` and `Deserialize` give the name.
/// The values of an open type are preceded by their length, so that a reader can pass over parts
/// that it does not know, and sees where parts are missing.
pub(crate) const OPEN: &str = "ouvert ";

/// What the name of a field begins with that an open struct may come without; alone it is the name
/// of the variant that stands for unknown ones.
pub(crate) const UNKNOWN: &str = "?";

/// Appends a value that is a whole body. On an error `out` is left as it was.
///
/// A value that a reader would refuse by its limits is an error. A panic in the value's own
/// `Serialize` leaves bytes in `out`.
#[inline]
pub(crate) fn encode<T: Serialize + ?Sized>(
    value: &T,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    append(out, |out| {
        let mut encoder = Encoder::new(out, 0);
        value.serialize(&mut encoder).map(|()| encoder.elements())
    })
}

/// Appends one field of a body that has declared `*elements` elements so far, and adds the field's
/// own to them. Once the body is whole, `check_elements` must check it.
#[inline]
pub(crate) fn encode_field<T: Serialize + ?Sized>(
    value: &T,
    elements: &mut usize,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    let start = out.len();
    let mut encoder = Encoder::new(out, *elements);
    let written = value.serialize(&mut encoder);
    *elements = encoder.elements();
    if written.is_err() {
        out.truncate(start);
    }
    written
}

/// Appends a tuple whose reader will read its fields one by one.
#[inline]
pub(crate) fn encode_fields<T: Serialize + ?Sized>(
    tuple: &T,
    out: &mut Vec<u8>,
) -> Result<(), CodecError> {
    append(out, |out| {
        let mut encoder = Encoder::of_fields(out);
        tuple.serialize(&mut encoder).map(|()| encoder.elements())
    })
}

/// Appends an answer like `encode`, except that the tag of a `Result` is left out and returned.
///
/// The `Result` is recognised by what serde is asked to write first, so references, boxes and type
/// parameters do not hide it, as they would from a trait. Any enum can be called `Result`:
/// `is_result` tells whether the value's type is the standard library's, and is called only if the
/// names match.
#[inline]
pub(crate) fn encode_answer<T: Serialize + ?Sized>(
    value: &T,
    is_result: fn() -> bool,
    out: &mut Vec<u8>,
) -> Result<Top, CodecError> {
    let mut top = Top::Value;
    append(out, |out| {
        let mut encoder = Encoder::new(out, 0);
        value.serialize(TopLevel::new(&mut encoder, is_result, &mut top))?;
        Ok(encoder.elements())
    })?;
    Ok(top)
}

/// Appends bytes in one copy; the bytes on the wire equal those of a sequence of `u8`.
pub(crate) fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().saturating_add(MAX_LENGTH_BYTES));
    write_length(bytes.len() as u64, out);
    copy::append(out, bytes);
}

/// Appends the length of bytes that will follow from elsewhere.
pub(crate) fn encode_length(length: usize, out: &mut Vec<u8>) {
    write_length(length as u64, out);
}

/// Reads one value, which must take the whole body.
#[inline]
pub(crate) fn decode<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, CodecError> {
    let whole = || {
        let mut decoder = Decoder::new(body.into());
        let value = decoder.value()?;
        decoder.finish()?;
        Ok(value)
    };
    if is_long(body.len()) { counted(whole) } else { whole() }
}

/// Lets `write` append a body to `out`; `write` returns how many elements the body declares. If
/// `write` fails, or declares more elements than a reader accepts, its bytes are removed.
#[inline]
fn append(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<usize, CodecError>,
) -> Result<(), CodecError> {
    let start = out.len();
    let written = write(out);
    let length = out.len().saturating_sub(start);
    let checked = written.and_then(|elements| check_elements(elements, length));
    if checked.is_err() {
        out.truncate(start);
    }
    checked
}

/// The crate `bincode` alone, with which our bytes are compared.
#[cfg(test)]
mod plain {
    use bincode::{DefaultOptions, Options};

    pub(super) fn encode<T: serde::Serialize + ?Sized>(value: &T) -> Vec<u8> {
        DefaultOptions::new().serialize(value).unwrap()
    }

    pub(super) fn decode<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
        DefaultOptions::new().deserialize(bytes).ok()
    }
}
