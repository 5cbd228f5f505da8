//! Makes values up: a type's `Deserialize` gets the simplest value of whatever it asks for, and
//! shows by that what the type is.

use std::any::type_name;
use std::fmt;

use serde::de::{Deserializer, Error, Visitor};

use super::access::{Chosen, Order, Parts};
use super::found::unseen;
use super::known::Known;
use super::samples;
use crate::codec::CodecError;
use crate::forme::Forme;

/// At this depth and deeper, options are absent and sequences empty.
const SHALLOW: usize = 24;

/// The greatest depth at which parts are made up.
const DEEPEST: usize = 64;

/// The error of a value that can't be made up. It carries no reason, because none is shown.
#[derive(Debug)]
pub(super) struct Stop;

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no value could be made up")
    }
}

impl std::error::Error for Stop {}

impl Error for Stop {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Stop
    }
}

/// A deserializer that makes up one part of a value.
pub(super) struct Reader<'k> {
    pub(super) known: &'k mut Known,
    /// Where the shape of this part is noted.
    pub(super) shape: &'k mut Forme,
    pub(super) place: Place,
}

/// Where a part of a made-up value is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) depth: usize,
    /// Whether parts are made up that the value could do without: in each value once for each type.
    pub(super) is_full: bool,
    /// The type to which the samples are given.
    pub(super) owner: &'static str,
}

impl Place {
    /// The place of a whole value.
    pub(super) fn top<T>() -> Self {
        Place { depth: 0, is_full: true, owner: type_name::<T>() }
    }

    /// The place of a part of the type `T`.
    pub(super) fn below<T>(self) -> Self {
        Place { depth: self.depth.saturating_add(1), owner: type_name::<T>(), ..self }
    }

    /// The place of what is inside a part, without a type of its own that gets samples.
    fn inside(self) -> Self {
        Place { depth: self.depth.saturating_add(1), ..self }
    }

    fn makes_more(self) -> bool {
        self.is_full && self.depth < SHALLOW
    }
}

impl Reader<'_> {
    /// Counts one more part; fails if there may be no more.
    fn part(&mut self) -> Result<(), Stop> {
        if self.known.count() && self.place.depth <= DEEPEST { Ok(()) } else { Err(Stop) }
    }

    /// The number of the sample for this part, whose shape is noted.
    fn simple(&mut self, shape: Forme) -> Result<usize, Stop> {
        *self.shape = shape;
        self.part()?;
        Ok(self.known.found.sample(self.place.owner))
    }

    /// Makes up a struct, which is asked for `count` fields at most.
    fn of_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        names: &'static [&'static str],
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let key = (type_name::<V::Value>(), name, names);
        let (index, first) = self.known.found.enter_struct(key, count);
        *self.shape = named(index);
        let place = Place { is_full: first, ..self.place };
        let mut parts = Parts::new(self.known, place, Order::Row, count, count);
        let value = visitor.visit_seq(&mut parts);
        let (shapes, asked) = parts.end();
        self.known.found.leave_struct(index, shapes, value.is_ok().then_some(asked));
        let value = value?;
        self.known.read_struct(name, asked);
        Ok(value)
    }
}

fn named(index: usize) -> Forme {
    Forme::Type(u32::try_from(index).unwrap_or(u32::MAX))
}

/// Methods of values without parts: the shape, and how the value is made of the sample's number.
macro_rules! simple {
    ($($method:ident: $shape:ident, $visit:ident($make:expr);)*) => {$(
        fn $method<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
            let sample = self.simple(Forme::$shape)?;
            visitor.$visit($make(sample))
        }
    )*};
}

/// Methods of types that ask the bytes what they are, which this format does not store.
macro_rules! asking {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'static>>(self, _: V) -> Result<V::Value, Stop> {
            self.known.note(|| CodecError::SelfDescribing.to_string());
            Err(Stop)
        }
    )*};
}

/// The sample as a number of a type that may be too small for it.
fn number<N: TryFrom<u16> + From<bool>>(sample: usize) -> N {
    N::try_from(samples::number(sample)).unwrap_or_else(|_| true.into())
}

impl Deserializer<'static> for Reader<'_> {
    type Error = Stop;

    simple! {
        deserialize_bool: Booleen, visit_bool(|sample| sample == 1);
        deserialize_i8: I8, visit_i8(number);
        deserialize_i16: I16, visit_i16(number);
        deserialize_i32: I32, visit_i32(number);
        deserialize_i64: I64, visit_i64(number);
        deserialize_i128: I128, visit_i128(number);
        deserialize_u8: U8, visit_u8(number);
        deserialize_u16: U16, visit_u16(number);
        deserialize_u32: U32, visit_u32(number);
        deserialize_u64: U64, visit_u64(number);
        deserialize_u128: U128, visit_u128(number);
        deserialize_f32: F32, visit_f32(|sample| f32::from(samples::number(sample)));
        deserialize_f64: F64, visit_f64(|sample| f64::from(samples::number(sample)));
        deserialize_char: Caractere, visit_char(samples::char);
        deserialize_str: Texte, visit_borrowed_str(samples::text);
    }

    fn deserialize_string<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        let sample = self.simple(Forme::Suite(Box::new(Forme::U8)))?;
        visitor.visit_borrowed_bytes(samples::bytes(sample))
    }

    fn deserialize_byte_buf<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        self.deserialize_bytes(visitor)
    }

    asking! { deserialize_any deserialize_identifier deserialize_ignored_any }

    fn deserialize_unit<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.simple(Forme::Tuple(Vec::new()))?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        if name == "PhantomData" {
            return self.deserialize_unit(visitor);
        }
        self.part()?;
        let (index, _) = self.known.found.enter_struct((type_name::<V::Value>(), name, &[]), 0);
        *self.shape = named(index);
        let value = visitor.visit_unit();
        self.known.found.leave_struct(index, Vec::new(), value.is_ok().then_some(0));
        value
    }

    fn deserialize_option<V: Visitor<'static>>(mut self, visitor: V) -> Result<V::Value, Stop> {
        self.part()?;
        let mut content = unseen();
        let value = if self.place.makes_more() {
            let place = self.place.inside();
            visitor.visit_some(Reader { known: self.known, shape: &mut content, place })
        } else {
            visitor.visit_none()
        };
        *self.shape = Forme::Facultative(Box::new(content));
        value
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        mut self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.part()?;
        let key = (type_name::<V::Value>(), name, &[][..]);
        let (index, first) = self.known.found.enter_struct(key, 1);
        *self.shape = named(index);
        let mut content = unseen();
        let place = Place { is_full: first, ..self.place.inside() };
        let reader = Reader { known: &mut *self.known, shape: &mut content, place };
        let value = visitor.visit_newtype_struct(reader);
        self.known.found.leave_struct(index, vec![content], value.is_ok().then_some(1));
        value
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let elements = usize::from(self.place.makes_more());
        let mut parts = Parts::new(self.known, self.place, Order::Sequence, elements, 1);
        let value = visitor.visit_seq(&mut parts);
        let element = parts.end().0.pop().unwrap_or(unseen());
        *self.shape = Forme::Suite(Box::new(element));
        value
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, Stop> {
        let entries = usize::from(self.place.makes_more());
        let mut parts = Parts::new(self.known, self.place, Order::Sequence, entries, 2);
        let made = visitor.visit_map(&mut parts);
        let mut shapes = parts.end().0;
        let value = shapes.pop().unwrap_or(unseen());
        let key = shapes.pop().unwrap_or(unseen());
        *self.shape = Forme::Table(Box::new(key), Box::new(value));
        made
    }

    fn deserialize_tuple<V: Visitor<'static>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let mut parts = Parts::new(self.known, self.place, Order::Row, len, len);
        let value = visitor.visit_seq(&mut parts);
        *self.shape = Forme::Tuple(parts.end().0);
        value
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.of_struct(name, &[], len, visitor)
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.of_struct(name, fields, fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        mut self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.part()?;
        let key = (type_name::<V::Value>(), name, variants);
        let (index, first, number) = self.known.found.enter_enum(key);
        *self.shape = named(index);
        let place = Place { is_full: first, ..self.place };
        let key = (name, variants);
        visitor.visit_enum(Chosen { known: self.known, place, key, index, number })
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}
