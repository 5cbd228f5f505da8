//! A command as the layer above runs it.

use std::cell::Cell;

use crate::body::Apart;
use crate::wire::{FailureCode, Output};

/// A command as it arrived.
pub(crate) struct Incoming<'a> {
    /// Hash of the command's name.
    pub(crate) command: u64,
    /// Fingerprint of the signature the sender knows; 0 where it was sent by name.
    pub(crate) fingerprint: u32,
    /// The encoded arguments, but for what stands apart.
    pub(crate) body: &'a [u8],
    /// A long byte string behind them that stands apart, to be taken.
    pub(crate) apart: Cell<Option<&'a mut Apart>>,
}

/// How a command ended; `out` then holds what is said of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// `out` gained the encoded answer.
    Answer,
    /// `out` gained the encoded error of the user's type.
    UserError,
    /// `out` gained a UTF-8 text for a person to read.
    Failure(FailureCode),
}

/// Runs commands, one after the other.
pub(crate) trait Runner {
    /// Runs one command and says how it ended.
    ///
    /// Called with no lock held. Never panics (the panic fence is inside), and appends to `out`
    /// without looking at what is there already.
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Output) -> Outcome;

    /// Told of a one-way message that failed here. Never panics.
    fn failed(&mut self, _incoming: &Incoming<'_>, _code: FailureCode, _text: &str) {}
}

#[cfg(any(test, model))]
impl<F: FnMut(&Incoming<'_>, &mut Vec<u8>) -> Outcome> Runner for F {
    fn run(&mut self, incoming: &Incoming<'_>, out: &mut Output) -> Outcome {
        self(incoming, &mut out.bytes)
    }
}
