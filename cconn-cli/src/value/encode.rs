//! Typed values as serde writes them, so that the library encodes them like a program's own.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    Serializer,
};

use super::typed::{Int, Typed};

/// The name of a type that may get more parts: the library writes its length before its parts.
const OPEN: &str = "ouvert ";

impl Serialize for Typed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Typed::Bool(value) => serializer.serialize_bool(*value),
            Typed::Int(value) => value.serialize(serializer),
            Typed::F32(value) => serializer.serialize_f32(*value),
            Typed::F64(value) => serializer.serialize_f64(*value),
            Typed::Char(value) => serializer.serialize_char(*value),
            Typed::Text(value) => serializer.serialize_str(value),
            Typed::Bytes(value) => serializer.serialize_bytes(value),
            Typed::Option(None) => serializer.serialize_none(),
            Typed::Option(Some(value)) => serializer.serialize_some(value),
            Typed::List(elements) => {
                let mut list = serializer.serialize_seq(Some(elements.len()))?;
                elements.iter().try_for_each(|element| list.serialize_element(element))?;
                list.end()
            }
            Typed::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                pairs.iter().try_for_each(|(key, value)| map.serialize_entry(key, value))?;
                map.end()
            }
            Typed::Tuple(parts) => {
                let mut tuple = serializer.serialize_tuple(parts.len())?;
                parts.iter().try_for_each(|part| tuple.serialize_element(part))?;
                tuple.end()
            }
            Typed::Open(parts) => serializer.serialize_newtype_struct(OPEN, &Fields(parts)),
            Typed::Variant { index, fields, is_open } => {
                let variant = Variant { index: *index, fields };
                if *is_open {
                    serializer.serialize_newtype_struct(OPEN, &variant)
                } else {
                    variant.serialize(serializer)
                }
            }
        }
    }
}

/// The fields of an open struct.
struct Fields<'a>(&'a [Typed]);

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("", self.0.len())?;
        self.0.iter().try_for_each(|field| fields.serialize_field("", field))?;
        fields.end()
    }
}

/// A variant with its fields.
struct Variant<'a> {
    index: u32,
    fields: &'a [Typed],
}

impl Serialize for Variant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Variant { index, fields } = *self;
        match fields {
            [] => serializer.serialize_unit_variant("", index, ""),
            [only] => serializer.serialize_newtype_variant("", index, "", only),
            _ => {
                let mut variant =
                    serializer.serialize_struct_variant("", index, "", fields.len())?;
                fields.iter().try_for_each(|field| variant.serialize_field("", field))?;
                variant.end()
            }
        }
    }
}

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Int::I8(value) => serializer.serialize_i8(value),
            Int::I16(value) => serializer.serialize_i16(value),
            Int::I32(value) => serializer.serialize_i32(value),
            Int::I64(value) => serializer.serialize_i64(value),
            Int::I128(value) => serializer.serialize_i128(value),
            Int::U8(value) => serializer.serialize_u8(value),
            Int::U16(value) => serializer.serialize_u16(value),
            Int::U32(value) => serializer.serialize_u32(value),
            Int::U64(value) => serializer.serialize_u64(value),
            Int::U128(value) => serializer.serialize_u128(value),
        }
    }
}
