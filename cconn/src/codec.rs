//! Values to bytes and back, in the codec that the greeting calls number 1.
//!
//! The bytes are those of the crate `bincode`, which only the tests name: they hold the bytes of both
//! against each other. It knows no frame and no command: a body is a slice.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod answer;
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
pub(crate) use decoder::Decoder;
pub(crate) use encoder::check_elements;
pub(crate) use error::{CodecError, Invalid};
pub(crate) use guard::MAX_DEPTH;

/// Appends a value that is a whole body to `out`; on an error `out` is again what it was.
///
/// What can't be read under the limits of a reader is an error.
/// A panic in the value's own `Serialize` leaves its first bytes in `out`.
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

/// Appends one field of a body that has declared so many elements, and adds its own: once the
/// body is whole it is checked with `check_elements`.
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

/// Appends a tuple whose fields are read one by one.
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

/// Appends an answer as `encode` does, except that a `Result` loses its tag and gives it back.
///
/// Told by what serde is asked to write first, so it sees through references, boxes and type
/// parameters, where no trait could. Any enum can be called `Result`: `is_result` says whether the
/// value's type is the one of the standard library, and is asked only where the names fit.
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

/// Appends bytes in one copy; the same bytes on the wire as the sequence of `u8` serde makes.
pub(crate) fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(bytes.len().saturating_add(MAX_LENGTH_BYTES));
    write_length(bytes.len() as u64, out);
    copy::append(out, bytes);
}

/// Appends the length of bytes that follow elsewhere.
pub(crate) fn encode_length(length: usize, out: &mut Vec<u8>) {
    write_length(length as u64, out);
}

/// Reads one value that takes the whole body.
#[inline]
pub(crate) fn decode<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, CodecError> {
    let mut decoder = Decoder::new(body.into());
    let value = decoder.value()?;
    decoder.finish()?;
    Ok(value)
}

/// Lets `write` append a body to `out`, and takes its bytes back if it fails, or has declared
/// more elements than a reader grants: it returns how many it has.
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

/// The crate `bincode`, without anything of ours: what the bytes are compared with.
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
