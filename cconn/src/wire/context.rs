//! The context block: what a command carries besides its arguments.

use super::error::WireError;
use super::reader::Reader;

/// The bit of a command's depth which says that a context block follows the fixed fields.
// [context.flag]
const FLAG: u8 = 0x80;

/// Deepest nesting that fits beside the flag.
// [depth.most]
pub(crate) const MAX_DEPTH: u8 = 127;

/// The tags that this side knows. It checks their records and acts on none of them yet.
mod tag {
    /// How long the sender still waits for the answer, `u32` milliseconds.
    pub(super) const TIME_LEFT: u8 = 1;
    /// A trace: 16 bytes for its id, 8 for the id of the span, 1 for flags.
    pub(super) const TRACE: u8 = 2;
    /// Pairs that belong to the program, opaque here.
    pub(super) const BAGGAGE: u8 = 3;
    /// The sender expects a stream: its first credit, `u32`, not 0.
    pub(super) const STREAM: u8 = 4;
    /// The sender wants reports of progress.
    pub(super) const PROGRESS: u8 = 5;
    /// Room that the call pays for in advance, `u32`.
    pub(super) const PREPAID: u8 = 6;
}

/// The records of a context block, checked for their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Context<'a>(&'a [u8]);

impl<'a> Context<'a> {
    /// The bytes that a block takes in its frame, its length byte included; 0 without a block.
    #[inline]
    pub(crate) fn size_of(block: Option<Self>) -> usize {
        block.map_or(0, |block| block.0.len().saturating_add(1))
    }

    /// Takes the block off the front of what follows a command's fixed fields.
    // [context.block] [context.room]
    fn take(reader: &mut Reader<'a>) -> Result<Self, WireError> {
        let length = reader.u8()?;
        let block = reader.bytes(length.into()).map_err(|_| WireError::ContextRoom)?;
        Context::parse(block)
    }

    /// Checks the records of a block.
    pub(crate) fn parse(block: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(block);
        let mut seen = 0_u8;
        while !reader.is_empty() {
            let (tag, data) = record(&mut reader).map_err(|_| WireError::ContextRoom)?;
            // [context.unknown]
            if !(tag::TIME_LEFT..=tag::PREPAID).contains(&tag) {
                continue;
            }
            check(tag, data)?;
            // [context.twice]
            if seen & 1 << tag != 0 {
                return Err(WireError::ContextTwice(tag));
            }
            seen |= 1 << tag;
        }
        Ok(Context(block))
    }
}

fn record<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), WireError> {
    let (tag, length) = (reader.u8()?, reader.u8()?);
    Ok((tag, reader.bytes(length.into())?))
}

/// Checks the data of a record whose tag is known.
// [context.tags]
fn check(tag: u8, data: &[u8]) -> Result<(), WireError> {
    let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
    let (least, most) = match tag {
        tag::TIME_LEFT | tag::STREAM | tag::PREPAID => (4, 4),
        tag::TRACE => (25, 25),
        tag::BAGGAGE => (0, 128),
        tag::PROGRESS => (0, 0),
        _ => return Ok(()),
    };
    if !(least..=most).contains(&length) {
        return Err(WireError::ContextLength { tag, length });
    }
    if tag == tag::STREAM && data.iter().all(|byte| *byte == 0) {
        return Err(WireError::ContextValue(tag));
    }
    Ok(())
}

/// The parts of a command behind its fixed fields, and the depth without the flag.
pub(super) struct Behind<'a> {
    pub(super) depth: u8,
    pub(super) context: Option<Context<'a>>,
    pub(super) body: &'a [u8],
}

/// Splits the depth byte of a command, and takes off the context block that the byte may announce.
#[inline]
pub(super) fn split(depth: u8, rest: &[u8], is_declared: bool) -> Result<Behind<'_>, WireError> {
    if depth & FLAG == 0 {
        Ok(Behind { depth, context: None, body: rest })
    } else {
        flagged(depth, rest, is_declared)
    }
}

#[cold]
fn flagged(depth: u8, rest: &[u8], is_declared: bool) -> Result<Behind<'_>, WireError> {
    // [context.undeclared]
    if !is_declared {
        return Err(WireError::ContextUndeclared);
    }
    let mut reader = Reader::new(rest);
    let context = Some(Context::take(&mut reader)?);
    Ok(Behind { depth: depth & !FLAG, context, body: reader.rest() })
}

/// The depth byte of a command, with the flag if there is a context block.
pub(super) fn depth_byte(depth: u8, context: Option<Context<'_>>) -> u8 {
    if context.is_some() { depth | FLAG } else { depth & !FLAG }
}

/// Appends the block behind a command's fixed fields.
pub(super) fn write(context: Option<Context<'_>>, out: &mut Vec<u8>) {
    let Some(Context(block)) = context else { return };
    out.push(u8::try_from(block.len()).unwrap_or(u8::MAX));
    out.extend(block.iter().take(u8::MAX.into()));
}

/// The size of the context block of a command with that depth byte, its length byte included.
/// `None` if the length byte is not there yet. `behind`: what has come behind the fixed fields.
pub(super) fn size(depth: u8, behind: &[u8]) -> Option<usize> {
    if depth & FLAG == 0 {
        return Some(0);
    }
    behind.first().map(|length| usize::from(*length).saturating_add(1))
}

#[cfg(test)]
mod tests;
