//! Byte strings inside a larger value, encoded in one copy instead of byte by byte.
//!
//! This file knows serde and no format.

use std::fmt;
use std::ops::Deref;

use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::copy;

/// Owned bytes, for use inside a larger value.
///
/// A `Vec<u8>` inside a struct, a tuple or an option is written element by element; inside an
/// `Octets` it is copied as a whole, about 40 times faster. The bytes on the wire are the same, so
/// one side may use `Octets` where the other side uses `Vec<u8>`. An argument or an answer that
/// *is* a `Vec<u8>` or a `&[u8]` does not need it.
///
/// # Examples
///
/// ```
/// use cconn::Octets;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Photo {
///     nom: String,
///     image: Octets,
/// }
///
/// let photo = Photo { nom: "chat".to_owned(), image: vec![0xFF, 0xD8].into() };
/// assert_eq!(photo.image.len(), 2);
/// ```
#[doc(alias("Blob", "Buffer"))]
#[doc(alias = "Bytes")]
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Octets(pub Vec<u8>);

/// Borrowed bytes, for use inside a larger value.
///
/// The borrowed counterpart of [`Octets`]: a decoded `OctetsRef` points into the received message,
/// and nothing is copied.
///
/// # Examples
///
/// ```
/// use cconn::OctetsRef;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Morceau<'a> {
///     debut: u64,
///     #[serde(borrow)]
///     octets: OctetsRef<'a>,
/// }
///
/// let morceau = Morceau { debut: 0, octets: b"abc".into() };
/// assert!(morceau.octets.starts_with(b"ab"));
/// ```
#[doc(alias = "Bytes")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OctetsRef<'a>(pub &'a [u8]);

impl From<Vec<u8>> for Octets {
    fn from(bytes: Vec<u8>) -> Self {
        Octets(bytes)
    }
}

impl<'a> From<&'a [u8]> for OctetsRef<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        OctetsRef(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for OctetsRef<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        OctetsRef(bytes)
    }
}

impl AsRef<[u8]> for Octets {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for OctetsRef<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

/// The bytes, with the methods of a slice.
impl Deref for Octets {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes, with the methods of a slice.
impl Deref for OctetsRef<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl Serialize for OctetsRef<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(OwnedVisitor).map(Octets)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for OctetsRef<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&[u8]>::deserialize(deserializer).map(OctetsRef)
    }
}

struct OwnedVisitor;

/// The largest number of bytes reserved for a length that has only been declared.
const MAX_DECLARED: usize = 4096;

impl<'de> Visitor<'de> for OwnedVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(copy::to_vec(bytes))
    }

    fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    /// Formats without a type for bytes, such as JSON, give a sequence of numbers.
    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Vec<u8>, A::Error> {
        let declared = access.size_hint().unwrap_or(0);
        let mut bytes = Vec::with_capacity(declared.min(MAX_DECLARED));
        while let Some(byte) = access.next_element()? {
            bytes.push(byte);
        }
        Ok(bytes)
    }
}
