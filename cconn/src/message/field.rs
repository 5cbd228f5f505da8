//! Writing one argument: bytes and texts in one piece, everything else through serde.
//!
//! The way is chosen by type, not by syntax: method lookup prefers an inherent method to a trait's,
//! and a method that takes `self` by value to one that takes it by reference. So
//! `Arg(&x).__cconn_write(out)` compiles for every type; types that can't be written are reported
//! elsewhere, once.

use std::borrow::Cow;

use serde::Serialize;

use super::{ArgumentWriter, ValueError, no_value};
use crate::octets::{Octets, OctetsRef};

/// An argument of a message that is to be written.
#[derive(Debug)]
pub struct Arg<'x, T: ?Sized>(pub &'x T);

/// Writes an argument through serde.
pub trait WriteSerde {
    /// Appends the argument.
    fn __cconn_write(self, out: &mut ArgumentWriter<'_>) -> Result<(), ValueError>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> WriteSerde for Arg<'_, T> {
    #[inline]
    fn __cconn_write(self, out: &mut ArgumentWriter<'_>) -> Result<(), ValueError> {
        out.write(self.0)
    }
}

/// Accepts a type that can't be written, so that the user sees one error and not two.
pub trait WriteNever {
    /// Fails always.
    fn __cconn_write(&self, out: &mut ArgumentWriter<'_>) -> Result<(), ValueError>;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> WriteNever for Arg<'_, T> {
    fn __cconn_write(&self, _: &mut ArgumentWriter<'_>) -> Result<(), ValueError> {
        no_value()
    }
}

impl<'x, T: Whole> Arg<'x, T> {
    /// Appends the argument in one copy, or without any.
    #[inline]
    pub fn __cconn_write(self, out: &mut ArgumentWriter<'x>) -> Result<(), ValueError> {
        out.append(self.0.whole());
        Ok(())
    }
}

/// A type that is written as its length and its bytes.
pub trait Whole {
    /// The bytes.
    fn whole(&self) -> &[u8];
}

macro_rules! whole {
    ($($ty:ty: $bytes:ident;)*) => {
        $(impl Whole for $ty {
            #[inline]
            fn whole(&self) -> &[u8] {
                self.$bytes()
            }
        })*
    };
}

whole! {
    Vec<u8>: as_slice;
    &[u8]: as_ref;
    Cow<'_, [u8]>: as_ref;
    Octets: as_ref;
    OctetsRef<'_>: as_ref;
    String: as_bytes;
    &str: as_bytes;
}

impl Whole for Cow<'_, str> {
    #[inline]
    fn whole(&self) -> &[u8] {
        self.as_bytes()
    }
}
