//! Watches a type's `Serialize`, for the comparison with what the type's `Deserialize` asked for.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::known::{Known, Of};
use super::reader::Stop;

/// A serializer that watches the writing of one part of a value.
pub(super) struct Writer<'k>(pub(super) &'k mut Known);

/// Watches a value with parts.
pub(super) struct Inside<'k> {
    known: &'k mut Known,
    of: Of,
    /// Fields written so far.
    fields: usize,
    /// Their names, if they have names.
    names: Vec<&'static str>,
    /// A field was left out of this value (`skip_serializing_if`).
    has_gap: bool,
}

impl<'k> Writer<'k> {
    fn inside(self, of: Of) -> Inside<'k> {
        Inside { known: self.0, of, fields: 0, names: Vec::new(), has_gap: false }
    }
}

impl Inside<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.fields = self.fields.saturating_add(1);
        value.serialize(Writer(self.known))
    }

    fn finish(self) {
        if let (Of::Struct(name), false) = (self.of, self.names.is_empty()) {
            self.known.found.wrote_struct(name, self.names);
        }
        self.known.write_fields(self.of, self.fields, self.has_gap);
    }
}

/// Methods for values without parts.
macro_rules! simple {
    ($($method:ident($type:ty);)*) => {$(
        fn $method(self, _: $type) -> Result<(), Stop> {
            Ok(())
        }
    )*};
}

impl<'k> Serializer for Writer<'k> {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Inside<'k>;
    type SerializeTuple = Inside<'k>;
    type SerializeTupleStruct = Inside<'k>;
    type SerializeTupleVariant = Inside<'k>;
    type SerializeMap = Inside<'k>;
    type SerializeStruct = Inside<'k>;
    type SerializeStructVariant = Inside<'k>;

    simple! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_f32(f32);
        serialize_f64(f64);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_unit_struct(&'static str);
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Stop> {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Stop> {
        self.0.write_variant(name, index, variant);
        self.0.write_fields(Of::Variant(name), 0, false);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.0.write_variant(name, index, variant);
        self.0.write_fields(Of::Variant(name), 1, false);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'k>, Stop> {
        Ok(self.inside(Of::Nothing))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'k>, Stop> {
        Ok(self.inside(Of::Nothing))
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'k>, Stop> {
        Ok(self.inside(Of::Nothing))
    }

    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Inside<'k>, Stop> {
        Ok(self.inside(Of::Struct(name)))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Inside<'k>, Stop> {
        Ok(self.inside(Of::Struct(name)))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'k>, Stop> {
        self.0.write_variant(name, index, variant);
        Ok(self.inside(Of::Variant(name)))
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'k>, Stop> {
        self.0.write_variant(name, index, variant);
        Ok(self.inside(Of::Variant(name)))
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

impl SerializeMap for Inside<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.add(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        self.add(value)
    }

    fn end(self) -> Result<(), Stop> {
        self.finish();
        Ok(())
    }
}

/// Implements the traits whose parts have no names.
macro_rules! unnamed {
    ($($trait:ident $method:ident;)*) => {$(
        impl $trait for Inside<'_> {
            type Ok = ();
            type Error = Stop;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.add(value)
            }

            fn end(self) -> Result<(), Stop> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

unnamed! {
    SerializeSeq serialize_element;
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// Implements the traits whose parts have names.
macro_rules! named {
    ($($trait:ident)*) => {$(
        impl $trait for Inside<'_> {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Stop> {
                self.names.push(name);
                self.add(value)
            }

            fn skip_field(&mut self, _: &'static str) -> Result<(), Stop> {
                self.has_gap = true;
                Ok(())
            }

            fn end(self) -> Result<(), Stop> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

named!(SerializeStruct SerializeStructVariant);

impl serde::ser::Error for Stop {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Stop
    }
}
