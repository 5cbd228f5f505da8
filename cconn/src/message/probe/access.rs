//! The parts of made-up values: elements, entries, fields, variants.

use std::any::type_name;

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::found::{merge, unseen};
use super::known::{Key, Known};
use super::reader::{Place, Reader, Stop};
use crate::forme::Forme;

/// Whether all parts have one shape, or each its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Order {
    Sequence,
    Row,
}

/// The parts of a sequence, map, tuple or struct that is being made up.
pub(super) struct Parts<'k> {
    known: &'k mut Known,
    place: Place,
    order: Order,
    count: usize,
    left: usize,
    shapes: Vec<Forme>,
}

impl<'k> Parts<'k> {
    /// Access to `count` parts of `shapes` shapes.
    pub(super) fn new(
        known: &'k mut Known,
        place: Place,
        order: Order,
        count: usize,
        shapes: usize,
    ) -> Self {
        Parts { known, place, order, count, left: count, shapes: vec![unseen(); shapes] }
    }

    /// The shapes that were shown, and how many parts were asked for.
    ///
    /// Only that number counts, because the names that a struct is read with include aliases of
    /// fields.
    pub(super) fn end(self) -> (Vec<Forme>, usize) {
        (self.shapes, self.count.saturating_sub(self.left))
    }

    /// Makes up a part with the shape at `place`.
    fn part<S: DeserializeSeed<'static>>(&mut self, seed: S, at: usize) -> Result<S::Value, Stop> {
        let mut shape = unseen();
        let value = seeded(self.known, self.place, &mut shape, seed);
        if let Some(known) = self.shapes.get_mut(at) {
            merge(known, shape);
        }
        value
    }
}

/// Makes up the value of a seed. If that fails, the innermost type gets another sample next time.
pub(super) fn seeded<S: DeserializeSeed<'static>>(
    known: &mut Known,
    place: Place,
    shape: &mut Forme,
    seed: S,
) -> Result<S::Value, Stop> {
    let place = place.below::<S::Value>();
    let value = seed.deserialize(Reader { known: &mut *known, shape, place });
    if value.is_err() {
        known.found.blame(type_name::<S::Value>());
    }
    value
}

impl SeqAccess<'static> for Parts<'_> {
    type Error = Stop;

    fn next_element_seed<S: DeserializeSeed<'static>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        let place = self.count.saturating_sub(self.left);
        self.left = left;
        self.part(seed, if self.order == Order::Row { place } else { 0 }).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl MapAccess<'static> for Parts<'_> {
    type Error = Stop;

    fn next_key_seed<S: DeserializeSeed<'static>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Stop> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'static>>(&mut self, seed: S) -> Result<S::Value, Stop> {
        self.part(seed, 1)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The variant that was chosen for an enum.
pub(super) struct Chosen<'k> {
    pub(super) known: &'k mut Known,
    pub(super) place: Place,
    pub(super) key: Key,
    /// The enum's place among the types.
    pub(super) index: usize,
    /// The variant's number.
    pub(super) number: usize,
}

impl Chosen<'_> {
    /// Notes what the variant has shown.
    fn ended(self, names: &'static [&'static str], shapes: Vec<Forme>, asked: Option<usize>) {
        self.known.found.leave_variant(self.index, self.number, names, shapes, asked);
        if let Some(fields) = asked {
            self.known.read_variant(self.key, self.number, fields);
        }
    }

    /// Makes up a variant with fields in a row.
    fn visited<V: Visitor<'static>>(
        self,
        names: &'static [&'static str],
        count: usize,
        visitor: V,
    ) -> Result<V::Value, Stop> {
        let mut parts = Parts::new(&mut *self.known, self.place, Order::Row, count, count);
        let value = visitor.visit_seq(&mut parts);
        let (shapes, asked) = parts.end();
        self.ended(names, shapes, value.is_ok().then_some(asked));
        value
    }
}

impl EnumAccess<'static> for Chosen<'_> {
    type Error = Stop;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'static>>(self, seed: S) -> Result<(S::Value, Self), Stop> {
        let number: U32Deserializer<Stop> =
            u32::try_from(self.number).map_err(|_| Stop)?.into_deserializer();
        match seed.deserialize(number) {
            Ok(value) => Ok((value, self)),
            Err(stop) => {
                self.known.refused(self.key);
                self.known.found.refuse_variant(self.index, self.number);
                Err(stop)
            }
        }
    }
}

impl VariantAccess<'static> for Chosen<'_> {
    type Error = Stop;

    fn unit_variant(self) -> Result<(), Stop> {
        self.ended(&[], Vec::new(), Some(0));
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'static>>(self, seed: S) -> Result<S::Value, Stop> {
        let mut shape = unseen();
        let value = seeded(&mut *self.known, self.place, &mut shape, seed);
        self.ended(&[], vec![shape], value.is_ok().then_some(1));
        value
    }

    fn tuple_variant<V: Visitor<'static>>(self, len: usize, visitor: V) -> Result<V::Value, Stop> {
        self.visited(&[], len, visitor)
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Stop> {
        self.visited(fields, fields.len(), visitor)
    }
}
