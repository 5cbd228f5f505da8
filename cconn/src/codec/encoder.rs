//! Writes values, and refuses those that a reader would refuse.
//!
//! The encoder obeys the limits of the decoder: the depth of nesting, and lengths for which the
//! body has enough bytes. So the sender gets the error before anything is sent, and a value that is
//! nested too deep ends with an error instead of a stack overflow.

mod compound;

use serde::ser::{Error, Serialize, Serializer};

use super::guard::EMPTY_ELEMENTS;
use super::{CodecError, MAX_DEPTH, OPEN, write_length};
use crate::body::MAX_LENGTH_BYTES;
use crate::copy;
use compound::Sequence;

/// Writes values to the end of a body.
pub(super) struct Encoder<'o> {
    out: &'o mut Vec<u8>,
    /// Elements that all sequences and maps of the body have declared so far.
    elements: usize,
    /// Elements written that took no bytes.
    empty: usize,
    /// Levels that may still be entered; `0 <= levels <= MAX_DEPTH + 1`.
    levels: u8,
}

/// Elements without bytes that may be written before the bytes written so far must pay for them.
/// Bytes of later fields may still pay for as many. A larger number would only take time: without
/// this limit a sequence of 2^40 empty elements would be walked to its end.
const MOST_UNPAID: usize = 1 << 20;

/// Checks that a reader accepts a body of `length` bytes that declares this many elements in all.
#[inline]
pub(crate) fn check_elements(elements: usize, length: usize) -> Result<(), CodecError> {
    if elements > length.saturating_add(EMPTY_ELEMENTS) {
        return Err(CodecError::TooLong(elements as u64));
    }
    Ok(())
}

impl<'o> Encoder<'o> {
    /// An encoder for a further field of a body that has declared `elements` so far.
    #[inline]
    pub(super) fn new(out: &'o mut Vec<u8>, elements: usize) -> Self {
        Encoder { out, elements, empty: 0, levels: MAX_DEPTH }
    }

    /// An encoder for a tuple whose fields are read one by one, so that each field has all levels.
    #[inline]
    pub(super) fn of_fields(out: &'o mut Vec<u8>) -> Self {
        // The tuple itself is a level here, which the reader of its fields does not see.
        Encoder { out, elements: 0, empty: 0, levels: MAX_DEPTH.saturating_add(1) }
    }

    #[inline]
    pub(super) fn elements(&self) -> usize {
        self.elements
    }

    #[inline]
    // [value.writer]
    fn descend(&mut self) -> Result<(), CodecError> {
        self.levels = self.levels.checked_sub(1).ok_or(CodecError::TooDeep)?;
        Ok(())
    }

    #[inline]
    fn ascend(&mut self) {
        // A level is left only after it was entered, so this never wraps.
        self.levels = self.levels.wrapping_add(1);
    }

    /// Writes a value that is one level below the current one.
    #[inline]
    fn below<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.descend()?;
        // After an error nothing more is written, so the level need not be left.
        value.serialize(&mut *self)?;
        self.ascend();
        Ok(())
    }

    /// Begins a level, into which the caller writes the parts.
    #[inline]
    fn level(&mut self) -> Result<&mut Self, CodecError> {
        self.descend()?;
        Ok(self)
    }

    /// Begins a sequence or map with `length` elements.
    #[inline]
    fn declared(&mut self, length: Option<usize>) -> Result<Sequence<'_, 'o>, CodecError> {
        // On the wire the length comes before the elements.
        let length = length.ok_or(CodecError::UnknownLength)?;
        self.elements = self.elements.saturating_add(length);
        self.unsigned(length as u64);
        self.descend()?;
        let start = self.out.len();
        Ok(Sequence { encoder: self, left: length, start })
    }

    /// Counts the element that began at `start` in the output, if the element took no bytes.
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

    /// Writes a value of an open type, and its length before it.
    // [value.open]
    fn measured<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let start = self.out.len();
        value.serialize(&mut *self)?;
        let mut prefix = Vec::with_capacity(MAX_LENGTH_BYTES);
        write_length(self.out.len().saturating_sub(start) as u64, &mut prefix);
        self.out.splice(start..start, prefix);
        Ok(())
    }

    #[inline]
    // [value.integers] [value.shortest]
    fn unsigned(&mut self, value: u64) {
        write_length(value, self.out);
    }

    #[inline]
    fn variant(&mut self, index: u32) {
        self.unsigned(index.into());
    }
}

/// Maps small numbers of either sign to small codes: 0, -1, 1, -2 become 0, 1, 2, 3.
#[inline]
fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// Methods that write their value as an integer of variable length.
macro_rules! integers {
    ($($method:ident($type:ty) as $convert:expr;)*) => {$(
        #[inline]
        fn $method(self, v: $type) -> Result<(), CodecError> {
            self.unsigned($convert(v));
            Ok(())
        }
    )*};
}

/// Methods that write their value as a fixed number of bytes.
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
            // 254 announces an integer of 16 bytes; `write_length` uses up to 253.
            self.out.push(254);
            self.out.extend_from_slice(&v.to_le_bytes());
        }
        Ok(())
    }

    #[inline]
    fn serialize_i128(self, v: i128) -> Result<(), CodecError> {
        // `zigzag`, in 128 bits.
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
        name: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        if name.starts_with(OPEN) { self.measured(value) } else { self.below(value) }
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
        // Types such as `Ipv4Addr` then write their bytes instead of a text.
        false
    }
}

impl Error for CodecError {
    #[cold]
    fn custom<T: std::fmt::Display>(text: T) -> Self {
        CodecError::from_text(text.to_string())
    }
}
