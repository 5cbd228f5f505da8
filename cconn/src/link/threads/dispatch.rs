//! A command as the layer above runs it.

use std::cell::Cell;

use super::channel::StreamChannel;
use crate::body::Apart;
use crate::wire::{Answering, FailureCode};

/// A command as it arrived.
pub(crate) struct Incoming<'a> {
    /// Hash of the command's name.
    pub(crate) command: u64,
    /// Fingerprint of the signature that the sender knows; 0 if the command was sent by name.
    pub(crate) fingerprint: u32,
    /// The encoded arguments, except a long byte string that is apart.
    pub(crate) body: &'a [u8],
    /// A long byte string that follows `body`, in a `Vec` of its own that may be taken.
    pub(crate) apart: Cell<Option<&'a mut Apart>>,
    /// The way to answer with a stream, if the caller expects one.
    pub(crate) stream: Option<&'a dyn ItemSink>,
}

/// Whether a stream has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opening {
    Open,
    /// The caller has given the call up: nothing is pulled.
    Cancelled,
    /// As many iterators are pulled, or channels open, as may be.
    Crowded {
        limit: usize,
    },
    /// The connection is being stopped, so that no channel's stream is opened any more.
    Stopping,
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// The item is on its way, and the next one may be pulled.
    Done,
    /// No further item is wanted, or none can be sent.
    Halted,
    /// The connection is being stopped: the stream ends.
    Stopping,
    /// The item is larger than the peer accepts.
    TooLarge { size: usize, limit: usize },
}

/// The way to answer one call with a stream.
pub(crate) trait ItemSink {
    /// Whether one more iterator may be pulled on this connection; else how many may be.
    fn has_room(&self) -> Result<(), usize>;

    /// Opens the stream: the command has returned its iterator, and its turn ends.
    fn open(&self) -> Opening;

    /// Opens the stream of a channel that the command has returned. The connection then sends the
    /// items by itself.
    fn attach(&self, channel: &StreamChannel) -> Opening;

    /// Sends an item, whose last bytes may be apart. Blocks while the receiver gives no credit, or
    /// the outbox has no room.
    fn put(&self, head: &[u8], long: Vec<u8>) -> Put;
}

impl Incoming<'_> {
    /// The size of the encoded arguments, in bytes, as long as what is apart was not taken.
    pub(crate) fn size(&self) -> usize {
        let apart = self.apart.take();
        let size = apart.as_ref().map_or(0, |apart| apart.len());
        self.apart.set(apart);
        self.body.len().saturating_add(size)
    }
}

/// How a command ended; its answer, error or text was appended to `out`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `out` gained the encoded answer.
    Answer,
    /// `out` gained the encoded error of the user's type.
    UserError,
    /// `out` gained a UTF-8 text for a person to read.
    Failure(FailureCode),
    /// `out` gained nothing: a promise answers later.
    Later,
}

/// Runs commands, one after the other.
pub(crate) trait Runner {
    /// Runs one command and returns how it ended.
    ///
    /// Called with no lock held. Never panics (the panic fence is inside), and appends to `out`
    /// without looking at what `out` already holds.
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome;

    /// Called if what a command has returned could not be sent: the caller gets this failure
    /// instead. Never panics.
    fn not_sent(&mut self, _incoming: &Incoming<'_>, _outcome: Outcome, _code: FailureCode) {}

    /// Called for a one-way message that failed here. Never panics.
    fn failed(&mut self, _incoming: &Incoming<'_>, _code: FailureCode, _text: &str) {}
}

#[cfg(any(test, model))]
impl<F: FnMut(&Incoming<'_>, &mut Vec<u8>) -> Outcome> Runner for F {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Answering) -> Outcome {
        self(incoming, &mut out.bytes)
    }
}
