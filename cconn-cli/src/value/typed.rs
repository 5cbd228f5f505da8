//! JSON as a value of the peer's type, or what does not fit and where.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cconn::description::{Champ, Forme, Genre, TypeNomme, Variante};
use serde_json::{Map, Value};

use super::{DEPTH, Shape, is_unit, is_unnamed};

/// A value of a type that the peer described.
#[derive(Clone, Debug, PartialEq)]
pub enum Typed {
    Bool(bool),
    Int(Int),
    F32(f32),
    F64(f64),
    Char(char),
    Text(String),
    Bytes(Vec<u8>),
    Option(Option<Box<Typed>>),
    List(Vec<Typed>),
    Map(Vec<(Typed, Typed)>),
    /// A tuple, or the fields of a struct.
    Tuple(Vec<Typed>),
    /// The fields of a struct that may get more fields later.
    Open(Vec<Typed>),
    Variant {
        index: u32,
        fields: Vec<Typed>,
        is_open: bool,
    },
}

/// An integer of the size that the peer wants.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Int {
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
}

/// What does not fit the peer's type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The path to the part that does not fit, from the argument on: `.points[2].x`.
    pub path: String,
    pub text: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            return f.write_str(&self.text);
        }
        write!(f, "at `{}`: {}", self.path.trim_start_matches('.'), self.text)
    }
}

impl Mismatch {
    /// Whether the value itself, or an element of it, does not fit, and not a part of one.
    pub fn is_whole(&self) -> bool {
        !self.path.contains('.')
    }
}

type Result<T> = std::result::Result<T, Mismatch>;

/// Reads JSON as a value of this shape.
pub fn typed(value: &Value, shape: Shape<'_>) -> Result<Typed> {
    at_depth(value, shape, DEPTH)
}

fn at_depth(value: &Value, shape: Shape<'_>, depth: usize) -> Result<Typed> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(mismatch(format!("nested more than {DEPTH} deep")));
    };
    Ok(match shape.forme {
        Forme::Booleen => Typed::Bool(value.as_bool().ok_or_else(|| wrong(value, shape))?),
        Forme::I8 => Typed::Int(Int::I8(integer(value, shape)?)),
        Forme::I16 => Typed::Int(Int::I16(integer(value, shape)?)),
        Forme::I32 => Typed::Int(Int::I32(integer(value, shape)?)),
        Forme::I64 => Typed::Int(Int::I64(integer(value, shape)?)),
        Forme::I128 => Typed::Int(Int::I128(integer(value, shape)?)),
        Forme::U8 => Typed::Int(Int::U8(integer(value, shape)?)),
        Forme::U16 => Typed::Int(Int::U16(integer(value, shape)?)),
        Forme::U32 => Typed::Int(Int::U32(integer(value, shape)?)),
        Forme::U64 => Typed::Int(Int::U64(integer(value, shape)?)),
        Forme::U128 => Typed::Int(Int::U128(integer(value, shape)?)),
        Forme::F32 => Typed::F32(number(value, shape)?),
        Forme::F64 => Typed::F64(number(value, shape)?),
        Forme::Caractere => Typed::Char(single(value, shape)?),
        Forme::Texte => Typed::Text(value.as_str().ok_or_else(|| wrong(value, shape))?.to_owned()),
        Forme::Octets => Typed::Bytes(bytes(value, shape)?),
        Forme::Facultative(part) => Typed::Option(option(value, shape.of(part), depth)?),
        Forme::Suite(part) => Typed::List(list(value, shape, |_| Some(part), depth)?),
        Forme::Table(key, entry) => {
            Typed::Map(map(value, shape, shape.of(key), shape.of(entry), depth)?)
        }
        Forme::Tuple(parts) if parts.is_empty() => {
            if !value.is_null() && value != &Value::Array(Vec::new()) {
                return Err(wrong(value, shape));
            }
            Typed::Tuple(Vec::new())
        }
        Forme::Tuple(parts) => {
            counted(value, shape, parts.len())?;
            Typed::Tuple(list(value, shape, |at| parts.get(at), depth)?)
        }
        Forme::Type(_) => match shape.named() {
            Some(TypeNomme { genre: Genre::Structure(fields), ouvert, .. }) => {
                let fields = structure(value, shape, fields, depth)?;
                if *ouvert { Typed::Open(fields) } else { Typed::Tuple(fields) }
            }
            Some(TypeNomme { genre: Genre::Enumeration(variants), ouvert, .. }) => {
                enumeration(value, shape, variants, *ouvert, depth)?
            }
            _ => return Err(unknown(shape)),
        },
        _ => return Err(unknown(shape)),
    })
}

fn integer<T: std::str::FromStr>(value: &Value, shape: Shape<'_>) -> Result<T> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        // What JSON readers make of long numbers differs, so a text is understood too.
        Value::String(text) => text.clone(),
        _ => return Err(wrong(value, shape)),
    };
    let whole = text.strip_prefix('-').unwrap_or(&text);
    if whole.is_empty() || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(value, shape));
    }
    let text_of = || format!("{text} is out of the range of {}", name(shape));
    text.parse().map_err(|_| mismatch(text_of()))
}

/// A float. One that the type has no finite value for is out of its range, unless it is written as
/// infinite.
fn number<T: std::str::FromStr + Into<f64> + Copy>(value: &Value, shape: Shape<'_>) -> Result<T> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return Err(wrong(value, shape)),
    };
    let number: T = text.parse().map_err(|_| wrong(value, shape))?;
    if number.into().is_infinite() && text.contains(|digit: char| digit.is_ascii_digit()) {
        return Err(mismatch(format!("{text} is out of the range of {}", name(shape))));
    }
    Ok(number)
}

fn single(value: &Value, shape: Shape<'_>) -> Result<char> {
    let text = value.as_str().ok_or_else(|| wrong(value, shape))?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(wrong(value, shape)),
    }
}

fn bytes(value: &Value, shape: Shape<'_>) -> Result<Vec<u8>> {
    match value {
        Value::String(text) => match text.split_once(':') {
            Some(("base64", rest)) => {
                STANDARD.decode(rest).map_err(|error| mismatch(format!("base64: {error}")))
            }
            Some(("hex", rest)) => {
                hex(rest).ok_or_else(|| mismatch("hex: pairs of 0 to 9, a to f"))
            }
            Some(("text", rest)) => Ok(rest.as_bytes().to_vec()),
            _ => Ok(text.as_bytes().to_vec()),
        },
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .map(|(at, element)| {
                integer(element, shape.of(&Forme::U8)).map_err(|error| inside(error, &index(at)))
            })
            .collect(),
        _ => Err(wrong(value, shape)),
    }
}

fn hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}

fn option(value: &Value, part: Shape<'_>, depth: usize) -> Result<Option<Box<Typed>>> {
    if value.is_null() {
        return Ok(None);
    }
    let inner = match value {
        Value::Object(object) if part.may_be_null() && object.len() == 1 => object.get("Some"),
        _ => None,
    };
    at_depth(inner.unwrap_or(value), part, depth).map(|value| Some(Box::new(value)))
}

fn list<'a>(
    value: &Value,
    shape: Shape<'a>,
    part: impl Fn(usize) -> Option<&'a Forme>,
    depth: usize,
) -> Result<Vec<Typed>> {
    let elements = value.as_array().ok_or_else(|| wrong(value, shape))?;
    let typed = elements.iter().enumerate().map(|(at, element)| {
        let part = part(at).ok_or_else(|| wrong(value, shape))?;
        at_depth(element, shape.of(part), depth).map_err(|error| inside(error, &index(at)))
    });
    typed.collect()
}

fn map(
    value: &Value,
    shape: Shape<'_>,
    key: Shape<'_>,
    entry: Shape<'_>,
    depth: usize,
) -> Result<Vec<(Typed, Typed)>> {
    let pair = |at: &str, name: &Value, value: &Value| {
        let name = at_depth(name, key, depth).map_err(|error| inside(error, at))?;
        let value = at_depth(value, entry, depth).map_err(|error| inside(error, at))?;
        Ok((name, value))
    };
    match value {
        Value::Object(object) if key.is_key() => object
            .iter()
            .map(|(name, value)| {
                let at = format!(".{name}");
                pair(&at, &as_key(name, key), value)
            })
            .collect(),
        Value::Array(pairs) => pairs
            .iter()
            .enumerate()
            .map(|(at, both)| match both.as_array().map(Vec::as_slice) {
                Some([name, value]) => pair(&index(at), name, value),
                _ => Err(inside(mismatch("not a pair of a key and a value"), &index(at))),
            })
            .collect(),
        _ => Err(wrong(value, shape)),
    }
}

/// The key of a JSON object as JSON of its own: numbers stand there as texts.
fn as_key(name: &str, key: Shape<'_>) -> Value {
    match key.forme {
        Forme::Booleen => match name {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::String(name.to_owned()),
        },
        _ => Value::String(name.to_owned()),
    }
}

fn structure(
    value: &Value,
    shape: Shape<'_>,
    fields: &[Champ],
    depth: usize,
) -> Result<Vec<Typed>> {
    match fields {
        [] if value.is_null() || value.as_object().is_some_and(Map::is_empty) => Ok(Vec::new()),
        [only] if is_unnamed(&only.nom) => {
            at_depth(value, shape.of(&only.forme), depth).map(|value| vec![value])
        }
        [first, ..] if is_unnamed(&first.nom) => {
            counted(value, shape, fields.len())?;
            list(value, shape, |at| fields.get(at).map(|field| &field.forme), depth)
        }
        _ => named_fields(value, shape, fields, depth),
    }
}

fn named_fields(
    value: &Value,
    shape: Shape<'_>,
    fields: &[Champ],
    depth: usize,
) -> Result<Vec<Typed>> {
    let object = value.as_object().ok_or_else(|| wrong(value, shape))?;
    if let Some(stranger) = object.keys().find(|name| fields.iter().all(|f| f.nom != **name)) {
        let known: Vec<&str> = fields.iter().map(|field| &*field.nom).collect();
        return Err(mismatch(format!(
            "{} has no field `{stranger}`{}",
            name(shape),
            super::super::near::suggestion(stranger, &known)
        )));
    }
    let mut typed = Vec::new();
    for field in fields {
        let value = match object.get(&field.nom) {
            Some(value) => value,
            None if matches!(field.forme, Forme::Facultative(_)) => &Value::Null,
            // An open struct may end before the fields that have a default.
            None if field.defaut && all_absent(object, fields, &field.nom) => break,
            None => return Err(mismatch(format!("the field `{}` is missing", field.nom))),
        };
        let at = format!(".{}", field.nom);
        let value = at_depth(value, shape.of(&field.forme), depth);
        typed.push(value.map_err(|error| inside(error, &at))?);
    }
    Ok(typed)
}

/// Whether neither this field nor any field behind it is given.
fn all_absent(object: &Map<String, Value>, fields: &[Champ], from: &str) -> bool {
    let behind = fields.iter().skip_while(|field| field.nom != from);
    behind.into_iter().all(|field| !object.contains_key(&field.nom))
}

fn enumeration(
    value: &Value,
    shape: Shape<'_>,
    variants: &[Variante],
    is_open: bool,
    depth: usize,
) -> Result<Typed> {
    let (variant_name, content) = match value {
        Value::String(name) => (name, &Value::Null),
        Value::Object(object) if object.len() == 1 => {
            object.iter().next().ok_or_else(|| wrong(value, shape))?
        }
        _ => return Err(wrong(value, shape)),
    };
    let found = variants.iter().enumerate().find(|(_, variant)| variant.nom == *variant_name);
    let Some((at, variant)) = found else {
        let known: Vec<&str> = variants.iter().map(|variant| &*variant.nom).collect();
        return Err(mismatch(format!(
            "{} has no variant `{variant_name}`{}",
            name(shape),
            super::super::near::suggestion(variant_name, &known)
        )));
    };
    let fields = if is_unit(variant) && content.is_null() {
        Vec::new()
    } else if is_unit(variant) {
        return Err(mismatch(format!("the variant `{variant_name}` has no value")));
    } else {
        let at = format!(".{variant_name}");
        structure(content, shape, &variant.champs, depth).map_err(|error| inside(error, &at))?
    };
    let index = u32::try_from(at).map_err(|_| wrong(value, shape))?;
    Ok(Typed::Variant { index, fields, is_open })
}

fn counted(value: &Value, shape: Shape<'_>, wanted: usize) -> Result<()> {
    match value.as_array() {
        Some(elements) if elements.len() == wanted => Ok(()),
        Some(elements) => {
            Err(mismatch(format!("{} has {wanted} parts, not {}", name(shape), elements.len())))
        }
        None => Err(wrong(value, shape)),
    }
}

/// The type as people read it.
pub fn name(shape: Shape<'_>) -> String {
    shape.forme.texte(shape.types).to_string()
}

fn unknown(shape: Shape<'_>) -> Mismatch {
    if let Forme::Flux(..) = shape.forme {
        let text = "it is a stream, which only a program can give";
        return mismatch(format!("{text}: `{}`", name(shape)));
    }
    mismatch(format!("the peer does not say what `{}` consists of", name(shape)))
}

fn wrong(value: &Value, shape: Shape<'_>) -> Mismatch {
    let shown = value.to_string();
    let short: String = shown.chars().take(60).collect();
    let dots = if short.len() < shown.len() { ".." } else { "" };
    mismatch(format!("{} is wanted, {short}{dots} is none", name(shape)))
}

fn mismatch(text: impl Into<String>) -> Mismatch {
    Mismatch { path: String::new(), text: text.into() }
}

fn inside(error: Mismatch, at: &str) -> Mismatch {
    Mismatch { path: format!("{at}{}", error.path), ..error }
}

fn index(at: usize) -> String {
    format!("[{at}]")
}
