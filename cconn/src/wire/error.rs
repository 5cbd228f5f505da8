//! What is wrong with bytes that do not follow the protocol.

use thiserror::Error;

/// Bytes that do not follow the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum WireError {
    #[error("the first bytes are not those of a cconn greeting")]
    Magic,
    #[error("a greeting announces more than 4 KiB")]
    GreetingSize,
    #[error("a greeting holds a field of unknown meaning")]
    GreetingField,
    #[error("the peer speaks another codec")]
    Codec,
    #[error("a record of the greeting reaches beyond its end")]
    RecordRoom,
    #[error("record {0} comes twice in a greeting")]
    RecordTwice(u16),
    #[error("a frame ends before its fields do")]
    Truncated,
    #[error("a control frame holds more than its fields")]
    Leftover,
    #[error("a text is not UTF-8")]
    Text,
    #[error("frame kind {0} is unknown")]
    Kind(u8),
    #[error("a call has the id 0")]
    CallId,
    #[error("a command has a context block, and this side reads none")]
    ContextUndeclared,
    #[error("a context block, or a record in it, reaches beyond its end")]
    ContextRoom,
    #[error("tag {0} comes twice in a context block")]
    ContextTwice(u8),
    #[error("tag {tag} of a context block has {length} bytes")]
    ContextLength { tag: u8, length: u8 },
    #[error("tag {0} of a context block has a value that can't be")]
    ContextValue(u8),
    #[error("a failure lists {0} fingerprints, and at most 8 are allowed")]
    Fingerprints(u8),
    #[error("a stream ends in way {0}, which is unknown")]
    StreamEnd(u8),
}
