//! Frames: a length prefix, a kind, that kind's fixed fields, and a body.
//!
//! `parse` and `Frame::write` are a pair: what one reads, the other writes.

mod about_call;
mod build;
#[cfg(test)]
mod tests;

pub(crate) use about_call::Standing;
pub(crate) use build::{
    PADDING, PADDING_CLASS, blank_call, write_adieu, write_cancel, write_credit, write_failure,
    write_grant, write_padding, write_retrait,
};

use super::codes::{EndReason, FailureCode};
use super::context::{self, Behind, ContextBlock};
use super::error::WireError;
use super::features::Features;
use super::layout::{self, LENGTH_PREFIX, kind};
use super::reader::Reader;
use super::stream::StreamEnd;
use super::text::shorten;

/// The smallest limit that a side may announce: room for every control frame with its text.
// [frame.smallest-limit]
pub(crate) const MIN_FRAME_LIMIT: u32 = 1024;

/// The longest text in a failure or goodbye, bytes; it fits `MIN_FRAME_LIMIT`.
// [text.bound]
pub(crate) const MAX_TEXT: usize = 900;

/// The hash that no command has.
// [command.no-hash]
pub(crate) const NO_COMMAND: u64 = 0;

/// Names one call among all calls of its sender on one connection. Never 0, never used twice.
// [call.id]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct CallId(pub(crate) u64);

/// The fingerprints that a command is accepted with, as they are sent: at most 8, of 4 bytes each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprints<'a>(&'a [u8]);

/// A frame without its length prefix; bodies and texts are borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    OneWay {
        depth: u8,
        command: u64,
        fingerprint: u32,
        context: Option<ContextBlock<'a>>,
        body: &'a [u8],
    },
    Call {
        depth: u8,
        id: CallId,
        command: u64,
        fingerprint: u32,
        context: Option<ContextBlock<'a>>,
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
    Failure {
        /// `None` for a failed one-way message.
        id: Option<CallId>,
        command: u64,
        code: FailureCode,
        /// Empty unless `code` is `FailureCode::Signature`.
        accepted: Fingerprints<'a>,
        text: &'a str,
    },
    Cancel {
        id: CallId,
    },
    Grant {
        class: u8,
        bytes: u64,
    },
    /// Items of a stream.
    Items {
        id: CallId,
        lane: u8,
        /// In a lane's first frame one byte of flags, then the items.
        rest: &'a [u8],
    },
    /// The end of a stream.
    End {
        id: CallId,
        lane: u8,
        how: StreamEnd<'a>,
    },
    /// Credit for a stream.
    Credit {
        id: CallId,
        lane: u8,
        /// 0 stops the stream.
        bytes: u32,
    },
    /// Where is that call? It was made by the sender of this frame.
    Question {
        id: CallId,
    },
    /// Where a call is; it was made by the receiver of this frame.
    Standing {
        id: CallId,
        standing: Standing,
    },
    /// How far a call has come; it was made by the receiver of this frame.
    Progress {
        id: CallId,
        done: u64,
        /// 0 if it is not known.
        total: u64,
        text: &'a str,
    },
    Retrait,
    Adieu {
        reason: EndReason,
        text: &'a str,
    },
}

/// Where the body begins in a frame that has not arrived completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyAt {
    /// The number of bytes between the length prefix and the body.
    At(usize),
    /// Too little of the frame has arrived to know.
    Undecided,
    /// A frame of that kind has no body.
    None,
}

/// The length that a prefix announces; `None` until four bytes have come.
#[inline]
pub(crate) fn frame_length(bytes: &[u8]) -> Option<u32> {
    bytes.first_chunk().map(|prefix| u32::from_le_bytes(*prefix))
}

/// Where the body begins in a frame of which `frame` is the first part, length prefix included.
pub(crate) fn body_at(frame: &[u8]) -> BodyAt {
    let Some(kind) = frame.get(layout::KIND_AT) else { return BodyAt::Undecided };
    let (fixed, has_depth) = match *kind {
        kind::ONE_WAY => (layout::OneWay::SIZE, true),
        kind::CALL => (layout::Call::SIZE, true),
        kind::ANSWER | kind::USER_ERROR => (layout::Outcome::SIZE, false),
        _ => return BodyAt::None,
    };
    let context = match (has_depth, frame.get(layout::DEPTH_AT)) {
        (false, _) => Some(0),
        (true, None) => None,
        (true, Some(depth)) => context::size(*depth, frame.get(fixed..).unwrap_or(&[])),
    };
    match context {
        Some(size) => BodyAt::At(fixed.saturating_sub(LENGTH_PREFIX).saturating_add(size)),
        None => BodyAt::Undecided,
    }
}

/// Reads a whole frame, without its length prefix. `incoming`: the features that the frame may use.
#[inline]
pub(crate) fn parse(frame: &[u8], incoming: Features) -> Result<Frame<'_>, WireError> {
    let mut reader = Reader::new(frame);
    match reader.u8()? {
        kind::ONE_WAY => {
            let head = layout::OneWay::read(&mut reader)?;
            let (command, fingerprint) = (head.command, head.fingerprint);
            let declared = incoming.has(Features::CONTEXT);
            let Behind { depth, context, body } =
                context::split(head.depth, reader.rest(), declared)?;
            Ok(Frame::OneWay { depth, command, fingerprint, context, body })
        }
        kind::CALL => {
            let head = layout::Call::read(&mut reader)?;
            let id = call_id(head.id)?;
            let (command, fingerprint) = (head.command, head.fingerprint);
            let declared = incoming.has(Features::CONTEXT);
            let Behind { depth, context, body } =
                context::split(head.depth, reader.rest(), declared)?;
            Ok(Frame::Call { depth, id, command, fingerprint, context, body })
        }
        kind::ANSWER => {
            let id = call_id(layout::Outcome::read(&mut reader)?.id)?;
            Ok(Frame::Answer { id, body: reader.rest() })
        }
        kind::USER_ERROR => {
            let id = call_id(layout::Outcome::read(&mut reader)?.id)?;
            Ok(Frame::UserError { id, body: reader.rest() })
        }
        kind => parse_control(kind, reader, incoming),
    }
}

#[inline(never)]
fn parse_control(
    kind: u8,
    mut reader: Reader<'_>,
    incoming: Features,
) -> Result<Frame<'_>, WireError> {
    match kind {
        kind::FAILURE => {
            let head = layout::Failure::read(&mut reader)?;
            let code = FailureCode::parse(head.code);
            let listed = code == FailureCode::Signature && incoming.has(Features::FINGERPRINTS);
            let accepted = if listed { fingerprints(&mut reader)? } else { Fingerprints(&[]) };
            let id = (head.id != 0).then_some(CallId(head.id));
            let (command, text) = (head.command, reader.text()?);
            Ok(Frame::Failure { id, command, code, accepted, text })
        }
        kind::CANCEL => {
            let id = call_id(layout::Cancel::read(&mut reader)?.id)?;
            reader.end()?;
            Ok(Frame::Cancel { id })
        }
        kind::GRANT => {
            let layout::Grant { class, bytes, .. } = layout::Grant::read(&mut reader)?;
            reader.end()?;
            Ok(Frame::Grant { class, bytes })
        }
        // [features.streams]
        kind::ITEMS..=kind::CREDIT if !incoming.has(Features::STREAMS) => {
            Err(WireError::Kind(kind))
        }
        kind::ITEMS => {
            let head = layout::Items::read(&mut reader)?;
            Ok(Frame::Items { id: call_id(head.id)?, lane: head.lane, rest: reader.rest() })
        }
        kind::END => {
            let head = layout::End::read(&mut reader)?;
            let (id, lane) = (call_id(head.id)?, head.lane);
            Ok(Frame::End { id, lane, how: StreamEnd::parse(head.how, reader)? })
        }
        kind::CREDIT => {
            let head = layout::Credit::read(&mut reader)?;
            reader.end()?;
            Ok(Frame::Credit { id: call_id(head.id)?, lane: head.lane, bytes: head.bytes })
        }
        kind::QUESTION | kind::STANDING | kind::PROGRESS => about_call::parse(kind, reader),
        kind::RETRAIT => {
            layout::Retrait::read(&mut reader)?;
            reader.end()?;
            Ok(Frame::Retrait)
        }
        kind::ADIEU => {
            let reason = EndReason::from_number(layout::Adieu::read(&mut reader)?.reason);
            Ok(Frame::Adieu { reason, text: reader.text()? })
        }
        // [frame.unknown-kind]
        unknown => Err(WireError::Kind(unknown)),
    }
}

// [call.id-zero]
#[inline]
fn call_id(id: u64) -> Result<CallId, WireError> {
    if id == 0 { Err(WireError::CallId) } else { Ok(CallId(id)) }
}

// [failure.fingerprints]
fn fingerprints<'a>(reader: &mut Reader<'a>) -> Result<Fingerprints<'a>, WireError> {
    let count = reader.u8()?;
    let bytes = reader.bytes(usize::from(count).saturating_mul(4))?;
    Fingerprints::new(bytes).ok_or(WireError::Fingerprints(count))
}

impl<'a> Fingerprints<'a> {
    /// The largest number of fingerprints in a list: a command rarely has more forms.
    pub(crate) const MOST: usize = 8;

    /// The list in these bytes; `None` if they are no whole fingerprints, or too many.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let most = Self::MOST.saturating_mul(4);
        (bytes.len().is_multiple_of(4) && bytes.len() <= most).then_some(Fingerprints(bytes))
    }

    /// The fingerprints as numbers.
    pub(crate) fn to_vec(self) -> Box<[u32]> {
        let (chunks, _) = self.0.as_chunks();
        chunks.iter().map(|bytes| u32::from_le_bytes(*bytes)).collect()
    }

    fn write(self, out: &mut Vec<u8>) {
        out.push(u8::try_from(self.0.len() / 4).unwrap_or(u8::MAX));
        out.extend(self.0);
    }
}

fn write_outcome(kind: u8, id: CallId, body: &[u8], out: &mut Vec<u8>) {
    out.extend(layout::Outcome::head(kind, id.0));
    out.extend(body);
}

impl Frame<'_> {
    /// Appends the frame, with its length prefix, in the form for a peer with `features`.
    ///
    /// Returns the frame's length. If that does not fit 32 bits it returns `None`, and the frame
    /// must not be sent.
    pub(crate) fn write(&self, out: &mut Vec<u8>, features: Features) -> Option<u32> {
        let start = out.len();
        match *self {
            Frame::OneWay { depth, command, fingerprint, context, body } => {
                let depth = context::depth_byte(depth, context);
                out.extend(layout::OneWay::head(kind::ONE_WAY, depth, command, fingerprint));
                context::write(context, out);
                out.extend(body);
            }
            Frame::Call { depth, id, command, fingerprint, context, body } => {
                let depth = context::depth_byte(depth, context);
                out.extend(layout::Call::head(kind::CALL, depth, id.0, command, fingerprint));
                context::write(context, out);
                out.extend(body);
            }
            Frame::Answer { id, body } => write_outcome(kind::ANSWER, id, body, out),
            Frame::UserError { id, body } => write_outcome(kind::USER_ERROR, id, body, out),
            Frame::Failure { id, command, code, accepted, text } => {
                let (id, number) = (id.map_or(0, |id| id.0), code.number_for(features));
                out.extend(layout::Failure::head(kind::FAILURE, id, command, number));
                if code == FailureCode::Signature && features.has(Features::FINGERPRINTS) {
                    accepted.write(out);
                }
                out.extend(shorten(text, MAX_TEXT).as_bytes());
            }
            Frame::Cancel { id } => out.extend(layout::Cancel::head(kind::CANCEL, id.0)),
            Frame::Grant { class, bytes } => {
                out.extend(layout::Grant::head(kind::GRANT, class, bytes));
            }
            Frame::Items { id, lane, rest } => {
                out.extend(layout::Items::head(kind::ITEMS, id.0, lane));
                out.extend(rest);
            }
            Frame::End { id, lane, how } => how.write(id, lane, features, out),
            Frame::Credit { id, lane, bytes } => {
                out.extend(layout::Credit::head(kind::CREDIT, id.0, lane, bytes));
            }
            Frame::Question { id } => out.extend(layout::Question::head(kind::QUESTION, id.0)),
            Frame::Standing { id, standing } => standing.write(id, out),
            Frame::Progress { id, done, total, text } => {
                out.extend(layout::Progress::head(kind::PROGRESS, id.0, done, total));
                out.extend(shorten(text, MAX_TEXT).as_bytes());
            }
            Frame::Retrait => out.extend(layout::Retrait::head(kind::RETRAIT)),
            Frame::Adieu { reason, text } => {
                out.extend(layout::Adieu::head(kind::ADIEU, reason.number()));
                out.extend(shorten(text, MAX_TEXT).as_bytes());
            }
        }
        put_length(out.get_mut(start..)?)
    }
}

/// Fills in the length of a whole frame, and returns it; `None` if it does not fit 32 bits.
fn put_length(frame: &mut [u8]) -> Option<u32> {
    let length = u32::try_from(frame.len().checked_sub(LENGTH_PREFIX)?).ok()?;
    *frame.first_chunk_mut()? = length.to_le_bytes();
    Some(length)
}
