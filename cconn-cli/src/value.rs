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
pub use word::{form, word};

use cconn::description::{Forme, Genre, TypeNomme, Variante};

/// How deep values may be nested here: deeper ones are refused by the peer in any case.
const DEPTH: usize = 128;

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
        let Some(content) = self.content() else { return false };
        match content.forme {
            Forme::Facultative(_) => true,
            Forme::Tuple(parts) => parts.is_empty(),
            _ => matches!(content.named().map(|named| &named.genre),
                Some(Genre::Structure(fields)) if fields.is_empty()),
        }
    }

    /// Whether a map with keys of this shape is a JSON object.
    pub fn is_key(self) -> bool {
        let Some(content) = self.content() else { return false };
        match content.forme {
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
            _ => matches!(content.named().map(|named| &named.genre),
                Some(Genre::Enumeration(variants)) if variants.iter().all(is_unit)),
        }
    }

    /// What JSON shows of this shape: of a struct with one unnamed field that field. `None` if the
    /// structs are nested deeper than any value may be, as those that hold themselves are.
    fn content(self) -> Option<Self> {
        let mut shape = self;
        for _ in 0..DEPTH {
            match shape.named().map(|named| &named.genre) {
                Some(Genre::Structure(fields)) => match fields.as_slice() {
                    [only] if is_unnamed(&only.nom) => shape = shape.of(&only.forme),
                    _ => return Some(shape),
                },
                _ => return Some(shape),
            }
        }
        None
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

/// Types as a peer may describe them, those too that no program has.
#[cfg(test)]
mod described {
    use super::*;

    /// A struct with one field of this name and shape; both as JSON.
    pub fn structure(name: &str, field: &str) -> TypeNomme {
        let mut named = TypeNomme::default();
        named.nom = name.to_owned();
        named.genre = Genre::Structure(vec![serde_json::from_str(field).unwrap()]);
        named
    }

    /// `struct Arbre(Vec<Arbre>)`, and `struct Boucle(Boucle)`.
    pub fn recursive() -> Vec<TypeNomme> {
        let tree = r#"["0", false, [33, [[36, [], 0, ""]], 0, ""]]"#;
        let itself = r#"["0", false, [36, [], 1, ""]]"#;
        vec![structure("Arbre", tree), structure("Boucle", itself)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_hold_themselves_are_neither_null_nor_keys() {
        let types = described::recursive();
        for (at, _) in (0_u32..).zip(&types) {
            let forme = Forme::Type(at);
            let shape = Shape::new(&forme, &types);
            assert!(!shape.may_be_null() && !shape.is_key());
        }
    }

    #[test]
    fn a_long_chain_of_structs_is_followed_only_as_deep_as_values_go() {
        let link = |at: u32| {
            described::structure("Maillon", &format!(r#"["0", false, [36, [], {}, ""]]"#, at + 1))
        };
        let mut types: Vec<TypeNomme> = (0..100_000).map(link).collect();
        types.push(described::structure("Fin", r#"["0", false, [14, [], 0, ""]]"#));
        let is_key = |forme: &Forme| Shape::new(forme, &types).is_key();
        assert!(!is_key(&Forme::Type(0)));
        assert!(is_key(&Forme::Type(99_950)));
        assert!(!is_key(&Forme::Type(u32::MAX)));
    }
}
