//! Version 2: a binary head, addresses, and records.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{HeaderFault, MAX_HEADER, agree};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes in front of the addresses: signature, version and command, family, length.
const HEAD: usize = 16;

/// The record that holds a checksum (CRC-32C) of the header.
const CHECKSUM: u8 = 3;

pub(super) fn begins(first: &[u8]) -> bool {
    agree(first, SIGNATURE)
}

/// The head of a header.
struct Head {
    /// The proxy speaks for itself, as where it looks whether the server is well.
    is_local: bool,
    family: u8,
    /// Bytes behind the head.
    rest: usize,
}

impl Head {
    /// `None` if the head has not come as a whole.
    fn parse(header: &[u8]) -> Result<Option<Head>, HeaderFault> {
        let Some([command, family, high, low]) =
            header.get(SIGNATURE.len()..).and_then(|behind| behind.first_chunk().copied())
        else {
            return Ok(None);
        };
        if command >> 4 != 2 {
            return Err(HeaderFault::Version);
        }
        let is_local = match command & 0xf {
            0 => true,
            1 => false,
            _ => return Err(HeaderFault::Command),
        };
        let rest = usize::from(u16::from_be_bytes([high, low]));
        if rest > MAX_HEADER.saturating_sub(HEAD) {
            return Err(HeaderFault::TooLong);
        }
        Ok(Some(Head { is_local, family, rest }))
    }
}

pub(super) fn wanted(begun: &[u8]) -> Result<usize, HeaderFault> {
    let head = Head::parse(begun)?;
    Ok(head.map_or(HEAD, |head| HEAD.saturating_add(head.rest)))
}

pub(super) fn parse(header: &[u8]) -> Result<Option<SocketAddr>, HeaderFault> {
    let head = Head::parse(header)?.ok_or(HeaderFault::TooShort)?;
    let behind = header.get(HEAD..).unwrap_or(&[]);
    if behind.len() != head.rest {
        return Err(HeaderFault::TooShort);
    }
    if head.is_local {
        // Neither its family nor what stands behind means anything.
        return Ok(None);
    }
    let (client, records) = addresses(head.family, behind)?;
    check(header, records)?;
    Ok(client)
}

/// The client's address, and what stands behind the addresses. Datagrams are not told from streams:
/// the proxy may have its client by another protocol than this one.
fn addresses(family: u8, bytes: &[u8]) -> Result<(Option<SocketAddr>, &[u8]), HeaderFault> {
    let short = HeaderFault::TooShort;
    match family {
        0 => Ok((None, bytes)),
        // Two addresses of 4 bytes and two ports.
        0x11 | 0x12 => {
            let (source, rest) = bytes.split_first_chunk::<4>().ok_or(short)?;
            let ([_, _, _, _, high, low, _, _], records) = rest.split_first_chunk().ok_or(short)?;
            let port = u16::from_be_bytes([*high, *low]);
            Ok((Some((Ipv4Addr::from(*source), port).into()), records))
        }
        // Two addresses of 16 bytes and two ports.
        0x21 | 0x22 => {
            let (source, rest) = bytes.split_first_chunk::<16>().ok_or(short)?;
            let (_, rest) = rest.split_first_chunk::<16>().ok_or(short)?;
            let ([high, low, _, _], records) = rest.split_first_chunk().ok_or(short)?;
            let port = u16::from_be_bytes([*high, *low]);
            Ok((Some((Ipv6Addr::from(*source), port).into()), records))
        }
        // Two names of Unix sockets.
        0x31 | 0x32 => bytes.split_at_checked(216).map(|(_, records)| (None, records)).ok_or(short),
        _ => Err(HeaderFault::Family),
    }
}

/// Checks that the records fill what is left, and the checksum if there is one. What the other
/// records say is not looked at.
fn check(header: &[u8], mut records: &[u8]) -> Result<(), HeaderFault> {
    while let Some(([kind, high, low], rest)) = records.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = rest.split_at_checked(length).ok_or(HeaderFault::Records)?;
        if *kind == CHECKSUM {
            let told = value.try_into().ok().map(u32::from_be_bytes);
            let at = header.len().saturating_sub(rest.len()).saturating_sub(value.len());
            if told != Some(crc32c(header, at)) {
                return Err(HeaderFault::Checksum);
            }
        }
        records = rest;
    }
    if records.is_empty() { Ok(()) } else { Err(HeaderFault::Records) }
}

/// The checksum of a header, in which the four bytes at `own`, its own place, count as zeros.
fn crc32c(header: &[u8], own: usize) -> u32 {
    let own = own..own.saturating_add(4);
    let bytes = header.iter().enumerate();
    let bytes = bytes.map(|(at, byte)| if own.contains(&at) { 0 } else { *byte });
    !bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            // The polynomial of Castagnoli, lowest bit first.
            if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_known_one() {
        // RFC 3720, appendix B.4; and the check value of the catalogues.
        let outside = usize::MAX - 4;
        assert_eq!(crc32c(b"123456789", outside), 0xe306_9283);
        assert_eq!(crc32c(&[0; 32], outside), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32], outside), 0x62a8_ab43);
        let rising: Vec<u8> = (0..32).collect();
        assert_eq!(crc32c(&rising, outside), 0x46dd_794e);
        let mut zeroed = rising.clone();
        zeroed[5..9].fill(0);
        assert_eq!(crc32c(&rising, 5), crc32c(&zeroed, outside));
    }
}
