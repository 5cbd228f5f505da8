//! What a type is on the wire: its structure, with the names that serde shows.
//!
//! This layer holds data, and runs nothing. A structure is found by `message::probe`, hashed for
//! fingerprints, sent in the description of a program, and shown to people.

mod chiffres;
mod durees;
mod ecarts;
mod hash;
mod known;
mod programme;
mod records;
#[cfg(test)]
mod tests;
mod text;

pub use chiffres::{Charge, Chiffres, CommandeChiffree, ConnexionChiffree, EchecsComptes, EnCours};
pub use durees::Durees;
pub(crate) use durees::{CLASSES, class};
pub use ecarts::{Cote, Ecart};
pub(crate) use ecarts::{Described, differences, joined, older};
pub(crate) use hash::structural_hash;
pub(crate) use known::{Declaration, Declared};
pub use programme::{Argument, CommandeDecrite, Info, Programme};

/// What a value is on the wire.
///
/// The values of a named type are described by its entry in a table of [`TypeNomme`]; all others
/// are described here.
#[doc(alias = "Shape")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Forme {
    /// A type of which only the name is known: its `Deserialize` accepted no made-up value.
    Opaque(String),
    /// `bool`.
    #[doc(alias = "Bool")]
    Booleen,
    /// `i8`.
    I8,
    /// `i16`.
    I16,
    /// `i32`.
    I32,
    /// `i64` and `isize`.
    I64,
    /// `i128`.
    I128,
    /// `u8`.
    U8,
    /// `u16`.
    U16,
    /// `u32`.
    U32,
    /// `u64` and `usize`.
    U64,
    /// `u128`.
    U128,
    /// `f32`.
    F32,
    /// `f64`.
    F64,
    /// `char`.
    #[doc(alias = "Char")]
    Caractere,
    /// A text.
    #[doc(alias = "String")]
    Texte,
    /// Bytes; the same as a sequence of `u8`.
    #[doc(alias = "Bytes")]
    Octets,
    /// An optional value.
    #[doc(alias("Option", "Optional"))]
    Facultative(Box<Forme>),
    /// A sequence: list, set, slice.
    #[doc(alias("Sequence", "List"))]
    Suite(Box<Forme>),
    /// A map, from keys to values.
    #[doc(alias = "Map")]
    Table(Box<Forme>, Box<Forme>),
    /// A tuple or an array; without parts, nothing.
    Tuple(Vec<Forme>),
    /// A struct or an enum: its place in the table of types.
    #[doc(alias = "Named")]
    Type(u32),
    /// A stream: its items, and the error that ends it early if it has one of its own. Answers are
    /// streams, and so may arguments be; no other shape holds one.
    #[doc(alias("Stream", "Iterator"))]
    Flux(Box<Forme>, Option<Box<Forme>>),
    /// A kind of value that only a later version of this library knows, by its number.
    #[doc(alias = "Other")]
    Autre(u8),
}

/// A struct or an enum of a program.
#[doc(alias = "NamedType")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeNomme {
    /// The name. Where two types of a program have one name, the later ones get a number: `Point'2`.
    #[doc(alias = "name")]
    pub nom: String,
    /// Whether the type has room for later parts: `#[schema(ouvert)]` on a struct,
    /// `#[schema(autre)]` in an enum.
    #[doc(alias = "open")]
    pub ouvert: bool,
    /// What the type consists of.
    #[doc(alias = "body")]
    pub genre: Genre,
}

/// What a named type consists of.
#[doc(alias = "Kind")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Genre {
    /// The fields of a struct, in their order.
    #[doc(alias = "Struct")]
    Structure(Vec<Champ>),
    /// The variants of an enum, in the order of their numbers.
    #[doc(alias = "Enum")]
    Enumeration(Vec<Variante>),
    /// A kind of type that only a later version of this library knows.
    #[doc(alias = "Other")]
    Autre(u8),
}

impl Default for Genre {
    fn default() -> Self {
        Genre::Structure(Vec::new())
    }
}

/// A field of a struct or of a variant.
#[doc(alias = "Field")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Champ {
    /// The name; a number for a field without one.
    #[doc(alias = "name")]
    pub nom: String,
    /// Whether an open struct may come without the field.
    #[doc(alias = "has_default")]
    pub defaut: bool,
    /// What its values are.
    #[doc(alias = "shape")]
    pub forme: Forme,
}

/// A variant of an enum.
#[doc(alias = "Variant")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Variante {
    /// The name.
    #[doc(alias = "name")]
    pub nom: String,
    /// Whether the variant was added behind the one for unknown variants (`#[schema(autre)]`).
    #[doc(alias = "appended")]
    pub ajoutee: bool,
    /// Its fields, in their order.
    #[doc(alias = "fields")]
    pub champs: Vec<Champ>,
}

/// A type's structure: what it is, and the named types in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Structure {
    pub(crate) root: Forme,
    pub(crate) types: Vec<TypeNomme>,
    /// For each named type what tells it apart from all others of this program.
    pub(crate) keys: Vec<String>,
    /// Whether everything is known, so that the structure can count in a fingerprint.
    pub(crate) is_complete: bool,
}

impl Structure {
    /// A structure without named types.
    pub(crate) fn plain(root: Forme) -> Self {
        Structure { root, types: Vec::new(), keys: Vec::new(), is_complete: true }
    }

    /// A type of which nothing but the name is known.
    pub(crate) fn opaque(name: &str) -> Self {
        Structure { is_complete: false, ..Structure::plain(Forme::Opaque(name.to_owned())) }
    }
}

impl Forme {
    /// A sequence. One of `u8` is bytes.
    pub(crate) fn suite(element: Forme) -> Forme {
        if element == Forme::U8 { Forme::Octets } else { Forme::Suite(Box::new(element)) }
    }

    /// Applies `map` to the number of each named type in this shape.
    pub(crate) fn renumber(&mut self, map: &dyn Fn(u32) -> u32) {
        match self {
            Forme::Type(index) => *index = map(*index),
            Forme::Facultative(part) | Forme::Suite(part) => part.renumber(map),
            Forme::Table(key, value) => {
                key.renumber(map);
                value.renumber(map);
            }
            Forme::Tuple(parts) => parts.iter_mut().for_each(|part| part.renumber(map)),
            Forme::Flux(item, error) => {
                item.renumber(map);
                if let Some(error) = error {
                    error.renumber(map);
                }
            }
            _ => {}
        }
    }
}

impl TypeNomme {
    /// Every field of the type, also those of its variants.
    pub(crate) fn fields_mut(&mut self) -> Box<dyn Iterator<Item = &mut Champ> + '_> {
        match &mut self.genre {
            Genre::Structure(fields) => Box::new(fields.iter_mut()),
            Genre::Enumeration(variants) => {
                Box::new(variants.iter_mut().flat_map(|variant| &mut variant.champs))
            }
            Genre::Autre(_) => Box::new(std::iter::empty()),
        }
    }
}

/// A growing table of named types, each of which is in it once.
#[derive(Debug, Default)]
pub(crate) struct Types {
    pub(crate) types: Vec<TypeNomme>,
    keys: Vec<String>,
}

impl Types {
    /// Adds the named types of a structure, and returns its root with their places here.
    pub(crate) fn add(&mut self, structure: &Structure) -> Forme {
        let mut places = Vec::with_capacity(structure.types.len());
        let mut new = Vec::new();
        for (key, named) in structure.keys.iter().zip(&structure.types) {
            // Two builds of one generic type may show different parts of it: both are kept then.
            let known = self.keys.iter().position(|known| known == key);
            places.push(known.unwrap_or_else(|| {
                self.keys.push(key.clone());
                self.types.push(TypeNomme { nom: self.free_name(&named.nom), ..named.clone() });
                new.push(self.types.len() - 1);
                self.types.len() - 1
            }));
        }
        let map = |index: u32| {
            let place = usize::try_from(index).ok().and_then(|index| places.get(index));
            place.and_then(|place| u32::try_from(*place).ok()).unwrap_or(u32::MAX)
        };
        for place in new {
            for field in self.types.get_mut(place).into_iter().flat_map(TypeNomme::fields_mut) {
                field.forme.renumber(&map);
            }
        }
        let mut root = structure.root.clone();
        root.renumber(&map);
        root
    }

    /// The name, with a number behind it if another type has it already.
    fn free_name(&self, name: &str) -> String {
        let is_taken = |name: &str| self.types.iter().any(|known| known.nom == name);
        if !is_taken(name) {
            return name.to_owned();
        }
        let mut numbered = (2_u32..).map(|number| format!("{name}'{number}"));
        numbered.find(|name| !is_taken(name)).unwrap_or_default()
    }
}
