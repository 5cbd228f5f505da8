//! Writing one argument: bytes and texts as a whole, all else through serde.
//!
//! Told by type, not by syntax: an inherent method comes before a trait's, and the trait's by
//! value before one by reference. So `Arg(&x).write(out)` compiles for every type; the types that
//! can't be written are pointed at elsewhere, once.

use std::borrow::Cow;

use serde::Serialize;

use super::{Ecrivain, ErreurCodec, no_value};
use crate::codec;

/// One argument of a message, to be written.
#[derive(Debug)]
pub struct Arg<'x, T: ?Sized>(pub &'x T);

/// Writes what serde can.
pub trait WriteSerde {
    /// Appends the argument.
    fn write(self, out: &mut Ecrivain<'_>) -> Result<(), ErreurCodec>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> WriteSerde for Arg<'_, T> {
    #[inline]
    fn write(self, out: &mut Ecrivain<'_>) -> Result<(), ErreurCodec> {
        codec::encode(self.0, out.out).map_err(ErreurCodec)
    }
}

/// Stands in for a type that can't be written, so that there is one error and not two.
pub trait WriteNever {
    /// Fails.
    fn write(&self, out: &mut Ecrivain<'_>) -> Result<(), ErreurCodec>;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> WriteNever for Arg<'_, T> {
    fn write(&self, _: &mut Ecrivain<'_>) -> Result<(), ErreurCodec> {
        no_value()
    }
}

impl<T: Whole> Arg<'_, T> {
    /// Appends the argument in one copy.
    #[inline]
    pub fn write(self, out: &mut Ecrivain<'_>) -> Result<(), ErreurCodec> {
        self.0.append(out.out);
        Ok(())
    }
}

/// What is written in one copy.
pub trait Whole {
    /// Appends the length and the bytes.
    fn append(&self, out: &mut Vec<u8>);
}

macro_rules! whole {
    ($($ty:ty: $encode:path;)*) => {
        $(impl Whole for $ty {
            #[inline]
            fn append(&self, out: &mut Vec<u8>) {
                $encode(self, out);
            }
        })*
    };
}

whole! {
    Vec<u8>: codec::encode_bytes;
    &[u8]: codec::encode_bytes;
    Cow<'_, [u8]>: codec::encode_bytes;
    String: codec::encode_str;
    &str: codec::encode_str;
    Cow<'_, str>: codec::encode_str;
}
