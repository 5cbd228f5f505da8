//! A frame of this side, from its first byte to its tail.
//!
//! `Frame::write` writes a frame whose fields are all known; this type builds one in place, while
//! its body is encoded and before its id is known.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::context::{self, Context, ContextBlock};
use super::features::Features;
use super::frame::{CallId, NO_COMMAND};
use super::layout::{
    self, CALL_COMMAND_AT, CALL_ID_AT, DEPTH_AT, Field, KIND_AT, LENGTH_PREFIX, kind,
};

/// A frame that is being made or sent: what is sent is `bytes`, then the tail.
///
/// A command's frame is begun with its fields and its context block; then the body is appended to
/// `bytes`, or put in the tail; `finish` fills in the length. What is known last is set when the
/// frame is sent: `set_call_id`, `set_time_left`.
///
/// The tail is the last bytes of the frame, sent from where they are instead of being copied behind
/// `bytes`. A command borrows it from its message; an answer owns it (`Answering`).
#[derive(Debug, Default)]
pub struct Outgoing<T> {
    /// The frame from its first byte on. Its body is appended here.
    pub(crate) bytes: Vec<u8>,
    /// What follows `bytes`; empty if nothing does.
    pub(crate) tail: T,
    /// When the sender no longer waits, if the frame's context block has a place for the time left.
    pub(crate) until: Option<Instant>,
}

/// The frame of an answer, or none yet.
pub type Answering = Outgoing<Vec<u8>>;

/// The fields of a command that are known when its frame is begun.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'c> {
    pub(crate) depth: u8,
    pub(crate) command: u64,
    pub(crate) fingerprint: u32,
    /// What the command carries besides its arguments, and what its receiver understands of that.
    pub(crate) context: Option<(&'c Context<'c>, Features)>,
}

impl Start<'_> {
    /// The fields of a command that carries nothing besides its arguments.
    #[inline]
    pub(crate) fn plain(depth: u8, command: u64, fingerprint: u32) -> Self {
        Start { depth, command, fingerprint, context: None }
    }
}

impl Outgoing<&[u8]> {
    /// No frame yet, in a buffer that is empty.
    #[inline]
    pub(crate) fn in_buffer(buffer: Vec<u8>) -> Self {
        Outgoing { bytes: buffer, tail: &[], until: None }
    }

    /// The buffer, for the next frame.
    #[inline]
    pub(crate) fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }

    /// Begins a one-way message.
    #[inline]
    pub(crate) fn begin_one_way(&mut self, start: Start<'_>) {
        let Start { depth, command, fingerprint, .. } = start;
        self.begin(&layout::OneWay::head(kind::ONE_WAY, depth, command, fingerprint));
        self.tell(start);
    }

    /// Begins a call. Its id is set when it is sent.
    #[inline]
    pub(crate) fn begin_call(&mut self, start: Start<'_>) {
        let Start { depth, command, fingerprint, .. } = start;
        self.begin(&layout::Call::head(kind::CALL, depth, 0, command, fingerprint));
        self.tell(start);
    }

    /// Appends the context block, if there is one.
    #[inline]
    fn tell(&mut self, start: Start<'_>) {
        if let Some((context, peer)) = start.context {
            self.tell_context(context, peer);
        }
    }

    #[cold]
    fn tell_context(&mut self, context: &Context<'_>, peer: Features) {
        if context.write(peer, &mut self.bytes)
            && let Some(depth) = self.bytes.get_mut(DEPTH_AT)
        {
            *depth = context::flagged_depth(*depth);
        }
    }

    /// Fills in the id of a call.
    #[inline]
    pub(crate) fn set_call_id(&mut self, id: CallId) {
        id.0.put(&mut self.bytes, CALL_ID_AT);
    }

    /// Fills in the time that the sender still waits, if the context block has a place for it.
    pub(crate) fn set_time_left(&mut self, left: Duration) {
        let fixed = self.fixed();
        let has_block = self.bytes.get(DEPTH_AT).is_some_and(|depth| context::is_flagged(*depth));
        if let Some(block) = self.bytes.get_mut(fixed..).filter(|_| has_block) {
            context::set_time_left(block, left);
        }
    }

    /// Where the fixed fields end.
    #[inline]
    fn fixed(&self) -> usize {
        let is_one_way = self.bytes.get(KIND_AT) == Some(&kind::ONE_WAY);
        if is_one_way { layout::OneWay::SIZE } else { layout::Call::SIZE }
    }

    /// The bytes of a one-way message that count against the window: those behind the fixed fields,
    /// which are the context block and the body.
    #[inline]
    // [window.charge]
    pub(crate) fn charged_one_way(&self) -> usize {
        self.len().saturating_sub(layout::OneWay::SIZE)
    }

    /// The bytes of a call that count against the window, as for a one-way message.
    #[inline]
    pub(crate) fn charged_call(&self) -> usize {
        self.len().saturating_sub(layout::Call::SIZE)
    }

    /// The bytes of a call's arguments: its body without the context block.
    #[cfg(feature = "tracing")]
    pub(crate) fn arguments_of_call(&self) -> usize {
        let has_block = self.bytes.get(DEPTH_AT).is_some_and(|depth| context::is_flagged(*depth));
        let length = self.bytes.get(self.fixed()).filter(|_| has_block);
        let block = length.map_or(0, |length| usize::from(*length).saturating_add(1));
        self.charged_call().saturating_sub(block)
    }

    /// The first credit of the stream that a call expects; 0 if it expects none.
    #[inline]
    pub(crate) fn stream_of_call(&self) -> u32 {
        match self.bytes.get(DEPTH_AT) {
            Some(depth) if context::is_flagged(*depth) => self.stream_in_context(),
            _ => 0,
        }
    }

    #[cold]
    fn stream_in_context(&self) -> u32 {
        let block = self.bytes.get(self.fixed()..).and_then(<[u8]>::split_first);
        let block = block.and_then(|(length, rest)| rest.get(..usize::from(*length)));
        let block = block.and_then(|block| ContextBlock::parse(block).ok());
        block.and_then(|block| block.read().stream).map_or(0, NonZeroU32::get)
    }

    /// The hash of the command in a call.
    #[inline]
    pub(crate) fn command_of_call(&self) -> u64 {
        let field = self.bytes.get(CALL_COMMAND_AT..).and_then(<[u8]>::first_chunk);
        field.map_or(NO_COMMAND, |field| u64::from_le_bytes(*field))
    }
}

impl Answering {
    /// Begins the answer to a call.
    #[inline]
    pub(crate) fn begin_answer(&mut self, id: CallId) {
        self.begin(&layout::Outcome::head(kind::ANSWER, id.0));
    }

    /// Turns an answer into a user error: only their kinds differ.
    pub(crate) fn turn_into_user_error(&mut self) {
        kind::USER_ERROR.put(&mut self.bytes, KIND_AT);
    }
}

impl<T: AsRef<[u8]> + Default> Outgoing<T> {
    #[inline]
    fn begin(&mut self, head: &[u8]) {
        self.bytes.extend_from_slice(head);
    }

    /// Fills in the length, and returns it. If it does not fit 32 bits this returns `None`, and the
    /// frame must not be sent.
    #[inline]
    pub(crate) fn finish(&mut self) -> Option<u32> {
        let length = u32::try_from(self.len().checked_sub(LENGTH_PREFIX)?).ok()?;
        *self.bytes.first_chunk_mut()? = length.to_le_bytes();
        Some(length)
    }

    /// The bytes of the whole frame, length prefix included.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.bytes.len().saturating_add(self.tail.as_ref().len())
    }

    /// The whole frame: its bytes and its tail.
    #[inline]
    pub(crate) fn parts(&self) -> [&[u8]; 2] {
        [&self.bytes, self.tail.as_ref()]
    }

    /// Drops everything behind the first `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.tail = T::default();
    }
}
