//! The errors of encoding and decoding.
//!
//! This file does not know which crate does the encoding.

use thiserror::Error;

use super::MAX_DEPTH;

/// A value that could not be encoded, or bytes that are not a value of the type asked for.
///
/// The connection lives: only this value is lost.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub(crate) enum CodecError {
    /// The body has this many bytes left after the value.
    #[error("bytes left over after the value: {0}; the two sides differ on its type")]
    Leftover(usize),
    /// The body ends inside the value, or a text is declared longer than the body.
    #[error("the bytes end before the value does; the two sides differ on its type")]
    Truncated,
    /// A field holds a value that its type does not allow.
    #[error("{0}; the two sides differ on its type")]
    Invalid(Invalid),
    /// The value is nested deeper than `MAX_DEPTH`.
    #[error("the value is nested more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// A sequence or map declares more elements than the body has room for.
    #[error(
        "{0} elements are declared, more than the message has bytes for; of elements without bytes, \
         such as `()`, a message holds some 4,000"
    )]
    TooLong(u64),
    /// The value would take the memory of decoded values beyond this many bytes, which the process
    /// may have for them.
    #[error(
        "the decoded values of this process would take more than {0} bytes together; send less at a \
         time, or raise the limit on the side that decodes with `Serveur::memoire_decodee`"
    )]
    OverBudget(usize),
    /// The type asks the bytes for their own type (`deserialize_any`), which this format does not
    /// store.
    #[error(
        "the type asks the bytes what they are, and this format does not say: serde's `untagged`, \
         `tag` (with `content` too), `flatten` and `skip_serializing_if`, types such as \
         `serde_json::Value` and others that use `deserialize_any` do not work with it"
    )]
    SelfDescribing,
    /// A sequence or map does not tell its length before its elements are written.
    #[error(
        "a sequence or map of unknown length can't be encoded: collect it first, and do not use \
         serde's `flatten`"
    )]
    UnknownLength,
    /// The type's own `Serialize` or `Deserialize` returned an error, with this text.
    #[error("{0}")]
    Custom(Message),
}

/// Which value a field holds that its type does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum Invalid {
    #[error("a bool is neither 0 nor 1")]
    Bool,
    #[error("a char is not valid UTF-8")]
    Char,
    #[error("a text is not valid UTF-8")]
    Utf8,
    #[error("the tag of an option is neither 0 nor 1")]
    OptionTag,
    #[error("an integer does not fit its type, or its first byte has no meaning")]
    Integer,
}

/// A text behind one pointer, which keeps `CodecError` at 16 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Message(Box<Box<str>>);

impl CodecError {
    pub(crate) fn from_text(text: String) -> Self {
        CodecError::Custom(Message(Box::new(text.into_boxed_str())))
    }
}

const _: () = assert!(size_of::<CodecError>() <= 16, "errors are passed by value everywhere");
