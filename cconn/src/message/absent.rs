//! Arguments that a message leaves out because they have their defaults.

use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use super::{Arg, ArgumentWriter, ValueError};

/// Finds out whether a type that is written as an `Option` is the one of the standard library.
#[derive(Debug)]
pub struct Absent<T>(PhantomData<T>);

impl<T> Absent<Option<T>> {
    /// Makes the default of such an argument.
    pub const __CCONN_ABSENT: Option<fn() -> Option<T>> = Some(|| None);
    /// The default as it is written.
    pub const __CCONN_TEXT: Option<&'static str> = Some("None");
}

/// The fallback for all other types, which have no default of their own.
pub trait AbsentByDefault {
    /// The type.
    type Of;
    /// There is no default.
    const __CCONN_ABSENT: Option<fn() -> Self::Of> = None;
    /// There is no default.
    const __CCONN_TEXT: Option<&'static str> = None;
}

#[diagnostic::do_not_recommend]
impl<T> AbsentByDefault for Absent<T> {
    type Of = T;
}

impl<T> Arg<'_, Option<T>> {
    /// Whether the argument is absent, so that a message can leave it out.
    #[inline]
    pub fn __cconn_is_absent(self) -> bool {
        self.0.is_none()
    }
}

/// The fallback for arguments that can't be absent.
pub trait NeverAbsent {
    /// False.
    fn __cconn_is_absent(&self) -> bool {
        false
    }
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized> NeverAbsent for Arg<'_, T> {}

/// Writes the default of an argument to the end of the bytes.
type Write = fn(&mut Vec<u8>) -> Result<(), ValueError>;

/// The encoded default of an argument, which is made once.
///
/// Bytes are compared, not values: so a default needs no `PartialEq`, and `-0.0` is not taken for
/// `0.0`.
pub struct DefaultBytes {
    /// Empty until it is asked for; `None` in it if the default can't be encoded.
    bytes: OnceLock<Option<Box<[u8]>>>,
    write: Write,
}

impl fmt::Debug for DefaultBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DefaultBytes").field(&self.bytes.get()).finish()
    }
}

impl DefaultBytes {
    /// The bytes that `write` writes.
    pub const fn new(write: Write) -> Self {
        DefaultBytes { bytes: OnceLock::new(), write }
    }

    /// Whether an argument is written as the default is.
    pub fn equal<'m>(
        &self,
        write: impl FnOnce(&mut ArgumentWriter<'m>) -> Result<(), ValueError>,
    ) -> bool {
        let default = self.bytes.get_or_init(|| {
            let mut bytes = Vec::new();
            (self.write)(&mut bytes).ok().map(|()| bytes.into())
        });
        let mut writer = ArgumentWriter::alone();
        // An argument that can't be encoded is an error once it is sent.
        let written = write(&mut writer).is_ok();
        written && default.as_deref().is_some_and(|default| writer.is(default))
    }
}
