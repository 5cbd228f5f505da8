//! Values to bytes and back, in the codec that the greeting calls number 1.
//!
//! This is the only file that names `bincode`, so that another implementation of the same bytes
//! can take its place. It knows no frame and no command: a body is a slice.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod answer;
mod encoder;
mod error;
mod guard;
#[cfg(test)]
mod tests;

use std::io;

use bincode::{DefaultOptions, ErrorKind};
use serde::de::Visitor;
use serde::{Deserialize, Serialize};

use crate::body::{Body, MAX_LENGTH_BYTES, write_length};
use crate::copy;
use answer::TopLevel;
use encoder::Encoder;
use guard::{Guard, Limits};

pub(crate) use answer::Top;
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

/// Reads the fields of a body one after the other, which equals reading a tuple of them.
///
/// After an error the place in the body is unknown: nothing more is to be read from it.
pub(crate) struct Decoder<'de> {
    body: Body<'de>,
    limits: Limits,
}

impl<'de> Decoder<'de> {
    #[inline]
    pub(crate) fn new(body: Body<'de>) -> Self {
        let limits = Limits::for_body(body.len(), body.has_apart());
        Decoder { body, limits }
    }

    /// Reads the next field.
    #[inline]
    pub(crate) fn value<T: Deserialize<'de>>(&mut self) -> Result<T, CodecError> {
        let input = Input(&mut self.body);
        let mut inner = bincode::Deserializer::with_bincode_read(input, DefaultOptions::new());
        let value = T::deserialize(Guard::new(&mut inner, &mut self.limits));
        value.map_err(|error| self.blame(*error))
    }

    /// Reads a byte string without copying it.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'de [u8], CodecError> {
        self.value()
    }

    /// Reads a text without copying it.
    #[inline]
    pub(crate) fn str(&mut self) -> Result<&'de str, CodecError> {
        self.value()
    }

    /// Reads a byte string into a `Vec`: the one that it came in, where it stands apart.
    #[inline]
    pub(crate) fn byte_buf(&mut self) -> Result<Vec<u8>, CodecError> {
        self.value().map(|ByteBuf(bytes)| bytes)
    }

    /// Reads a text into a `String`: the one that it came in, where it stands apart.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<String, CodecError> {
        self.value()
    }

    /// Checks that every byte was read.
    #[inline]
    pub(crate) fn finish(self) -> Result<(), CodecError> {
        match self.body.len() {
            0 => Ok(()),
            left => Err(CodecError::Leftover(left)),
        }
    }

    #[cold]
    fn blame(&mut self, error: ErrorKind) -> CodecError {
        self.limits.take_fault().unwrap_or_else(|| explain(error))
    }
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

/// Says in our own words what bincode found.
#[cold]
fn explain(error: ErrorKind) -> CodecError {
    match error {
        ErrorKind::Io(_) => CodecError::Truncated,
        ErrorKind::InvalidUtf8Encoding(_) => CodecError::Invalid(Invalid::Utf8),
        ErrorKind::InvalidBoolEncoding(_) => CodecError::Invalid(Invalid::Bool),
        ErrorKind::InvalidCharEncoding => CodecError::Invalid(Invalid::Char),
        ErrorKind::InvalidTagEncoding(_) => CodecError::Invalid(Invalid::OptionTag),
        ErrorKind::DeserializeAnyNotSupported => CodecError::SelfDescribing,
        ErrorKind::SizeLimit => CodecError::TooLong(u64::MAX),
        ErrorKind::SequenceMustHaveLength => CodecError::UnknownLength,
        ErrorKind::Custom(text) if is_integer_text(&text) => CodecError::Invalid(Invalid::Integer),
        ErrorKind::Custom(text) => CodecError::from_text(text),
    }
}

/// Whether a text is one of those that bincode itself gives for an integer it can't read.
///
/// They come as serde's custom errors and can't be told from the user's in another way; the
/// version is pinned and a test provokes each.
fn is_integer_text(text: &str) -> bool {
    const ENDS: [&str; 3] = [
        ": you may have a version disagreement?",
        "(u128 range): you may have a version or configuration disagreement?",
        "Do you have a mismatched bincode version or configuration?",
    ];
    text.starts_with("Invalid size ") || ENDS.iter().any(|end| text.trim_end().ends_with(end))
}

/// The unread part of a body, as bincode reads it; unlike bincode's own, it can be looked at.
struct Input<'r, 'de>(&'r mut Body<'de>);

impl<'de> Input<'_, 'de> {
    #[inline]
    fn take(&mut self, length: usize) -> io::Result<&'de [u8]> {
        self.0.take(length).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl io::Read for Input<'_, '_> {
    #[inline]
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.read_exact(out)?;
        Ok(out.len())
    }

    #[inline]
    fn read_exact(&mut self, out: &mut [u8]) -> io::Result<()> {
        out.copy_from_slice(self.take(out.len())?);
        Ok(())
    }
}

impl<'de> bincode::BincodeRead<'de> for Input<'_, 'de> {
    #[inline]
    fn forward_read_str<V: Visitor<'de>>(
        &mut self,
        length: usize,
        visitor: V,
    ) -> bincode::Result<V::Value> {
        let text = std::str::from_utf8(self.take(length)?);
        visitor.visit_borrowed_str(text.map_err(ErrorKind::InvalidUtf8Encoding)?)
    }

    #[inline]
    fn get_byte_buffer(&mut self, length: usize) -> bincode::Result<Vec<u8>> {
        let bytes = self.0.take_vec(length);
        Ok(bytes.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?)
    }

    #[inline]
    fn forward_read_bytes<V: Visitor<'de>>(
        &mut self,
        length: usize,
        visitor: V,
    ) -> bincode::Result<V::Value> {
        visitor.visit_borrowed_bytes(self.take(length)?)
    }
}

/// A byte string in a `Vec`.
struct ByteBuf(Vec<u8>);

impl<'de> Deserialize<'de> for ByteBuf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = ByteBuf;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<ByteBuf, E> {
                Ok(ByteBuf(copy::to_vec(bytes)))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<ByteBuf, E> {
                Ok(ByteBuf(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}

/// Bincode as it is, without anything of ours: what the bytes are compared with.
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
