//! Reads values; no bytes of a peer can harm the reader.
//!
//! Nothing is allocated for a length that was only declared: a text or a byte string is found in
//! the body before it is copied. The limits on declared elements and on nesting are in `guard`.

mod access;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

use super::guard::Limits;
use super::{CodecError, Invalid, OPEN};
use crate::body::Body;
use access::{Elements, OpenParts, Parts};

/// Reads the fields of a body one after the other, which equals reading a tuple of them.
///
/// After an error the position in the body is unknown, and nothing more may be read from it.
pub(crate) struct Decoder<'de> {
    body: Body<'de>,
    limits: Limits,
}

impl<'de> Decoder<'de> {
    #[inline]
    pub(crate) fn new(body: Body<'de>) -> Self {
        let limits = Limits::for_body(body.len());
        Decoder { body, limits }
    }

    /// Whether no byte is left.
    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.body.len() == 0
    }

    /// Reads the next field.
    #[inline]
    pub(crate) fn value<T: Deserialize<'de>>(&mut self) -> Result<T, CodecError> {
        T::deserialize(self)
    }

    /// Reads a byte string without copying it.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'de [u8], CodecError> {
        let length = self.length()?;
        self.body.take(length).ok_or(CodecError::Truncated)
    }

    /// Reads a text without copying it.
    #[inline]
    pub(crate) fn str(&mut self) -> Result<&'de str, CodecError> {
        let text = std::str::from_utf8(self.bytes()?);
        text.map_err(|_| CodecError::Invalid(Invalid::Utf8))
    }

    /// Reads a byte string into a `Vec`. A byte string apart is not copied: its own `Vec` is
    /// returned.
    #[inline]
    pub(crate) fn byte_buf(&mut self) -> Result<Vec<u8>, CodecError> {
        let length = self.length()?;
        self.body.take_vec(length).ok_or(CodecError::Truncated)
    }

    /// Reads a text into a `String`. A text apart is not copied: its own `Vec` becomes the
    /// `String`.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<String, CodecError> {
        let text = String::from_utf8(self.byte_buf()?);
        text.map_err(|_| CodecError::Invalid(Invalid::Utf8))
    }

    /// Checks that every byte was read.
    #[inline]
    // [value.left-over]
    pub(crate) fn finish(self) -> Result<(), CodecError> {
        match self.body.len() {
            0 => Ok(()),
            left => Err(CodecError::Leftover(left)),
        }
    }

    #[inline]
    fn byte(&mut self) -> Result<u8, CodecError> {
        self.array().map(|[byte]| byte)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        self.body.take_array().ok_or(CodecError::Truncated)
    }

    /// Reads an unsigned integer of up to 64 bits.
    #[inline]
    // [value.longer] [value.no-meaning]
    fn unsigned(&mut self) -> Result<u64, CodecError> {
        // Most integers are one byte of at most 250; a larger byte announces a wider integer.
        if let [byte @ 0..=250, ..] = *self.body.peek() {
            self.body.skip(1);
            return Ok(byte.into());
        }
        match self.wide() {
            Some(value) => Ok(value),
            None => self.unsigned_in_parts(),
        }
    }

    /// Reads an integer of more than one byte that is in one piece. `None` if it is not, or if it
    /// is wider than 64 bits.
    fn wide(&mut self) -> Option<u64> {
        let (value, length) = match self.body.peek() {
            [251, rest @ ..] => (u16::from_le_bytes(*rest.first_chunk()?).into(), 3),
            [252, rest @ ..] => (u32::from_le_bytes(*rest.first_chunk()?).into(), 5),
            [253, rest @ ..] => (u64::from_le_bytes(*rest.first_chunk()?), 9),
            _ => return None,
        };
        self.body.skip(length);
        Some(value)
    }

    /// Reads an integer that is in two pieces, or returns what is wrong with it.
    #[cold]
    fn unsigned_in_parts(&mut self) -> Result<u64, CodecError> {
        self.unsigned_128().and_then(narrow)
    }

    /// Reads an unsigned integer of up to 128 bits.
    fn unsigned_128(&mut self) -> Result<u128, CodecError> {
        match self.byte()? {
            byte @ 0..=250 => Ok(byte.into()),
            251 => self.array().map(|bytes| u16::from_le_bytes(bytes).into()),
            252 => self.array().map(|bytes| u32::from_le_bytes(bytes).into()),
            253 => self.array().map(|bytes| u64::from_le_bytes(bytes).into()),
            254 => self.array().map(u128::from_le_bytes),
            255 => Err(CodecError::Invalid(Invalid::Integer)),
        }
    }

    /// Reads a signed integer: the codes 0, 1, 2, 3 mean 0, -1, 1, -2.
    #[inline]
    fn signed(&mut self) -> Result<i64, CodecError> {
        let value = self.unsigned()?;
        Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    fn signed_128(&mut self) -> Result<i128, CodecError> {
        let value = self.unsigned_128()?;
        Ok((value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg())
    }

    #[inline]
    fn length(&mut self) -> Result<usize, CodecError> {
        self.unsigned().and_then(narrow)
    }

    fn char(&mut self) -> Result<char, CodecError> {
        const BAD: CodecError = CodecError::Invalid(Invalid::Char);
        let first = self.byte()?;
        let width = match first {
            0..=0x7F => return Ok(first.into()),
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            // 0xC0, 0xC1 and the bytes from 0xF5 on begin no character of UTF-8.
            _ => return Err(BAD),
        };
        let mut bytes = [first, 0, 0, 0];
        let (char, _) = bytes.split_at_mut_checked(width).ok_or(BAD)?;
        if let [_, others @ ..] = &mut *char {
            others.copy_from_slice(self.body.take(others.len()).ok_or(BAD)?);
        }
        let text = std::str::from_utf8(char).ok();
        text.and_then(|text| text.chars().next()).ok_or(BAD)
    }

    /// Reads something that is one level deeper.
    #[inline]
    // [value.levels]
    fn below<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CodecError>,
    ) -> Result<T, CodecError> {
        self.limits.descend()?;
        let value = read(self);
        self.limits.ascend();
        value
    }

    /// Reads a value of an open type, whose length comes first: what the reader leaves is passed
    /// over.
    // [value.open]
    fn within<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CodecError>,
    ) -> Result<T, CodecError> {
        let bytes = self.bytes()?;
        let behind = std::mem::replace(&mut self.body, bytes.into());
        let value = read(self);
        self.body = behind;
        value
    }

    /// Reads a value of an open type that is one level deeper.
    fn inside<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, CodecError>,
    ) -> Result<T, CodecError> {
        self.within(|decoder| decoder.below(read))
    }

    /// Reads `count` parts that follow each other.
    #[inline]
    fn parts<V: Visitor<'de>>(&mut self, count: usize, visitor: V) -> Result<V::Value, CodecError> {
        self.below(|decoder| visitor.visit_seq(Parts { decoder, left: count }))
    }

    /// Reads how many elements follow, and checks that the body can have so many.
    #[inline]
    // [value.elements]
    fn declared(&mut self) -> Result<usize, CodecError> {
        let length = self.length()?;
        self.limits.charge(length)?;
        Ok(length)
    }
}

#[inline]
fn narrow<W, N: TryFrom<W>>(wide: W) -> Result<N, CodecError> {
    N::try_from(wide).map_err(|_| CodecError::Invalid(Invalid::Integer))
}

/// Methods that read one value: method, how the value is read, which visitor method gets it.
macro_rules! scalars {
    ($($method:ident: $read:expr => $visit:ident;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
            let read: fn(&mut Decoder<'de>) -> Result<_, CodecError> = $read;
            visitor.$visit(read(self)?)
        }
    )*};
}

/// Methods of types that ask the bytes what they are, which this format does not store.
macro_rules! refused {
    ($($method:ident)*) => {$(
        #[cold]
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, CodecError> {
            Err(CodecError::SelfDescribing)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Decoder<'de> {
    type Error = CodecError;

    scalars! {
        deserialize_u8: |decoder| decoder.byte() => visit_u8;
        deserialize_u16: |decoder| decoder.unsigned().and_then(narrow) => visit_u16;
        deserialize_u32: |decoder| decoder.unsigned().and_then(narrow) => visit_u32;
        deserialize_u64: |decoder| decoder.unsigned() => visit_u64;
        deserialize_u128: |decoder| decoder.unsigned_128() => visit_u128;
        deserialize_i8: |decoder| decoder.byte().map(u8::cast_signed) => visit_i8;
        deserialize_i16: |decoder| decoder.signed().and_then(narrow) => visit_i16;
        deserialize_i32: |decoder| decoder.signed().and_then(narrow) => visit_i32;
        deserialize_i64: |decoder| decoder.signed() => visit_i64;
        deserialize_i128: |decoder| decoder.signed_128() => visit_i128;
        deserialize_f32: |decoder| decoder.array().map(f32::from_le_bytes) => visit_f32;
        deserialize_f64: |decoder| decoder.array().map(f64::from_le_bytes) => visit_f64;
        deserialize_bool: |decoder| match decoder.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError::Invalid(Invalid::Bool)),
        } => visit_bool;
        deserialize_char: |decoder| decoder.char() => visit_char;
        deserialize_str: |decoder| decoder.str() => visit_borrowed_str;
        deserialize_bytes: |decoder| decoder.bytes() => visit_borrowed_bytes;
    }

    refused! { deserialize_any deserialize_identifier deserialize_ignored_any }

    /// Passes the text to the visitor as borrowed, which copies it into what the visitor has; a
    /// text apart need not be copied and is passed as owned.
    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        if self.body.has_apart() {
            return visitor.visit_string(self.string()?);
        }
        visitor.visit_borrowed_str(self.str()?)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        if self.body.has_apart() {
            return visitor.visit_byte_buf(self.byte_buf()?);
        }
        visitor.visit_borrowed_bytes(self.bytes()?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        match self.byte()? {
            0 => visitor.visit_none(),
            1 => self.below(|decoder| visitor.visit_some(decoder)),
            _ => Err(CodecError::Invalid(Invalid::OptionTag)),
        }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.below(|decoder| visitor.visit_newtype_struct(decoder))
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        let left = self.declared()?;
        self.below(|decoder| visitor.visit_seq(Elements(Parts { decoder, left })))
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        let left = self.declared()?;
        self.below(|decoder| visitor.visit_map(Elements(Parts { decoder, left })))
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.parts(count, visitor)
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.parts(count, visitor)
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        if name.starts_with(OPEN) {
            return self.inside(|decoder| visitor.visit_seq(OpenParts::new(decoder, fields)));
        }
        self.parts(fields.len(), visitor)
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        // The content of a variant is a level, the variant itself is not.
        if name.starts_with(OPEN) {
            return self.within(|decoder| visitor.visit_enum(decoder));
        }
        visitor.visit_enum(self)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }
}

impl Error for CodecError {
    #[cold]
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        CodecError::from_text(text.to_string())
    }
}
