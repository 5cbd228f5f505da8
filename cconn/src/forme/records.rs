//! Shapes as values that are sent, with room for what later versions add.
//!
//! Each kind of shape and of type is a number, and an unknown number is kept as such. All of them
//! are records of one form, so a reader can pass over those that it does not know.

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};

use crate::codec::{self, Decoder};
use crate::octets::{Octets, OctetsRef};

use super::{Champ, Forme, Genre, TypeNomme, Variante};

/// Writes a record: the length of its fields, then the fields. Later versions may append fields.
// [description.records]
pub(super) fn record<T: Serialize, S: Serializer>(
    fields: &T,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    let mut bytes = Vec::new();
    codec::encode_fields(fields, &mut bytes).map_err(S::Error::custom)?;
    OctetsRef(&bytes).serialize(serializer)
}

/// The fields of a record. Fields that an older version does not send have their defaults, and
/// fields that only a later one knows are passed over.
pub(super) struct Fields<'de>(Decoder<'de>);

impl<'de> Fields<'de> {
    /// The bytes of a record.
    pub(super) fn bytes<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        Octets::deserialize(deserializer).map(|octets| octets.0)
    }

    pub(super) fn new(bytes: &'de [u8]) -> Self {
        Fields(Decoder::new(bytes.into()))
    }

    /// The next field.
    pub(super) fn next<T: Deserialize<'de> + Default, E: serde::de::Error>(
        &mut self,
    ) -> Result<T, E> {
        if self.0.is_at_end() {
            return Ok(T::default());
        }
        self.0.value().map_err(E::custom)
    }
}

/// Implements sending for structs: as a record of their fields, which may get more fields later.
macro_rules! records {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                record(&($(&self.$field,)*), serializer)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let bytes = Fields::bytes(deserializer)?;
                let mut fields = Fields::new(&bytes);
                Ok($name { $($field: fields.next()?,)* })
            }
        }
    )*};
}
pub(super) use records;

/// Kinds of shapes without parts, by number.
const SIMPLE: [Forme; 16] = [
    Forme::Booleen,
    Forme::I8,
    Forme::I16,
    Forme::I32,
    Forme::I64,
    Forme::I128,
    Forme::U8,
    Forme::U16,
    Forme::U32,
    Forme::U64,
    Forme::U128,
    Forme::F32,
    Forme::F64,
    Forme::Caractere,
    Forme::Texte,
    Forme::Octets,
];

const OPTION: u8 = 32;
const SEQUENCE: u8 = 33;
const MAP: u8 = 34;
const TUPLE: u8 = 35;
const NAMED: u8 = 36;
const OPAQUE: u8 = 37;
const STREAM: u8 = 38;

/// The numbers of kinds of types.
const STRUCT: u8 = 0;
const ENUM: u8 = 1;

// [description.shapes]
impl Serialize for Forme {
    /// A tuple: the kind, the parts, the number of a named type, a name.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let none: &[&Forme] = &[];
        match self {
            Forme::Facultative(content) => {
                (OPTION, &[content][..], 0_u32, "").serialize(serializer)
            }
            Forme::Suite(element) => (SEQUENCE, &[element][..], 0_u32, "").serialize(serializer),
            Forme::Table(key, value) => (MAP, &[key, value][..], 0_u32, "").serialize(serializer),
            Forme::Tuple(parts) => (TUPLE, parts, 0_u32, "").serialize(serializer),
            Forme::Type(index) => (NAMED, none, index, "").serialize(serializer),
            Forme::Opaque(name) => (OPAQUE, none, 0_u32, name).serialize(serializer),
            Forme::Flux(item, error) => {
                let parts: Vec<&Forme> =
                    [item].into_iter().chain(error).map(|one| &**one).collect();
                (STREAM, parts, 0_u32, "").serialize(serializer)
            }
            Forme::Autre(number) => (number, none, 0_u32, "").serialize(serializer),
            simple => {
                let number = SIMPLE.iter().position(|one| one == simple).unwrap_or_default();
                let number = u8::try_from(number).unwrap_or(u8::MAX);
                (number, none, 0_u32, "").serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Forme {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        type Record = (u8, Vec<Forme>, u32, String);
        let (kind, parts, index, name) = Record::deserialize(deserializer)?;
        let mut given = parts.iter().cloned();
        let mut part = || Box::new(given.next().unwrap_or(Forme::Autre(u8::MAX)));
        Ok(match kind {
            OPTION => Forme::Facultative(part()),
            SEQUENCE => Forme::Suite(part()),
            MAP => Forme::Table(part(), part()),
            TUPLE => Forme::Tuple(parts),
            NAMED => Forme::Type(index),
            OPAQUE => Forme::Opaque(name),
            STREAM => Forme::Flux(part(), given.next().map(Box::new)),
            simple => SIMPLE.get(usize::from(simple)).cloned().unwrap_or(Forme::Autre(simple)),
        })
    }
}

impl Serialize for Champ {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.nom, self.defaut, &self.forme).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Champ {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (nom, defaut, forme) = Deserialize::deserialize(deserializer)?;
        Ok(Champ { nom, defaut, forme })
    }
}

impl Serialize for Variante {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.nom, self.ajoutee, &self.champs).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Variante {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (nom, ajoutee, champs) = Deserialize::deserialize(deserializer)?;
        Ok(Variante { nom, ajoutee, champs })
    }
}

// [description.types]
impl Serialize for TypeNomme {
    /// A record: the name, whether it is open, the kind, fields, variants.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (fields, variants): (&[Champ], &[Variante]) = match &self.genre {
            Genre::Structure(fields) => (fields, &[]),
            Genre::Enumeration(variants) => (&[], variants),
            Genre::Autre(_) => (&[], &[]),
        };
        let kind = match self.genre {
            Genre::Structure(_) => STRUCT,
            Genre::Enumeration(_) => ENUM,
            Genre::Autre(number) => number,
        };
        record(&(&self.nom, self.ouvert, kind, fields, variants), serializer)
    }
}

impl<'de> Deserialize<'de> for TypeNomme {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Fields::bytes(deserializer)?;
        let mut record = Fields::new(&bytes);
        let (nom, ouvert, kind) = (record.next()?, record.next()?, record.next()?);
        let (fields, variants) = (record.next()?, record.next()?);
        let genre = match kind {
            STRUCT => Genre::Structure(fields),
            ENUM => Genre::Enumeration(variants),
            other => Genre::Autre(other),
        };
        Ok(TypeNomme { nom, ouvert, genre })
    }
}
