//! Makes values up: a type's `Deserialize` gets the simplest value of whatever it asks for.

use std::fmt;

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::known::{Key, Known};
use crate::codec::CodecError;

/// At this depth and deeper, options are absent and sequences empty.
const SHALLOW: usize = 12;

/// The greatest depth at which parts are made up.
const DEEPEST: usize = 48;

/// The error of a value that can't be made up. It carries no reason, because none is shown.
#[derive(Debug)]
pub(super) struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value could be made up")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Stop
    }
}

/// A deserializer that makes up one part of a value.
pub(super) struct Reader<'k> {
    known: &'k mut Known,
    depth: usize,
}

impl<'k> Reader<'k> {
    pub(super) fn new(known: &'k mut Known) -> Self {
        Reader { known, depth: 0 }
    }

    /// A reader for a part of this part.
    fn below(&mut self) -> Reader<'_> {
        Reader { known: self.known, depth: self.depth.saturating_add(1) }
    }

    /// Counts one more part; fails if there may be no more.
    fn part(&mut self) -> Result<(), Stop> {
        if self.known.count() && self.depth <= DEEPEST { Ok(()) } else { Err(Stop) }
    }

    fn is_shallow(&self) -> bool {
        self.depth < SHALLOW
    }

    /// Access to the `left` parts of a compound.
    fn parts(self, left: usize) -> Parts<'k> {
        Parts { reader: self, left }
    }

    fn read_struct<V: Visitor<'static>>(
        mut self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let (value, fields) = self.same().visited(len, visitor)?;
        self.known.read_struct(name, fields);
        Ok(value)
    }

    /// A reader for this same part, borrowed.
    fn same(&mut self) -> Reader<'_> {
        Reader { known: self.known, depth: self.depth }
    }

    /// Makes a value of at most `len` parts, and returns it with the number of parts it asked for.
    ///
    /// Only that number counts, because the names that a struct is read with include aliases of
    /// fields.
    fn visited<V: Visitor<'static>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<(V::Value, usize), Stop> {
        let mut parts = self.parts(len);
        let value = visitor.visit_seq(&mut parts)?;
        Ok((value, len.saturating_sub(parts.left)))
    }
}

/// Methods that return a fixed value.
macro_rules! simple {
    ($($method:ident: $visit:ident($value:expr);)*) => {$(
        fn $method<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
            self.part()?;
            visitor.$visit($value)
        }
    )*};
}

/// Methods of types that ask the bytes what they are, which this format does not store.
macro_rules! asking {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Stop> {
            self.known.note(|| CodecError::SelfDescribing.to_string());
            Err(Stop)
        }
    )*};
}

impl Deserializer<'static> for Reader<'_> {
    type Error = Stop;

    simple! {
        deserialize_bool: visit_bool(false);
        deserialize_i8: visit_i8(1);
        deserialize_i16: visit_i16(1);
        deserialize_i32: visit_i32(1);
        deserialize_i64: visit_i64(1);
        deserialize_i128: visit_i128(1);
        deserialize_u8: visit_u8(1);
        deserialize_u16: visit_u16(1);
        deserialize_u32: visit_u32(1);
        deserialize_u64: visit_u64(1);
        deserialize_u128: visit_u128(1);
        deserialize_f32: visit_f32(1.0);
        deserialize_f64: visit_f64(1.0);
        deserialize_char: visit_char('a');
    }

    fn deserialize_str<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.part()?;
        visitor.visit_borrowed_str(self.known.text)
    }

    fn deserialize_string<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    /// Gives 16 bytes if the text is one character, else none: types of fixed size often take 16.
    fn deserialize_bytes<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.part()?;
        let bytes: &[u8] = if self.known.text.len() == 1 { &[1; 16] } else { &[] };
        visitor.visit_borrowed_bytes(bytes)
    }

    fn deserialize_byte_buf<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_bytes(visitor)
    }

    asking! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn deserialize_unit<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.part()?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_option<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.part()?;
        if self.is_shallow() { visitor.visit_some(self.below()) } else { visitor.visit_none() }
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        mut self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.part()?;
        visitor.visit_newtype_struct(self.below())
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let elements = usize::from(self.is_shallow());
        visitor.visit_seq(self.parts(elements))
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let entries = usize::from(self.is_shallow());
        visitor.visit_map(self.parts(entries))
    }

    fn deserialize_tuple<V: Visitor<'static>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        visitor.visit_seq(self.parts(len))
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.read_struct(name, len, visitor)
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.read_struct(name, fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.part()?;
        let index = self.known.choose((name, variants));
        visitor.visit_enum(Chosen { reader: self, key: (name, variants), index })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of a sequence, map, tuple or struct that is being made up.
struct Parts<'k> {
    reader: Reader<'k>,
    left: usize,
}

impl Parts<'_> {
    /// Whether another part follows.
    fn next(&mut self) -> Result<bool, Stop> {
        self.reader.part()?;
        let is_left = self.left > 0;
        self.left = self.left.saturating_sub(1);
        Ok(is_left)
    }
}

impl SeqAccess<'static> for Parts<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'static>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        if self.next()? { seed.deserialize(self.reader.below()).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl MapAccess<'static> for Parts<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'static>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'static>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        seed.deserialize(self.reader.below())
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The variant that was chosen for an enum.
struct Chosen<'k> {
    reader: Reader<'k>,
    key: Key,
    index: usize,
}

impl Chosen<'_> {
    /// Notes that the variant could be made up, with `fields` fields.
    fn ended(self, fields: usize) {
        self.reader.known.read_variant(self.key, self.index, fields);
    }

    /// Makes up a variant with fields in a row.
    fn visited<V: Visitor<'static>>(mut self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        let (value, fields) = self.reader.below().visited(len, visitor)?;
        self.ended(fields);
        Ok(value)
    }
}

impl EnumAccess<'static> for Chosen<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'static>>(self, seed: S) -> Result<(S::Value, Self), Stop> {
        let index: U32Deserializer<Stop> =
            u32::try_from(self.index).map_err(|_| Stop)?.into_deserializer();
        match seed.deserialize(index) {
            Ok(value) => Ok((value, self)),
            Err(stop) => {
                self.reader.known.refused(self.key);
                Err(stop)
            }
        }
    }
}

impl VariantAccess<'static> for Chosen<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.ended(0);
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'static>>(
        mut self,
        seed: S,
    ) -> Result<S::Value, Stop> {
        let value = seed.deserialize(self.reader.below())?;
        self.ended(1);
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.visited(len, visitor)
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.visited(fields.len(), visitor)
    }
}
