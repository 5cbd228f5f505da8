//! What a decoder passes to a type: elements, entries, variants.

use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, VariantAccess, Visitor,
};

use super::super::{CodecError, UNKNOWN};
use super::{Decoder, narrow};

/// The parts of a sequence, map, tuple or struct, which follow each other with nothing in between.
pub(super) struct Parts<'d, 'de> {
    pub(super) decoder: &'d mut Decoder<'de>,
    /// Elements or entries that are still to be read.
    pub(super) left: usize,
}

/// The fields of an open struct, which may end before those that have defaults.
pub(super) struct OpenParts<'d, 'de> {
    decoder: &'d mut Decoder<'de>,
    /// Fields that are still to be read, and those of them without a default.
    left: usize,
    required: usize,
}

impl<'d, 'de> OpenParts<'d, 'de> {
    /// `fields`: their names, those with a default marked. A reader that knows no names reads as
    /// long as there are bytes.
    pub(super) fn new(decoder: &'d mut Decoder<'de>, fields: &[&str]) -> Self {
        let left = if fields.is_empty() { usize::MAX } else { fields.len() };
        let required = fields.iter().take_while(|name| !name.starts_with(UNKNOWN)).count();
        OpenParts { decoder, left, required }
    }
}

impl<'de> SeqAccess<'de> for OpenParts<'_, 'de> {
    type Error = CodecError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, CodecError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        if self.required == 0 && self.decoder.is_at_end() {
            return Ok(None);
        }
        self.left = left;
        self.required = self.required.saturating_sub(1);
        seed.deserialize(&mut *self.decoder).map(Some)
    }
}

/// The elements of a sequence, or the entries of a map: their number stands in the bytes.
pub(super) struct Elements<'d, 'de>(pub(super) Parts<'d, 'de>);

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = CodecError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, CodecError> {
        let Some(left) = self.0.left.checked_sub(1) else { return Ok(None) };
        self.0.left = left;
        self.0.decoder.limits.hold(size_of::<S::Value>())?;
        seed.deserialize(&mut *self.0.decoder).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        SeqAccess::size_hint(&self.0)
    }
}

impl<'de> SeqAccess<'de> for Parts<'_, 'de> {
    type Error = CodecError;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, CodecError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        // `charge` has bounded this by the bytes of the body, so a type may reserve memory by it.
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Elements<'_, 'de> {
    type Error = CodecError;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, CodecError> {
        self.next_element_seed(seed)
    }

    #[inline]
    fn next_value_seed<W: DeserializeSeed<'de>>(
        &mut self,
        seed: W,
    ) -> Result<W::Value, CodecError> {
        // `left` counts entries, and the key has counted this one.
        self.0.decoder.limits.hold(size_of::<W::Value>())?;
        seed.deserialize(&mut *self.0.decoder)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        SeqAccess::size_hint(&self.0)
    }
}

impl<'de> EnumAccess<'de> for &mut Decoder<'de> {
    type Error = CodecError;
    type Variant = Self;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self), CodecError> {
        let index: u32 = self.unsigned().and_then(narrow)?;
        let index: U32Deserializer<CodecError> = index.into_deserializer();
        Ok((seed.deserialize(index)?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Decoder<'de> {
    type Error = CodecError;

    #[inline]
    fn unit_variant(self) -> Result<(), CodecError> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<S::Value, CodecError> {
        self.below(|decoder| seed.deserialize(decoder))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(
        self,
        count: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.parts(count, visitor)
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.parts(fields.len(), visitor)
    }
}
