//! Writes values, and refuses those that no reader would take.
//!
//! What the guard refuses when it reads, this refuses when it writes: too many levels, lengths
//! that the body has no room for. So it is the sender who is told, a value is not sent in vain,
//! and one that is nested too deep ends with an error and not with the stack.

mod compound;

use serde::ser::{Error, Serialize, Serializer};

use super::guard::EMPTY_ELEMENTS;
use super::{CodecError, MAX_DEPTH, write_length};
use crate::copy;
use compound::Sequence;

/// Writes one value.
pub(super) struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    /// Declared so far, by all sequences and maps of the body.
    elements: usize,
    /// Elements that were written and took no bytes.
    empty: usize,
    /// Levels that may still be entered; `0 <= levels <= MAX_DEPTH + 1`.
    levels: u8,
}

/// Elements without bytes that are written before those are refused which the bytes written so far
/// do not pay for. The bytes of later fields may pay for as many; more than that would only take
/// time, without end where a value has 2^40 of them.
const MOST_UNPAID: usize = 1 << 20;

/// Whether a reader grants that many declared elements to a body of that length.
#[inline]
pub(crate) fn check_elements(elements: usize, length: usize) -> Result<(), CodecError> {
    if elements > length.saturating_add(EMPTY_ELEMENTS) {
        return Err(CodecError::TooLong(elements as u64));
    }
    Ok(())
}

impl<'o> Encoder<'o> {
    /// Of a body that has declared so many elements already.
    #[inline]
    pub(super) fn new(out: &'o mut Vec<u8>, elements: usize) -> Self {
        Encoder { out, elements, empty: 0, levels: MAX_DEPTH }
    }

    /// Of a tuple whose fields are read one by one, so that each has all levels.
    #[inline]
    pub(super) fn of_fields(out: &'o mut Vec<u8>) -> Self {
        Encoder { out, elements: 0, empty: 0, levels: MAX_DEPTH.saturating_add(1) }
    }

    #[inline]
    pub(super) fn elements(&self) -> usize {
        self.elements
    }

    #[inline]
    fn descend(&mut self) -> Result<(), CodecError> {
        self.levels = self.levels.checked_sub(1).ok_or(CodecError::TooDeep)?;
        Ok(())
    }

    #[inline]
    fn ascend(&mut self) {
        self.levels = self.levels.wrapping_add(1);
    }

    /// Writes a value that is a level of its own.
    #[inline]
    fn below<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.descend()?;
        value.serialize(&mut *self)?;
        self.ascend();
        Ok(())
    }

    /// Begins a level whose parts follow.
    #[inline]
    fn level(&mut self) -> Result<&mut Self, CodecError> {
        self.descend()?;
        Ok(self)
    }

    /// Begins a sequence or map of that length.
    #[inline]
    fn declared(&mut self, length: Option<usize>) -> Result<Sequence<'_, 'o>, CodecError> {
        let length = length.ok_or(CodecError::UnknownLength)?;
        self.elements = self.elements.saturating_add(length);
        self.unsigned(length as u64);
        self.descend()?;
        let start = self.out.len();
        Ok(Sequence { encoder: self, left: length, start })
    }

    /// An element was written that began at that place in the output.
    #[inline]
    fn end_element(&mut self, start: usize) -> Result<(), CodecError> {
        if self.out.len() == start { self.count_empty() } else { Ok(()) }
    }

    #[cold]
    fn count_empty(&mut self) -> Result<(), CodecError> {
        self.empty = self.empty.saturating_add(1);
        if self.empty > self.out.len().saturating_add(MOST_UNPAID) {
            return Err(CodecError::TooLong(self.elements as u64));
        }
        Ok(())
    }

    #[inline]
    fn unsigned(&mut self, value: u64) {
        write_length(value, self.out);
    }

    #[inline]
    fn variant(&mut self, index: u32) {
        self.unsigned(index.into());
    }
}

/// Nearer to 0 is shorter, whatever the sign: 0, -1, 1, -2 become 0, 1, 2, 3.
#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Methods for what is written as some integer of variable length.
macro_rules! integers {
    ($($method:ident($type:ty) as $convert:expr;)*) => {$(
        #[inline]
        fn $method(self, v: $type) -> Result<(), CodecError> {
            self.unsigned($convert(v));
            Ok(())
        }
    )*};
}

/// Methods for what is written as bytes of a fixed number.
macro_rules! fixed {
    ($($method:ident($type:ty) as $convert:expr;)*) => {$(
        #[inline]
        fn $method(self, v: $type) -> Result<(), CodecError> {
            self.out.extend_from_slice(&$convert(v));
            Ok(())
        }
    )*};
}

impl<'e, 'o> Serializer for &'e mut Encoder<'o> {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = Sequence<'e, 'o>;
    type SerializeTuple = &'e mut Encoder<'o>;
    type SerializeTupleStruct = &'e mut Encoder<'o>;
    type SerializeTupleVariant = &'e mut Encoder<'o>;
    type SerializeMap = Sequence<'e, 'o>;
    type SerializeStruct = &'e mut Encoder<'o>;
    type SerializeStructVariant = &'e mut Encoder<'o>;

    integers! {
        serialize_u16(u16) as u64::from;
        serialize_u32(u32) as u64::from;
        serialize_u64(u64) as u64::from;
        serialize_i16(i16) as |v| zigzag(i64::from(v));
        serialize_i32(i32) as |v| zigzag(i64::from(v));
        serialize_i64(i64) as zigzag;
    }

    fixed! {
        serialize_bool(bool) as |v| [u8::from(v)];
        serialize_u8(u8) as |v| [v];
        serialize_i8(i8) as i8::to_le_bytes;
        serialize_f32(f32) as f32::to_le_bytes;
        serialize_f64(f64) as f64::to_le_bytes;
    }

    #[inline]
    fn serialize_u128(self, v: u128) -> Result<(), CodecError> {
        if let Ok(small) = u64::try_from(v) {
            self.unsigned(small);
        } else {
            self.out.push(254);
            self.out.extend_from_slice(&v.to_le_bytes());
        }
        Ok(())
    }

    #[inline]
    fn serialize_i128(self, v: i128) -> Result<(), CodecError> {
        self.serialize_u128(((v << 1) ^ (v >> 127)).cast_unsigned())
    }

    #[inline]
    fn serialize_char(self, v: char) -> Result<(), CodecError> {
        self.out.extend_from_slice(v.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_str(self, v: &str) -> Result<(), CodecError> {
        self.serialize_bytes(v.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, v: &[u8]) -> Result<(), CodecError> {
        self.unsigned(v.len() as u64);
        copy::append(self.out, v);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), CodecError> {
        self.serialize_u8(0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CodecError> {
        self.out.push(1);
        self.below(value)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), CodecError> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), CodecError> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), CodecError> {
        self.variant(index);
        Ok(())
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        self.below(value)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        self.variant(index);
        self.below(value)
    }

    #[inline]
    fn serialize_seq(self, length: Option<usize>) -> Result<Sequence<'e, 'o>, CodecError> {
        self.declared(length)
    }

    #[inline]
    fn serialize_map(self, length: Option<usize>) -> Result<Sequence<'e, 'o>, CodecError> {
        self.declared(length)
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, CodecError> {
        self.level()
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, CodecError> {
        self.level()
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, CodecError> {
        self.variant(index);
        self.level()
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, CodecError> {
        self.level()
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, CodecError> {
        self.variant(index);
        self.level()
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
