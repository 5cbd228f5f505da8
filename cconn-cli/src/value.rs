//! Values between the text of a command line, JSON, and what the peer's commands take and return.
//!
//! The peer describes its types (`cconn::description`); this module follows that description, so a
//! value is checked here before anything is sent.
//!
//! | the peer's type | as JSON |
//! |---|---|
//! | numbers, `bool`, texts, `char` | themselves; floats also `"NaN"`, `"inf"`, `"-inf"` |
//! | bytes | a text if they are printable UTF-8, else `"base64:.."`; `"hex:.."` and a list of numbers are understood too |
//! | `Option` | `null` or the value; `{"Some": value}` where the value itself may be `null` |
//! | lists, tuples | a list |
//! | maps | an object if the keys are texts or numbers, else a list of pairs |
//! | `()` and structs without fields | `null` |
//! | structs | an object; of unnamed fields the value, or a list |
//! | enums | `"Name"`, or `{"Name": value}` |

mod decode;
mod encode;
mod typed;
mod word;

pub use decode::{Answer, Refusal, expecting};
pub use typed::Typed;
pub use word::word;

use cconn::description::{Forme, Genre, TypeNomme, Variante};

/// A shape together with the table of types that it refers to.
#[derive(Clone, Copy, Debug)]
pub struct Shape<'a> {
    pub forme: &'a Forme,
    pub types: &'a [TypeNomme],
}

impl<'a> Shape<'a> {
    pub fn new(forme: &'a Forme, types: &'a [TypeNomme]) -> Self {
        Shape { forme, types }
    }

    /// Another shape of the same description.
    pub fn of(self, forme: &'a Forme) -> Self {
        Shape { forme, ..self }
    }

    /// The named type that this shape is, if it is one and the description holds it.
    pub fn named(self) -> Option<&'a TypeNomme> {
        match self.forme {
            Forme::Type(index) => self.types.get(usize::try_from(*index).ok()?),
            _ => None,
        }
    }

    /// Whether `null` is a value of this shape, so that an `Option` of it needs a word for `Some`.
    pub fn may_be_null(self) -> bool {
        match self.forme {
            Forme::Facultative(_) => true,
            Forme::Tuple(parts) => parts.is_empty(),
            _ => match self.named().map(|named| &named.genre) {
                Some(Genre::Structure(fields)) => match fields.as_slice() {
                    [] => true,
                    [only] if is_unnamed(&only.nom) => self.of(&only.forme).may_be_null(),
                    _ => false,
                },
                _ => false,
            },
        }
    }

    /// Whether a map with keys of this shape is a JSON object.
    pub fn is_key(self) -> bool {
        match self.forme {
            Forme::Booleen
            | Forme::I8
            | Forme::I16
            | Forme::I32
            | Forme::I64
            | Forme::I128
            | Forme::U8
            | Forme::U16
            | Forme::U32
            | Forme::U64
            | Forme::U128
            | Forme::Caractere
            | Forme::Texte => true,
            _ => match self.named().map(|named| &named.genre) {
                Some(Genre::Enumeration(variants)) => variants.iter().all(is_unit),
                Some(Genre::Structure(fields)) => match fields.as_slice() {
                    [only] if is_unnamed(&only.nom) => self.of(&only.forme).is_key(),
                    _ => false,
                },
                _ => false,
            },
        }
    }
}

/// Whether a field has no name: the description numbers such fields.
pub fn is_unnamed(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a variant has no fields.
pub fn is_unit(variant: &Variante) -> bool {
    variant.champs.is_empty()
}
