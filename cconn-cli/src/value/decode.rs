//! What the peer answers, as JSON.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cconn::description::{Champ, Forme, Genre, Programme, TypeNomme, Variante};
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Number, Value};

use super::{Shape, is_unit, is_unnamed};

thread_local! {
    /// What the next answer and the next refusal of this thread's call are. A type's
    /// `Deserialize` is handed nothing, so it can only be told this way.
    static EXPECTED: RefCell<Option<Expected>> = const { RefCell::new(None) };
}

/// The types of a command's outcome.
#[derive(Clone, Debug)]
struct Expected {
    programme: Arc<Programme>,
    answer: Forme,
    refusal: Forme,
}

/// Runs `call`, in which answers are of the shape `answer` and errors of the shape `refusal`.
pub fn expecting<R>(
    programme: &Arc<Programme>,
    answer: &Forme,
    refusal: &Forme,
    call: impl FnOnce() -> R,
) -> R {
    let expected =
        Expected { programme: programme.clone(), answer: answer.clone(), refusal: refusal.clone() };
    let before = EXPECTED.replace(Some(expected));
    let result = call();
    EXPECTED.set(before);
    result
}

/// The answer of a command.
#[derive(Clone, Debug)]
pub struct Answer(pub Value);

/// The own error of a command.
#[derive(Clone, Debug)]
pub struct Refusal(pub Value);

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_expected(deserializer, |expected| &expected.answer).map(Answer)
    }
}

impl<'de> Deserialize<'de> for Refusal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        as_expected(deserializer, |expected| &expected.refusal).map(Refusal)
    }
}

/// Required of every error of a command; this program sends none.
impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

fn as_expected<'de, D: Deserializer<'de>>(
    deserializer: D,
    which: fn(&Expected) -> &Forme,
) -> Result<Value, D::Error> {
    let expected = EXPECTED.with_borrow(Clone::clone);
    let expected = expected.ok_or_else(|| D::Error::custom("no answer was expected here"))?;
    Shape::new(which(&expected), &expected.programme.types).deserialize(deserializer)
}

impl<'de> DeserializeSeed<'de> for Shape<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        match self.forme {
            Forme::Octets => deserializer.deserialize_byte_buf(BytesVisitor),
            Forme::Facultative(part) => deserializer.deserialize_option(OptionOf(self.of(part))),
            Forme::Suite(part) => deserializer.deserialize_seq(ListOf(self.of(part))),
            Forme::Table(key, entry) => {
                deserializer.deserialize_map(MapOf(self.of(key), self.of(entry)))
            }
            Forme::Tuple(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| self.of(part)).collect();
                let values = deserializer.deserialize_tuple(parts.len(), Parts(&parts))?;
                Ok(if values.is_empty() { Value::Null } else { Value::Array(values) })
            }
            Forme::Type(_) => self.named_type(deserializer),
            _ => self.scalar(deserializer),
        }
    }
}

/// The name of a type that may get more parts: the library reads its length before its parts.
const OPEN: &str = "ouvert ";

/// Names of fields and variants, which this format does not need.
const FIELDS: &[&str] = &[];

impl<'a> Shape<'a> {
    fn named_type<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let Some(TypeNomme { genre, ouvert, .. }) = self.named() else {
            return Err(self.unknown());
        };
        let name = if *ouvert { OPEN } else { "" };
        match genre {
            Genre::Structure(fields) => {
                let parts = self.parts(fields);
                let visitor = Parts(&parts);
                let values = if *ouvert {
                    deserializer.deserialize_struct(name, FIELDS, visitor)
                } else {
                    deserializer.deserialize_tuple(parts.len(), visitor)
                };
                values.map(|values| structure(fields, values))
            }
            Genre::Enumeration(variants) => {
                deserializer.deserialize_enum(name, FIELDS, EnumOf(self, variants))
            }
            _ => Err(self.unknown()),
        }
    }

    fn scalar<'de, D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        Ok(match self.forme {
            Forme::Booleen => bool::deserialize(from)?.into(),
            Forme::I8 => i8::deserialize(from)?.into(),
            Forme::I16 => i16::deserialize(from)?.into(),
            Forme::I32 => i32::deserialize(from)?.into(),
            Forme::I64 => i64::deserialize(from)?.into(),
            Forme::I128 => long(i128::deserialize(from)?.to_string()),
            Forme::U8 => u8::deserialize(from)?.into(),
            Forme::U16 => u16::deserialize(from)?.into(),
            Forme::U32 => u32::deserialize(from)?.into(),
            Forme::U64 => u64::deserialize(from)?.into(),
            Forme::U128 => long(u128::deserialize(from)?.to_string()),
            Forme::F32 => float(f32::deserialize(from)?.to_string()),
            Forme::F64 => float(f64::deserialize(from)?.to_string()),
            Forme::Caractere => char::deserialize(from)?.to_string().into(),
            Forme::Texte => String::deserialize(from)?.into(),
            _ => return Err(self.unknown()),
        })
    }

    fn unknown<E: Error>(self) -> E {
        E::custom(format!("the peer does not say what `{}` consists of", super::typed::name(self)))
    }

    fn parts(self, fields: &'a [Champ]) -> Vec<Shape<'a>> {
        fields.iter().map(|field| self.of(&field.forme)).collect()
    }
}

/// The fields of a struct or of a variant as JSON.
fn structure(fields: &[Champ], mut values: Vec<Value>) -> Value {
    match fields {
        [] => Value::Null,
        [only] if is_unnamed(&only.nom) => values.pop().unwrap_or_default(),
        [first, ..] if is_unnamed(&first.nom) => Value::Array(values),
        _ => {
            let names = fields.iter().map(|field| field.nom.clone());
            Value::Object(names.zip(values).collect::<Map<_, _>>())
        }
    }
}

/// An integer that may be longer than 64 bits.
fn long(text: String) -> Value {
    text.parse::<Number>().map_or(Value::String(text), Value::Number)
}

/// A float; JSON has no word for those that are no number.
fn float(text: String) -> Value {
    let is_number = text.bytes().any(|byte| byte.is_ascii_digit());
    // `1` as it is shown is a whole number in JSON, and is read as a float again.
    if is_number { long(text) } else { Value::String(text) }
}

/// Bytes as a text where they are one, else in base 64.
pub fn bytes(bytes: &[u8]) -> Value {
    const MARKS: [&str; 3] = ["base64:", "hex:", "text:"];
    let printable = |text: &&str| {
        text.chars().all(|c| !c.is_control() || c == '\n' || c == '\t')
            && !MARKS.iter().any(|mark| text.starts_with(mark))
    };
    match std::str::from_utf8(bytes).ok().filter(printable) {
        Some(text) => Value::from(text),
        None => Value::from(format!("base64:{}", STANDARD.encode(bytes))),
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, value: &[u8]) -> Result<Value, E> {
        Ok(bytes(value))
    }
}

struct OptionOf<'a>(Shape<'a>);

impl<'de> Visitor<'de> for OptionOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an option")
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        let value = self.0.deserialize(deserializer)?;
        if self.0.may_be_null() {
            return Ok(Value::Object([("Some".to_owned(), value)].into_iter().collect()));
        }
        Ok(value)
    }
}

struct ListOf<'a>(Shape<'a>);

impl<'de> Visitor<'de> for ListOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element_seed(self.0)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }
}

struct MapOf<'a>(Shape<'a>, Shape<'a>);

impl<'de> Visitor<'de> for MapOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = entries.next_entry_seed(self.0, self.1)? {
            pairs.push(pair);
        }
        if !self.0.is_key() {
            let pairs = pairs.into_iter().map(|(key, value)| Value::Array(vec![key, value]));
            return Ok(Value::Array(pairs.collect()));
        }
        let named = pairs.into_iter().map(|(key, value)| match key {
            Value::String(name) => (name, value),
            other => (other.to_string(), value),
        });
        Ok(Value::Object(named.collect()))
    }
}

/// Parts one behind the other. The last ones may be missing from a type that may get more parts.
struct Parts<'a>(&'a [Shape<'a>]);

impl<'de> Visitor<'de> for Parts<'_> {
    type Value = Vec<Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parts", self.0.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Vec<Value>, A::Error> {
        let mut values = Vec::new();
        for shape in self.0 {
            match parts.next_element_seed(*shape)? {
                Some(value) => values.push(value),
                None => break,
            }
        }
        Ok(values)
    }
}

struct EnumOf<'a>(Shape<'a>, &'a [Variante]);

impl<'de> Visitor<'de> for EnumOf<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a variant")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<Value, A::Error> {
        let (index, content) = variant.variant::<u32>()?;
        let at = usize::try_from(index).unwrap_or(usize::MAX);
        let variant = self.1.get(at).ok_or_else(|| {
            let name = super::typed::name(self.0);
            A::Error::custom(format!("{name} has no variant of the number {index}"))
        })?;
        if is_unit(variant) {
            content.unit_variant()?;
            return Ok(Value::from(variant.nom.as_str()));
        }
        let parts = self.0.parts(&variant.champs);
        let values = match parts.as_slice() {
            [only] => vec![content.newtype_variant_seed(*only)?],
            _ => content.tuple_variant(parts.len(), Parts(&parts))?,
        };
        let value = structure(&variant.champs, values);
        Ok(Value::Object([(variant.nom.clone(), value)].into_iter().collect()))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
