//! Builds frames in place: they are begun before their body and their id are known.

use super::super::codes::{EndReason, FailureCode};
use super::super::features::Features;
use super::super::layout::{
    self, CALL_COMMAND_AT, CALL_ID_AT, Field, KIND_AT, LENGTH_PREFIX, kind,
};
use super::{CallId, Fingerprints, Frame, NO_COMMAND};

/// Where a frame that is being written starts; `finish_with` fills in its length.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub(crate) struct FrameStart(usize);

impl FrameStart {
    /// The start of a frame that is appended to `out`.
    #[inline]
    pub(super) fn at(out: &[u8]) -> Self {
        FrameStart(out.len())
    }
}

#[inline]
pub(crate) fn begin_one_way(out: &mut Vec<u8>, depth: u8, command: u64, fp: u32) -> FrameStart {
    begin(out, &layout::OneWay::head(kind::ONE_WAY, depth, command, fp))
}

/// Begins a call without its id, which `patch_call_id` fills in when it is known.
#[inline]
pub(crate) fn begin_call(out: &mut Vec<u8>, depth: u8, command: u64, fp: u32) -> FrameStart {
    begin(out, &layout::Call::head(kind::CALL, depth, 0, command, fp))
}

#[inline]
pub(crate) fn begin_answer(out: &mut Vec<u8>, id: CallId) -> FrameStart {
    begin(out, &layout::Outcome::head(kind::ANSWER, id.0))
}

#[inline]
fn begin(out: &mut Vec<u8>, head: &[u8]) -> FrameStart {
    let start = FrameStart::at(out);
    out.extend_from_slice(head);
    start
}

/// The hash of the command in a call whose frame starts at the front of `frame`.
#[inline]
pub(crate) fn command_of_call(frame: &[u8]) -> u64 {
    let field = frame.get(CALL_COMMAND_AT..).and_then(<[u8]>::first_chunk);
    field.map_or(NO_COMMAND, |field| u64::from_le_bytes(*field))
}

/// Turns a call that was given up before a byte of it left into a call of a command that no peer
/// knows. False if the call is not at the front of `bytes`.
// [cancel.unsent]
pub(crate) fn blank_call(bytes: &mut [u8], id: CallId) -> bool {
    let is_it = bytes.get(KIND_AT) == Some(&kind::CALL)
        && bytes.get(CALL_ID_AT..).and_then(<[u8]>::first_chunk) == Some(&id.0.to_le_bytes());
    let field = bytes.get_mut(CALL_COMMAND_AT..).and_then(<[u8]>::first_chunk_mut);
    let Some(field) = field.filter(|_| is_it) else { return false };
    *field = NO_COMMAND.to_le_bytes();
    true
}

/// Fills in the id of a call whose frame starts at the front of `frame`.
#[inline]
pub(crate) fn patch_call_id(frame: &mut [u8], id: CallId) {
    id.0.put(frame, CALL_ID_AT);
}

/// Turns an answer's frame, which starts at the front of `frame`, into that of a user error: only
/// their kinds differ.
pub(crate) fn turn_into_user_error(frame: &mut [u8]) {
    kind::USER_ERROR.put(frame, KIND_AT);
}

/// Fills in the length of a frame of which `out` holds all but the last `tail` bytes.
///
/// Returns the length. If it does not fit 32 bits it returns `None` and fills nothing in.
#[inline]
pub(crate) fn finish_with(out: &mut [u8], start: FrameStart, tail: usize) -> Option<u32> {
    let frame = out.get_mut(start.0..)?;
    let length = frame.len().checked_sub(LENGTH_PREFIX)?.checked_add(tail)?;
    let length = u32::try_from(length).ok()?;
    *frame.first_chunk_mut()? = length.to_le_bytes();
    Some(length)
}

// A control frame's length always fits, so the results below are not checked.

pub(crate) fn write_failure(
    out: &mut Vec<u8>,
    features: Features,
    id: Option<CallId>,
    command: u64,
    code: FailureCode,
    text: &str,
) {
    let accepted = Fingerprints::default();
    Frame::Failure { id, command, code, accepted, text }.write(out, features);
}

pub(crate) fn write_cancel(out: &mut Vec<u8>, id: CallId) {
    Frame::Cancel { id }.write(out, Features::NONE);
}

pub(crate) fn write_grant(out: &mut Vec<u8>, class: u8, bytes: u64) {
    Frame::Grant { class, bytes }.write(out, Features::NONE);
}

pub(crate) fn write_retrait(out: &mut Vec<u8>) {
    Frame::Retrait.write(out, Features::NONE);
}

pub(crate) fn write_adieu(out: &mut Vec<u8>, reason: EndReason, text: &str) {
    Frame::Adieu { reason, text }.write(out, Features::NONE);
}
