//! Frames: a length prefix, a kind, that kind's fixed fields, and a body.

#[cfg(test)]
mod tests;

use thiserror::Error;

use super::codes::{EndReason, FailureCode};
use super::reader::Reader;
use super::text::shorten;

/// Bytes of the length prefix, which does not count itself.
pub(crate) const LENGTH_PREFIX: usize = 4;

/// Bytes of a call's frame before its body, length prefix included.
pub(crate) const CALL_HEADER: usize = 26;

/// Smallest limit a side may announce: room for every control frame with its text.
pub(crate) const MIN_FRAME_LIMIT: u32 = 1024;

/// Longest text in a failure or goodbye, bytes; fits `MIN_FRAME_LIMIT`.
pub(crate) const MAX_TEXT: usize = 900;

/// Where a call's id stands, counted from the start of its frame.
const CALL_ID_AT: usize = 6;

/// Offset of a call's command in its frame, length prefix included.
const CALL_COMMAND_AT: usize = 14;

/// Offset of a frame's kind, length prefix included.
const KIND_AT: usize = 4;

/// The hash of no command.
pub(crate) const NO_COMMAND: u64 = 0;

const ONE_WAY: u8 = 1;
const CALL: u8 = 2;
const ANSWER: u8 = 3;
const USER_ERROR: u8 = 4;
const FAILURE: u8 = 5;
const CANCEL: u8 = 6;
const GRANT: u8 = 7;
// 8, 9 and 10 are kept for the items, ends and credits of streams.
const RETRAIT: u8 = 11;
const ADIEU: u8 = 12;

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
    #[error("a frame ends before its fields do")]
    Truncated,
    #[error("a control frame holds more than its fields")]
    Leftover,
    #[error("a text is not UTF-8")]
    Text,
    #[error("frame kind {0} is unknown")]
    Kind(u8),
    #[error("code {0} is unknown")]
    Code(u16),
    #[error("a call has the id 0")]
    CallId,
}

/// Names one call among those of its sender on one connection. Never 0, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallId(pub(crate) u64);

/// A frame as received, without its length prefix; bodies and texts borrow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    OneWay {
        depth: u8,
        command: u64,
        fingerprint: u32,
        body: &'a [u8],
    },
    Call {
        depth: u8,
        id: CallId,
        command: u64,
        fingerprint: u32,
        body: &'a [u8],
    },
    Answer {
        id: CallId,
        body: &'a [u8],
    },
    UserError {
        id: CallId,
        body: &'a [u8],
    },
    /// `id` is `None` for a failed one-way message.
    Failure {
        id: Option<CallId>,
        command: u64,
        code: FailureCode,
        text: &'a str,
    },
    Cancel {
        id: CallId,
    },
    Grant {
        class: u8,
        bytes: u64,
    },
    Retrait,
    Adieu {
        reason: EndReason,
        text: &'a str,
    },
}

/// The length that a prefix announces, once four bytes are there.
#[inline]
pub(crate) fn frame_length(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|prefix| u32::from_le_bytes(*prefix))
}

/// Where the body of a frame of that kind begins, behind the length prefix.
pub(crate) fn body_at(kind: u8) -> Option<usize> {
    match kind {
        ONE_WAY => Some(14),
        CALL => Some(CALL_HEADER.saturating_sub(LENGTH_PREFIX)),
        ANSWER | USER_ERROR => Some(9),
        _ => None,
    }
}

/// Reads a whole frame, without its length prefix.
#[inline]
pub(crate) fn parse(frame: &[u8]) -> Result<Frame<'_>, WireError> {
    let mut reader = Reader::new(frame);
    match reader.u8()? {
        ONE_WAY => Ok(Frame::OneWay {
            depth: reader.u8()?,
            command: reader.u64()?,
            fingerprint: reader.u32()?,
            body: reader.rest(),
        }),
        CALL => Ok(Frame::Call {
            depth: reader.u8()?,
            id: call_id(&mut reader)?,
            command: reader.u64()?,
            fingerprint: reader.u32()?,
            body: reader.rest(),
        }),
        ANSWER => Ok(Frame::Answer { id: call_id(&mut reader)?, body: reader.rest() }),
        USER_ERROR => Ok(Frame::UserError { id: call_id(&mut reader)?, body: reader.rest() }),
        kind => parse_control(kind, reader),
    }
}

fn parse_control(kind: u8, mut reader: Reader<'_>) -> Result<Frame<'_>, WireError> {
    match kind {
        FAILURE => {
            let id = reader.u64()?;
            let command = reader.u64()?;
            let number = reader.u16()?;
            let code = FailureCode::from_number(number).ok_or(WireError::Code(number))?;
            let id = (id != 0).then_some(CallId(id));
            Ok(Frame::Failure { id, command, code, text: reader.text()? })
        }
        CANCEL => {
            let id = call_id(&mut reader)?;
            reader.end()?;
            Ok(Frame::Cancel { id })
        }
        GRANT => {
            let (class, bytes) = (reader.u8()?, reader.u64()?);
            reader.end()?;
            Ok(Frame::Grant { class, bytes })
        }
        RETRAIT => reader.end().map(|()| Frame::Retrait),
        ADIEU => {
            let number = reader.u16()?;
            let reason = EndReason::from_number(number).ok_or(WireError::Code(number))?;
            Ok(Frame::Adieu { reason, text: reader.text()? })
        }
        unknown => Err(WireError::Kind(unknown)),
    }
}

#[inline]
fn call_id(reader: &mut Reader<'_>) -> Result<CallId, WireError> {
    match reader.u64()? {
        0 => Err(WireError::CallId),
        id => Ok(CallId(id)),
    }
}

/// Where a frame that is being written starts; `finish` fills in its length.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct FrameStart(usize);

/// The first bytes of a frame, appended in one go: its length, still 0, its kind and its fields.
struct Head<const N: usize>([u8; N]);

impl<const N: usize> Head<N> {
    #[inline]
    fn new(kind: u8) -> Self {
        let mut head = Head([0; N]);
        head.put(LENGTH_PREFIX, [kind]);
        head
    }

    /// Fills a field in.
    #[inline]
    fn put<const M: usize>(&mut self, at: usize, field: [u8; M]) -> &mut Self {
        if let Some(place) = self.0.get_mut(at..).and_then(<[u8]>::first_chunk_mut) {
            *place = field;
        }
        self
    }
}

fn begin(out: &mut Vec<u8>, kind: u8) -> FrameStart {
    let start = FrameStart(out.len());
    out.extend([0, 0, 0, 0, kind]);
    start
}

#[inline]
pub(crate) fn begin_one_way(out: &mut Vec<u8>, depth: u8, command: u64, fp: u32) -> FrameStart {
    let start = FrameStart(out.len());
    let mut head = Head::<18>::new(ONE_WAY);
    head.put(5, [depth]).put(6, command.to_le_bytes()).put(14, fp.to_le_bytes());
    out.extend_from_slice(&head.0);
    start
}

/// Begins a call without its id, which `patch_call_id` fills in when it is known.
#[inline]
pub(crate) fn begin_call(out: &mut Vec<u8>, depth: u8, command: u64, fp: u32) -> FrameStart {
    let start = FrameStart(out.len());
    let mut head = Head::<CALL_HEADER>::new(CALL);
    head.put(5, [depth]).put(14, command.to_le_bytes()).put(22, fp.to_le_bytes());
    out.extend_from_slice(&head.0);
    start
}

/// The command's hash of a call whose frame starts at the front of `frame`.
#[inline]
pub(crate) fn command_of_call(frame: &[u8]) -> u64 {
    let field = frame.get(CALL_COMMAND_AT..).and_then(<[u8]>::first_chunk);
    field.map_or(NO_COMMAND, |field| u64::from_le_bytes(*field))
}

/// Turns a call that was given up before a byte of it left into one that no peer knows; says
/// whether the call stands at the front of `bytes`.
pub(crate) fn blank_call(bytes: &mut [u8], id: CallId) -> bool {
    let is_it = bytes.get(KIND_AT) == Some(&CALL)
        && bytes.get(CALL_ID_AT..).and_then(<[u8]>::first_chunk) == Some(&id.0.to_le_bytes());
    let field = bytes.get_mut(CALL_COMMAND_AT..).and_then(<[u8]>::first_chunk_mut);
    let Some(field) = field.filter(|_| is_it) else { return false };
    *field = NO_COMMAND.to_le_bytes();
    true
}

/// Fills in the id of a call whose frame starts at the front of `frame`.
#[inline]
pub(crate) fn patch_call_id(frame: &mut [u8], id: CallId) {
    if let Some(field) = frame.get_mut(CALL_ID_AT..).and_then(<[u8]>::first_chunk_mut) {
        *field = id.0.to_le_bytes();
    }
}

#[inline]
pub(crate) fn begin_answer(out: &mut Vec<u8>, id: CallId) -> FrameStart {
    let start = FrameStart(out.len());
    let mut head = Head::<13>::new(ANSWER);
    head.put(5, id.0.to_le_bytes());
    out.extend_from_slice(&head.0);
    start
}

/// Makes an answer's frame, which starts at the front of `frame`, a user error's: the two differ
/// in their kind only.
pub(crate) fn turn_into_user_error(frame: &mut [u8]) {
    if let Some(kind) = frame.get_mut(LENGTH_PREFIX) {
        *kind = USER_ERROR;
    }
}

/// Fills in the length of a frame that ends where `out` ends.
///
/// Returns the length, or `None` (nothing filled in) where it does not fit 32 bits.
#[inline]
pub(crate) fn finish(out: &mut [u8], start: FrameStart) -> Option<u32> {
    finish_with(out, start, 0)
}

/// The same, of a frame whose last bytes, that many, stand elsewhere.
#[inline]
pub(crate) fn finish_with(out: &mut [u8], start: FrameStart, tail: usize) -> Option<u32> {
    let frame = out.get_mut(start.0..)?;
    let length = frame.len().checked_sub(LENGTH_PREFIX)?.checked_add(tail)?;
    let length = u32::try_from(length).ok()?;
    *frame.first_chunk_mut()? = length.to_le_bytes();
    Some(length)
}

pub(crate) fn write_failure(
    out: &mut Vec<u8>,
    id: Option<CallId>,
    command: u64,
    code: FailureCode,
    text: &str,
) {
    let start = begin(out, FAILURE);
    out.extend(id.map_or(0, |id| id.0).to_le_bytes());
    out.extend(command.to_le_bytes());
    out.extend(code.number().to_le_bytes());
    out.extend(shorten(text, MAX_TEXT).as_bytes());
    finish(out, start);
}

pub(crate) fn write_cancel(out: &mut Vec<u8>, id: CallId) {
    let start = begin(out, CANCEL);
    out.extend(id.0.to_le_bytes());
    finish(out, start);
}

pub(crate) fn write_grant(out: &mut Vec<u8>, class: u8, bytes: u64) {
    let start = begin(out, GRANT);
    out.push(class);
    out.extend(bytes.to_le_bytes());
    finish(out, start);
}

pub(crate) fn write_retrait(out: &mut Vec<u8>) {
    let start = begin(out, RETRAIT);
    finish(out, start);
}

pub(crate) fn write_adieu(out: &mut Vec<u8>, reason: EndReason, text: &str) {
    let start = begin(out, ADIEU);
    out.extend(reason.number().to_le_bytes());
    out.extend(shorten(text, MAX_TEXT).as_bytes());
    finish(out, start);
}
