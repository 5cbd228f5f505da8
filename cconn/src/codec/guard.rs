//! A shell around any serde `Deserializer` that hostile bytes can't break.
//!
//! Three rules: nothing is allocated for a length that was only declared, the lengths declared by
//! all sequences and maps of one body share a budget, and nesting has a limit.
//! It knows no format, but counts on one that declares the length of each sequence and map.

mod access;

use std::convert::identity;

use serde::de::{Deserializer, Error, Visitor};

use super::CodecError;

/// Most levels of nesting in one value: far from what overflows the 2 MiB stack of a thread.
///
/// `Some`, a sequence, a map, a tuple, a struct and the content of a variant are a level each.
pub(crate) const MAX_DEPTH: u8 = 128;

/// Elements that a body may declare beyond its length in bytes: elements without bytes, `()`.
///
/// Every other element takes a byte of its own, so no other value is ever refused.
pub(super) const EMPTY_ELEMENTS: usize = 4096;

/// What is left of the limits of one body.
pub(super) struct Limits {
    /// `elements + declared so far == length of the body + EMPTY_ELEMENTS`.
    elements: usize,
    /// Whether a long byte string of the body may be taken as it is, instead of being copied.
    may_take: bool,
    /// Why the guard stopped; the error that travels up says nothing.
    fault: Option<CodecError>,
}

impl Limits {
    #[inline]
    pub(super) fn for_body(length: usize, may_take: bool) -> Self {
        Limits { elements: length.saturating_add(EMPTY_ELEMENTS), may_take, fault: None }
    }

    /// Why the guard stopped, if it was the guard.
    #[cold]
    pub(super) fn take_fault(&mut self) -> Option<CodecError> {
        self.fault.take()
    }

    #[inline]
    fn charge<E: Error>(&mut self, declared: Option<usize>) -> Result<(), E> {
        // A format that does not declare a length would escape the budget.
        let declared = declared.unwrap_or(usize::MAX);
        match self.elements.checked_sub(declared) {
            Some(left) => self.elements = left,
            None => return Err(self.fail(CodecError::TooLong(declared as u64))),
        }
        Ok(())
    }

    #[inline]
    fn descend<E: Error>(&mut self, levels: u8) -> Result<u8, E> {
        levels.checked_sub(1).ok_or_else(|| self.fail(CodecError::TooDeep))
    }

    #[cold]
    fn fail<E: Error>(&mut self, fault: CodecError) -> E {
        self.fault = Some(fault);
        E::custom("")
    }
}

/// One part of serde's machinery (deserializer, seed, visitor, access) under guard.
pub(super) struct Guard<'l, T> {
    inner: T,
    limits: &'l mut Limits,
    /// Levels that may still be entered; `0 <= levels <= MAX_DEPTH`.
    levels: u8,
}

/// The visitor of a sequence or map, which has to pay for the length it is told.
struct Declared<'l, V>(Guard<'l, V>);

impl<'l, T> Guard<'l, T> {
    #[inline]
    pub(super) fn new(inner: T, limits: &'l mut Limits) -> Self {
        Guard { inner, limits, levels: MAX_DEPTH }
    }

    /// The same guard around the next part.
    #[inline]
    fn around<U>(self, next: U) -> (T, Guard<'l, U>) {
        (self.inner, Guard { inner: next, limits: self.limits, levels: self.levels })
    }

    /// The same guard around the next part, one level down.
    #[inline]
    fn below<U, E: Error>(self, next: U) -> Result<(T, Guard<'l, U>), E> {
        let levels = self.limits.descend(self.levels)?;
        Ok((self.inner, Guard { inner: next, limits: self.limits, levels }))
    }

    /// A guard around a part that is lent out, as accesses lend themselves element by element.
    #[inline]
    fn lend<U>(&mut self, next: U) -> (&mut T, Guard<'_, U>) {
        (&mut self.inner, Guard { inner: next, limits: self.limits, levels: self.levels })
    }
}

macro_rules! scalars {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method(visitor)
        }
    )*};
}

macro_rules! refused {
    ($($method:ident)*) => {$(
        #[cold]
        fn $method<V: Visitor<'de>>(self, _: V) -> Result<V::Value, D::Error> {
            Err(self.limits.fail(CodecError::SelfDescribing))
        }
    )*};
}

/// Methods that hand a guarded visitor on; `$wrap` says what the visitor has to pay for.
macro_rules! compounds {
    ($($method:ident($($name:ident: $type:ty),*) as $wrap:expr;)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(
            self,
            $($name: $type,)*
            visitor: V,
        ) -> Result<V::Value, D::Error> {
            let (inner, visitor) = self.around(visitor);
            inner.$method($($name,)* $wrap(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Guard<'_, D> {
    type Error = D::Error;

    scalars! {
        deserialize_bool deserialize_char deserialize_unit deserialize_str deserialize_bytes
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_f32 deserialize_f64
    }

    refused! { deserialize_any deserialize_identifier deserialize_ignored_any }

    compounds! {
        deserialize_seq() as Declared;
        deserialize_map() as Declared;
        deserialize_option() as identity;
        deserialize_newtype_struct(name: &'static str) as identity;
        deserialize_tuple(len: usize) as identity;
        deserialize_tuple_struct(name: &'static str, len: usize) as identity;
        deserialize_struct(
            name: &'static str,
            fields: &'static [&'static str]
        ) as identity;
        deserialize_enum(
            name: &'static str,
            variants: &'static [&'static str]
        ) as identity;
    }

    /// Borrowed, so that the visitor copies what is there instead of what was declared; but for
    /// what need not be copied.
    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.limits.may_take {
            return self.inner.deserialize_string(visitor);
        }
        self.inner.deserialize_str(visitor)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        if self.limits.may_take {
            return self.inner.deserialize_byte_buf(visitor);
        }
        self.inner.deserialize_bytes(visitor)
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_unit_struct(name, visitor)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}
