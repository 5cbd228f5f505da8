//! Frames that the core writes by itself, and a call made void in place.

use super::super::codes::{EndReason, FailureCode};
use super::super::features::Features;
use super::super::layout::{CALL_COMMAND_AT, CALL_ID_AT, GRANT_CLASS_AT, Grant, KIND_AT, kind};
use super::{CallId, Fingerprints, Frame, NO_COMMAND};

/// The class of grants that are paddings.
// [grant.padding]
pub(crate) const PADDING_CLASS: u8 = 255;

/// Size in bytes of a padding.
pub(crate) const PADDING: usize = Grant::SIZE;

/// Writes a padding: a frame that every receiver ignores.
pub(crate) fn write_padding(out: &mut Vec<u8>) {
    write_grant(out, PADDING_CLASS, 0);
}

/// The frame that follows the paddings at the front of `bytes`.
fn behind_paddings(mut bytes: &mut [u8]) -> &mut [u8] {
    let is_padding = |bytes: &[u8]| {
        bytes.get(KIND_AT) == Some(&kind::GRANT)
            && bytes.get(GRANT_CLASS_AT) == Some(&PADDING_CLASS)
    };
    while is_padding(bytes) {
        bytes = bytes.get_mut(PADDING..).unwrap_or(&mut []);
    }
    bytes
}

/// Turns a call that was given up before a byte of it left into a call of a command that no peer
/// knows. False if the call is not at the front of `bytes`, behind its paddings.
// [cancel.unsent]
pub(crate) fn blank_call(bytes: &mut [u8], id: CallId) -> bool {
    let bytes = behind_paddings(bytes);
    let is_it = bytes.get(KIND_AT) == Some(&kind::CALL)
        && bytes.get(CALL_ID_AT..).and_then(<[u8]>::first_chunk) == Some(&id.0.to_le_bytes());
    let field = bytes.get_mut(CALL_COMMAND_AT..).and_then(<[u8]>::first_chunk_mut);
    let Some(field) = field.filter(|_| is_it) else { return false };
    *field = NO_COMMAND.to_le_bytes();
    true
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

/// Credit of 0 is a stop.
pub(crate) fn write_credit(out: &mut Vec<u8>, id: CallId, lane: u8, bytes: u32) {
    Frame::Credit { id, lane, bytes }.write(out, Features::NONE);
}

pub(crate) fn write_retrait(out: &mut Vec<u8>) {
    Frame::Retrait.write(out, Features::NONE);
}

pub(crate) fn write_adieu(out: &mut Vec<u8>, reason: EndReason, text: &str) {
    Frame::Adieu { reason, text }.write(out, Features::NONE);
}
