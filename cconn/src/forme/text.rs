//! Shapes as texts for people, and back.

use std::fmt::{self, Write as _};

use super::{Champ, Forme, Genre, TypeNomme};

/// The kinds of values without parts, with their names.
const SIMPLE: [(&str, Forme); 17] = [
    ("bool", Forme::Booleen),
    ("i8", Forme::I8),
    ("i16", Forme::I16),
    ("i32", Forme::I32),
    ("i64", Forme::I64),
    ("i128", Forme::I128),
    ("u8", Forme::U8),
    ("u16", Forme::U16),
    ("u32", Forme::U32),
    ("u64", Forme::U64),
    ("u128", Forme::U128),
    ("f32", Forme::F32),
    ("f64", Forme::F64),
    ("char", Forme::Caractere),
    ("str", Forme::Texte),
    ("bytes", Forme::Octets),
    ("()", Forme::Tuple(Vec::new())),
];

impl Forme {
    /// The name of a kind of value without parts.
    #[inline]
    pub(crate) fn simple_name(&self) -> &'static str {
        SIMPLE.iter().find(|(_, shape)| shape == self).map_or("?", |(name, _)| name)
    }

    /// The kind of value without parts that has this name, but for `()`.
    #[inline]
    pub(crate) fn of_simple_name(name: &str) -> Option<Forme> {
        SIMPLE.iter().find(|(known, _)| *known == name).map(|(_, shape)| shape.clone())
    }

    /// Shows the shape as a type is written: `Vec<(u8, Point)>`. The table of types gives the names.
    #[doc(alias("show", "display", "to_string"))]
    #[inline]
    pub fn texte<'t>(&'t self, types: &'t [TypeNomme]) -> impl fmt::Display + 't {
        Shown(self, types)
    }
}

struct Shown<'t>(&'t Forme, &'t [TypeNomme]);

impl fmt::Display for Shown<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown(shape, types) = self;
        let part = |part| Shown(part, types);
        match shape {
            Forme::Opaque(name) => write!(f, "?{name}"),
            Forme::Facultative(content) => write!(f, "Option<{}>", part(content)),
            Forme::Suite(element) => write!(f, "Vec<{}>", part(element)),
            Forme::Table(key, value) => write!(f, "Map<{}, {}>", part(key), part(value)),
            Forme::Tuple(parts) if parts.len() > 1 && parts.iter().all(|one| *one == parts[0]) => {
                write!(f, "[{}; {}]", part(&parts[0]), parts.len())
            }
            Forme::Tuple(parts) if !parts.is_empty() => {
                f.write_char('(')?;
                for (place, one) in parts.iter().enumerate() {
                    let comma = if place == 0 { "" } else { ", " };
                    write!(f, "{comma}{}", part(one))?;
                }
                f.write_str(if parts.len() == 1 { ",)" } else { ")" })
            }
            Forme::Flux(item, None) => write!(f, "Flux<{}>", part(item)),
            Forme::Flux(item, Some(error)) => write!(f, "Flux<{}, {}>", part(item), part(error)),
            Forme::Type(index) => {
                let named = usize::try_from(*index).ok().and_then(|index| types.get(index));
                f.write_str(named.map_or("?", |named| &named.nom))
            }
            Forme::Autre(number) => write!(f, "?{number}"),
            simple => f.write_str(simple.simple_name()),
        }
    }
}

impl TypeNomme {
    /// Shows what the type consists of: `{ x: f64, y: f64 }`, or `A | B(u8)`. The table of types
    /// gives the names.
    #[doc(alias("show", "display", "to_string"))]
    #[inline]
    pub fn texte<'t>(&'t self, types: &'t [TypeNomme]) -> impl fmt::Display + 't {
        ShownType(self, types)
    }
}

struct ShownType<'t>(&'t TypeNomme, &'t [TypeNomme]);

impl fmt::Display for ShownType<'_> {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ShownType(named, types) = self;
        let open = if named.ouvert { "open " } else { "" };
        f.write_str(open)?;
        match &named.genre {
            Genre::Structure(fields) => write_fields(f, fields, types),
            Genre::Enumeration(variants) => {
                f.write_str("enum")?;
                for (place, variant) in variants.iter().enumerate() {
                    let bar = if place == 0 { " " } else { " | " };
                    let added = if variant.ajoutee { "+" } else { "" };
                    write!(f, "{bar}{added}{}", variant.nom)?;
                    if !variant.champs.is_empty() {
                        f.write_char(' ')?;
                        write_fields(f, &variant.champs, types)?;
                    }
                }
                Ok(())
            }
            Genre::Autre(number) => write!(f, "?{number}"),
        }
    }
}

#[inline]
fn write_fields(f: &mut fmt::Formatter<'_>, fields: &[Champ], types: &[TypeNomme]) -> fmt::Result {
    f.write_char('{')?;
    for (place, field) in fields.iter().enumerate() {
        let comma = if place == 0 { " " } else { ", " };
        let default = if field.defaut { "?" } else { "" };
        write!(f, "{comma}{}{default}: {}", field.nom, field.forme.texte(types))?;
    }
    f.write_str(if fields.is_empty() { "}" } else { " }" })
}
