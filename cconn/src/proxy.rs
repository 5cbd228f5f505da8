//! The header by which a proxy says for whom it connects: the PROXY protocol, versions 1 and 2, of
//! HAProxy's `proxy-protocol.txt`.
//!
//! This file knows the bytes of a header and no stream: whoever reads one asks how many bytes are
//! `wanted` and reads no more than those, so that what follows the header stays in the stream.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod binary;
mod line;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;

/// The longest header that is taken, bytes. Addresses and a checksum take at most 239; the rest is
/// for what else a proxy may say, such as the certificate of its client.
pub(crate) const MAX_HEADER: usize = 4096;

/// The shortest header there is, a line of version 1; one of version 2 is longer.
const SHORTEST: usize = b"PROXY UNKNOWN\r\n".len();

/// What is wrong with a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderFault {
    /// These bytes begin no header of either version.
    #[error("it is no header")]
    NoHeader,
    #[error(
        "a line of version 1 has at most 107 bytes and ends with a carriage return and a line feed"
    )]
    Unended,
    #[error("a line of version 1 is `PROXY`, then `TCP4`, `TCP6` or `UNKNOWN`")]
    LineFamily,
    #[error("a line of version 1 has two addresses and two ports, each behind one space")]
    LineParts,
    #[error("an address in the line is none of the family that the line names")]
    LineAddress,
    #[error("a port in the line is no number from 0 to 65535 without leading zeros")]
    LinePort,
    #[error("its version is neither 1 nor 2")]
    Version,
    #[error("its command is neither LOCAL nor PROXY")]
    Command,
    #[error("its family and protocol are none that version 2 has")]
    Family,
    #[error("it is longer than {MAX_HEADER} bytes")]
    TooLong,
    #[error("it is too short for the addresses of its family")]
    TooShort,
    #[error("what stands behind its addresses is cut off")]
    Records,
    #[error("its checksum is wrong: bytes were changed on their way")]
    Checksum,
}

/// Whether these bytes, the first that came, are those of a header or of its beginning.
pub(crate) fn begins(first: &[u8]) -> bool {
    line::begins(first) || binary::begins(first)
}

/// How many bytes are certain to belong to the header that begins with `begun`: the header is whole
/// once so many have come.
pub(crate) fn wanted(begun: &[u8]) -> Result<usize, HeaderFault> {
    if !begins(begun) {
        return Err(HeaderFault::NoHeader);
    }
    if begun.len() < SHORTEST {
        return Ok(SHORTEST);
    }
    if line::begins(begun) { line::wanted(begun) } else { binary::wanted(begun) }
}

/// For whom a proxy connects, by its whole header; `None` if it speaks for itself, or does not know.
/// Peers of a Unix socket have no address, so of those it does not know either.
pub(crate) fn parse(header: &[u8]) -> Result<Option<SocketAddr>, HeaderFault> {
    if line::begins(header) { line::parse(header) } else { binary::parse(header) }
}

/// Whether one of two texts begins with the other.
fn agree(one: &[u8], other: &[u8]) -> bool {
    one.iter().zip(other).all(|(one, other)| one == other)
}
