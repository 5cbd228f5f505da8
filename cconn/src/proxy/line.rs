//! Version 1: a line of text.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{HeaderFault, agree};

/// How every line begins, and how it ends.
const BEGIN: &[u8] = b"PROXY ";
const END: &[u8] = b"\r\n";

/// The longest line, bytes, with its end.
const LONGEST: usize = 107;

pub(super) fn begins(first: &[u8]) -> bool {
    agree(first, BEGIN)
}

/// A line says nowhere how long it is, so at least the two bytes of its end are to come.
pub(super) fn wanted(begun: &[u8]) -> Result<usize, HeaderFault> {
    let wanted = match begun.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        Some(at) => {
            let end = begun.get(at..).unwrap_or(&[]);
            if !agree(end, END) {
                return Err(HeaderFault::Unended);
            }
            at.saturating_add(END.len())
        }
        None => begun.len().saturating_add(END.len()),
    };
    match wanted {
        _ if wanted > LONGEST => Err(HeaderFault::Unended),
        // Shorter than the shortest one that says anything.
        _ if wanted < begun.len() => Err(HeaderFault::LineParts),
        wanted => Ok(wanted),
    }
}

pub(super) fn parse(line: &[u8]) -> Result<Option<SocketAddr>, HeaderFault> {
    let line = line.strip_suffix(END).ok_or(HeaderFault::Unended)?;
    let rest = line.strip_prefix(BEGIN).ok_or(HeaderFault::NoHeader)?;
    let mut parts = rest.split(|byte| *byte == b' ');
    let family = parts.next().unwrap_or(&[]);
    // What may follow is not to be looked at.
    if family == b"UNKNOWN" {
        return Ok(None);
    }
    let address = match family {
        b"TCP4" => four,
        b"TCP6" => six,
        _ => return Err(HeaderFault::LineFamily),
    };
    let mut next = || {
        let part = parts.next().and_then(|part| std::str::from_utf8(part).ok());
        part.ok_or(HeaderFault::LineParts)
    };
    let (source, target) = (next()?, next()?);
    let (source_port, target_port) = (next()?, next()?);
    if parts.next().is_some() {
        return Err(HeaderFault::LineParts);
    }
    let (source, _) = (address(source)?, address(target)?);
    let (source_port, _) = (port(source_port)?, port(target_port)?);
    Ok(Some(SocketAddr::new(source, source_port)))
}

fn four(text: &str) -> Result<IpAddr, HeaderFault> {
    text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| HeaderFault::LineAddress)
}

fn six(text: &str) -> Result<IpAddr, HeaderFault> {
    text.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| HeaderFault::LineAddress)
}

fn port(text: &str) -> Result<u16, HeaderFault> {
    let is_plain = text == "0" || text.starts_with(|first: char| matches!(first, '1'..='9'));
    text.parse().ok().filter(|_| is_plain).ok_or(HeaderFault::LinePort)
}
