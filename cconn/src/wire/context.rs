//! The context block: what a command carries besides its arguments.
//!
//! `Context` is the block as values, on both sides: a sender fills in what the command shall carry
//! and gives it to the frame when it is begun (`Start::context`); a receiver gets it from
//! `ContextBlock::read`. A frame holds a `ContextBlock`, the checked bytes.
//!
//! A tag that this side does not know yet takes five lines: its number in `tag`, its form in
//! `check`, its field in `Context`, and its lines in `Context::write` and `ContextBlock::read`. If
//! only some peers understand it, `write` asks the feature that declares it.

use std::num::{NonZeroU8, NonZeroU32};
use std::time::Duration;

use super::error::WireError;
use super::features::Features;
use super::reader::Reader;

/// The bit of a command's depth which says that a context block follows the fixed fields.
// [context.flag]
const FLAG: u8 = 0x80;

/// Deepest nesting that fits beside the flag.
// [depth.most]
pub(crate) const MAX_DEPTH: u8 = 127;

/// The most bytes of baggage in a block.
pub(crate) const MAX_BAGGAGE: usize = 128;

/// Bytes of a trace.
const TRACE_SIZE: usize = 25;

/// The tags that this side knows.
mod tag {
    /// How long the sender still waits for the answer, `u32` milliseconds.
    pub(super) const TIME_LEFT: u8 = 1;
    /// A trace: 16 bytes for its id, 8 for the id of the span, 1 for flags.
    pub(super) const TRACE: u8 = 2;
    /// Bytes that belong to the program, opaque here.
    pub(super) const BAGGAGE: u8 = 3;
    /// The sender expects a stream: its first credit, `u32`, not 0.
    pub(super) const STREAM: u8 = 4;
    /// The sender wants reports of progress.
    pub(super) const PROGRESS: u8 = 5;
    /// Room that the call pays for in advance, `u32`.
    pub(super) const PREPAID: u8 = 6;
    /// How many argument streams the sender feeds, `u8`, not 0.
    pub(super) const LANES: u8 = 7;
}

/// What a command carries besides its arguments; a field for each tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Context<'a> {
    /// How long the sender still waits, in milliseconds. A sender puts any number here: the right
    /// one is set when the frame is appended (`Outgoing::set_time_left`).
    pub(crate) time_left: Option<u32>,
    pub(crate) trace: Option<WireTrace>,
    /// At most `MAX_BAGGAGE` bytes; a sender leaves longer ones out.
    pub(crate) baggage: Option<&'a [u8]>,
    /// A stream is expected, with this first credit.
    pub(crate) stream: Option<NonZeroU32>,
    /// Reports of progress are wanted.
    pub(crate) progress: bool,
    /// Bytes of items that the call has paid for in advance.
    pub(crate) prepaid: Option<u32>,
    /// How many argument streams the sender feeds.
    pub(crate) lanes: Option<NonZeroU8>,
}

/// A trace as the W3C defines it. Neither id is all zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WireTrace {
    pub(crate) id: [u8; 16],
    pub(crate) span: [u8; 8],
    pub(crate) flags: u8,
}

impl WireTrace {
    /// The trace with these parts; `None` if an id is all zeros.
    // [context.trace]
    pub(crate) fn new(id: [u8; 16], span: [u8; 8], flags: u8) -> Option<Self> {
        (id != [0; 16] && span != [0; 8]).then_some(WireTrace { id, span, flags })
    }

    fn parse(data: &[u8]) -> Option<Self> {
        let (id, rest) = data.split_first_chunk()?;
        let (span, rest) = rest.split_first_chunk()?;
        WireTrace::new(*id, *span, *rest.first()?)
    }

    fn bytes(self) -> [u8; TRACE_SIZE] {
        let mut bytes = [0; TRACE_SIZE];
        let parts = self.id.iter().chain(&self.span).chain([&self.flags]);
        bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
        bytes
    }
}

impl Context<'_> {
    /// Appends the block with what a peer with these features understands, its length byte
    /// included. False if that is nothing: then nothing is appended.
    // [features.used] [context.block] [context.tags]
    pub(super) fn write(&self, peer: Features, out: &mut Vec<u8>) -> bool {
        if !peer.has(Features::CONTEXT) {
            return false;
        }
        let start = out.len();
        out.push(0);
        if let Some(left) = self.time_left {
            row(tag::TIME_LEFT, &left.to_le_bytes(), out);
        }
        if let Some(trace) = self.trace {
            row(tag::TRACE, &trace.bytes(), out);
        }
        if let Some(baggage) = self.baggage.filter(|baggage| baggage.len() <= MAX_BAGGAGE) {
            row(tag::BAGGAGE, baggage, out);
        }
        if let Some(credit) = self.stream.filter(|_| peer.has(Features::STREAMS)) {
            row(tag::STREAM, &credit.get().to_le_bytes(), out);
        }
        if self.progress && peer.has(Features::PROGRESS) {
            row(tag::PROGRESS, &[], out);
        }
        if let Some(prepaid) = self.prepaid.filter(|_| peer.has(Features::STREAMS)) {
            row(tag::PREPAID, &prepaid.to_le_bytes(), out);
        }
        if let Some(lanes) = self.lanes.filter(|_| peer.has(Features::STREAMS)) {
            row(tag::LANES, &[lanes.get()], out);
        }
        let length = out.len().saturating_sub(start).saturating_sub(1);
        if length == 0 {
            out.truncate(start);
            return false;
        }
        // All tags together take 190 bytes at most.
        if let (Some(place), Ok(length)) = (out.get_mut(start), u8::try_from(length)) {
            *place = length;
        }
        true
    }
}

/// Appends one record. Callers bound the data to 255 bytes.
fn row(tag: u8, data: &[u8], out: &mut Vec<u8>) {
    out.extend([tag, u8::try_from(data.len()).unwrap_or(u8::MAX)]);
    out.extend(data);
}

/// The records of a context block, checked for their form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ContextBlock<'a>(&'a [u8]);

impl<'a> ContextBlock<'a> {
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
        ContextBlock::parse(block)
    }

    /// Checks the records of a block.
    pub(crate) fn parse(block: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(block);
        let mut seen = 0_u8;
        while !reader.is_empty() {
            let (tag, data) = record(&mut reader).map_err(|_| WireError::ContextRoom)?;
            // [context.unknown]
            if !(tag::TIME_LEFT..=tag::LANES).contains(&tag) {
                continue;
            }
            check(tag, data)?;
            // [context.twice]
            if seen & 1 << tag != 0 {
                return Err(WireError::ContextTwice(tag));
            }
            seen |= 1 << tag;
        }
        Ok(ContextBlock(block))
    }

    /// The values of the block; unknown tags are skipped.
    pub(crate) fn read(self) -> Context<'a> {
        let mut context = Context::default();
        let mut reader = Reader::new(self.0);
        while let Ok((tag, data)) = record(&mut reader) {
            match tag {
                tag::TIME_LEFT => context.time_left = number(data),
                // [context.trace]
                tag::TRACE => context.trace = WireTrace::parse(data),
                tag::BAGGAGE => context.baggage = Some(data),
                tag::STREAM => context.stream = number(data).and_then(NonZeroU32::new),
                tag::PROGRESS => context.progress = true,
                tag::PREPAID => context.prepaid = number(data),
                tag::LANES => context.lanes = data.first().copied().and_then(NonZeroU8::new),
                _ => {}
            }
        }
        context
    }
}

fn number(data: &[u8]) -> Option<u32> {
    data.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn record<'a>(reader: &mut Reader<'a>) -> Result<(u8, &'a [u8]), WireError> {
    let (tag, length) = (reader.u8()?, reader.u8()?);
    Ok((tag, reader.bytes(length.into())?))
}

/// Checks the data of a record whose tag is known.
// [context.tags]
fn check(tag: u8, data: &[u8]) -> Result<(), WireError> {
    let (least, most) = match tag {
        tag::TIME_LEFT | tag::STREAM | tag::PREPAID => (4, 4),
        tag::TRACE => (TRACE_SIZE, TRACE_SIZE),
        tag::BAGGAGE => (0, MAX_BAGGAGE),
        tag::PROGRESS => (0, 0),
        tag::LANES => (1, 1),
        _ => return Ok(()),
    };
    if !(least..=most).contains(&data.len()) {
        let length = u8::try_from(data.len()).unwrap_or(u8::MAX);
        return Err(WireError::ContextLength { tag, length });
    }
    if matches!(tag, tag::STREAM | tag::LANES) && data.iter().all(|byte| *byte == 0) {
        return Err(WireError::ContextValue(tag));
    }
    Ok(())
}

/// The parts of a command behind its fixed fields, and the depth without the flag.
pub(super) struct Behind<'a> {
    pub(super) depth: u8,
    pub(super) context: Option<ContextBlock<'a>>,
    pub(super) body: &'a [u8],
}

/// Splits the depth byte of a command, and takes off the context block that the byte may announce.
#[inline]
pub(super) fn split(depth: u8, rest: &[u8], is_declared: bool) -> Result<Behind<'_>, WireError> {
    if is_flagged(depth) {
        flagged(depth, rest, is_declared)
    } else {
        Ok(Behind { depth, context: None, body: rest })
    }
}

#[cold]
fn flagged(depth: u8, rest: &[u8], is_declared: bool) -> Result<Behind<'_>, WireError> {
    // [context.undeclared]
    if !is_declared {
        return Err(WireError::ContextUndeclared);
    }
    let mut reader = Reader::new(rest);
    let context = Some(ContextBlock::take(&mut reader)?);
    Ok(Behind { depth: depth & !FLAG, context, body: reader.rest() })
}

/// Whether that depth byte announces a context block.
#[inline]
pub(super) fn is_flagged(depth: u8) -> bool {
    depth & FLAG != 0
}

/// The depth byte of a command with a context block.
pub(super) fn flagged_depth(depth: u8) -> u8 {
    depth | FLAG
}

/// The depth byte of a command, with the flag if there is a context block.
pub(super) fn depth_byte(depth: u8, context: Option<ContextBlock<'_>>) -> u8 {
    if context.is_some() { flagged_depth(depth) } else { depth & !FLAG }
}

/// Appends the block behind a command's fixed fields.
pub(super) fn write(context: Option<ContextBlock<'_>>, out: &mut Vec<u8>) {
    let Some(ContextBlock(block)) = context else { return };
    out.push(u8::try_from(block.len()).unwrap_or(u8::MAX));
    out.extend(block.iter().take(u8::MAX.into()));
}

/// The size of the context block of a command with that depth byte, its length byte included.
/// `None` if the length byte is not there yet. `behind`: what has come behind the fixed fields.
pub(super) fn size(depth: u8, behind: &[u8]) -> Option<usize> {
    if !is_flagged(depth) {
        return Some(0);
    }
    behind.first().map(|length| usize::from(*length).saturating_add(1))
}

/// Fills in the time left, if a block, of which `block` is the beginning, starts with it. A time
/// that 32 bits can't hold is cut.
// [context.time]
pub(super) fn set_time_left(block: &mut [u8], left: Duration) {
    if let [_, tag::TIME_LEFT, 4, place @ ..] = block
        && let Some(place) = place.first_chunk_mut()
    {
        // Rounded up: the receiver must not find the time over while the sender still waits.
        let left = left.as_micros().div_ceil(1000);
        *place = u32::try_from(left).unwrap_or(u32::MAX).to_le_bytes();
    }
}

#[cfg(test)]
mod tests;
