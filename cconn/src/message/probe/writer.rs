//! Watches a type's `Serialize`, and compares it with what the type's `Deserialize` asked for.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::Known;
use super::reader::Stop;

/// Watches the writing of one part of a value.
pub(super) struct Writer<'k>(pub(super) &'k mut Known);

/// Watches what has parts.
pub(super) struct Inside<'k> {
    known: &'k mut Known,
    /// The name of the struct that it is, and the number of its fields.
    name: Option<(&'static str, usize)>,
    /// A field was left out for this value only.
    has_gap: bool,
}

impl<'k> Writer<'k> {
    fn inside(self) -> Inside<'k> {
        Inside { known: self.0, name: None, has_gap: false }
    }

    fn of_struct(self, name: &'static str, fields: usize) -> Inside<'k> {
        Inside { known: self.0, name: Some((name, fields)), has_gap: false }
    }

    /// A variant is written: it has to be read as the same.
    fn variant(&mut self, name: &'static str, index: u32, variant: &'static str) {
        let place = |all: &&[&str]| all.iter().position(|one| *one == variant);
        let index = index as usize;
        let is_read = |all: &&[&str]| all.get(index) == Some(&variant);
        let mut read: Option<usize> = None;
        for (_, all) in self.0.enums.keys().filter(|(known, _)| *known == name) {
            // Another enum may have the name, and a variant another name where it is read.
            let Some(found) = place(all).filter(|_| !is_read(all)) else { return };
            read = Some(found);
        }
        let Some(read) = read else { return };
        self.0.note(|| {
            format!(
                "the variant `{variant}` of the enum `{name}` is written as number {index} and \
                 read as {read}: behind a variant with serde's `skip`, `skip_serializing` or \
                 `skip_deserializing` all are counted in two ways; move such variants to the end"
            )
        });
    }
}

impl Inside<'_> {
    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        value.serialize(Writer(self.known))
    }

    fn finish(self) {
        if let Some((name, written)) = self.name
            && let Some(all) = self.known.structs.get(name)
            && !self.has_gap
            && !all.contains(&written)
        {
            let read = all.first().copied().unwrap_or(0);
            self.known.note(|| {
                format!(
                    "of the struct `{name}` the fields that are written are {written}, those that \
                     are read {read}: serde's `skip_serializing` and `skip_deserializing` on a \
                     field do not work with this format; write `skip`"
                )
            });
        }
    }
}

/// Methods for what has nothing inside.
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
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Stop> {
        self.variant(name, index, variant);
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
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        self.variant(name, index, variant);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Inside<'k>, Stop> {
        Ok(self.inside())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Inside<'k>, Stop> {
        Ok(self.inside())
    }

    fn serialize_tuple(self, _: usize) -> Result<Inside<'k>, Stop> {
        Ok(self.inside())
    }

    fn serialize_tuple_struct(self, name: &'static str, len: usize) -> Result<Inside<'k>, Stop> {
        Ok(self.of_struct(name, len))
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Inside<'k>, Stop> {
        Ok(self.of_struct(name, len))
    }

    fn serialize_tuple_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'k>, Stop> {
        self.variant(name, index, variant);
        Ok(self.inside())
    }

    fn serialize_struct_variant(
        mut self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Inside<'k>, Stop> {
        self.variant(name, index, variant);
        Ok(self.inside())
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

/// What has parts without names.
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

/// What has parts with names.
macro_rules! named {
    ($($trait:ident)*) => {$(
        impl $trait for Inside<'_> {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Stop> {
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
