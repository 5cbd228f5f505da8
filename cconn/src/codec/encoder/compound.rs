//! Writes values with parts: the bytes of the parts follow each other, with nothing in between.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant,
};

use super::super::CodecError;
use super::Encoder;

/// A sequence or map that is being written.
pub(in super::super) struct Sequence<'e, 'o> {
    pub(super) encoder: &'e mut Encoder<'o>,
    /// Declared elements that have not been written yet.
    pub(super) left: usize,
    /// Position in the output at which the current element begins.
    pub(super) start: usize,
}

impl Sequence<'_, '_> {
    /// Counts an element that is about to be written: a reader reads exactly as many as were
    /// declared.
    #[inline]
    fn count(&mut self) -> Result<(), CodecError> {
        self.left = self.left.checked_sub(1).ok_or_else(miscounted)?;
        self.start = self.encoder.out.len();
        Ok(())
    }

    #[inline]
    fn finish(self) -> Result<(), CodecError> {
        if self.left > 0 {
            return Err(miscounted());
        }
        self.encoder.ascend();
        Ok(())
    }
}

#[cold]
fn miscounted() -> CodecError {
    let text = "the type's `Serialize` declares another number of elements than it writes";
    CodecError::from_text(text.to_owned())
}

impl SerializeSeq for Sequence<'_, '_> {
    type Ok = ();
    type Error = CodecError;

    #[inline]
    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        self.count()?;
        value.serialize(&mut *self.encoder)?;
        self.encoder.end_element(self.start)
    }

    #[inline]
    fn end(self) -> Result<(), CodecError> {
        self.finish()
    }
}

impl SerializeMap for Sequence<'_, '_> {
    type Ok = ();
    type Error = CodecError;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CodecError> {
        self.count()?;
        key.serialize(&mut *self.encoder)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        value.serialize(&mut *self.encoder)?;
        self.encoder.end_element(self.start)
    }

    #[inline]
    fn end(self) -> Result<(), CodecError> {
        self.finish()
    }
}

/// Implements the traits whose fields have no names.
macro_rules! unnamed {
    ($($trait:ident $method:ident;)*) => {$(
        impl $trait for &mut Encoder<'_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
                value.serialize(&mut **self)
            }

            #[inline]
            fn end(self) -> Result<(), CodecError> {
                self.ascend();
                Ok(())
            }
        }
    )*};
}

unnamed! {
    SerializeTuple serialize_element;
    SerializeTupleStruct serialize_field;
    SerializeTupleVariant serialize_field;
}

/// Implements the traits whose fields have names. The names are not written.
macro_rules! named {
    ($($trait:ident)*) => {$(
        impl $trait for &mut Encoder<'_> {
            type Ok = ();
            type Error = CodecError;

            #[inline]
            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), CodecError> {
                value.serialize(&mut **self)
            }

            /// A reader would take the next field for the one left out.
            #[cold]
            fn skip_field(&mut self, field: &'static str) -> Result<(), CodecError> {
                Err(CodecError::from_text(format!(
                    "the field `{field}` is left out: serde's `skip_serializing_if` does not work \
                     with this format, in which fields have no names"
                )))
            }

            #[inline]
            fn end(self) -> Result<(), CodecError> {
                self.ascend();
                Ok(())
            }
        }
    )*};
}

named!(SerializeStruct SerializeStructVariant);
