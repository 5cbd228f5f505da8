//! What a connection asks of the layer above: run one command.

use std::any::Any;
use std::sync::Arc;

use super::{Lien, Notice};
use crate::wire::FailureCode;

/// A command as it arrived.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    /// Hash of the command's name.
    pub(crate) command: u64,
    /// Fingerprint of the signature the sender knows; 0 where it was sent by name.
    pub(crate) fingerprint: u32,
    /// The encoded arguments.
    pub(crate) body: &'a [u8],
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

/// Runs commands: implemented by the registry above.
///
/// `run` is called with no lock held, never panics (the panic fence is inside), and appends to
/// `out` without looking at what is there already.
pub(crate) trait Dispatch: Any + Send + Sync {
    /// Runs one command and says how it ended.
    fn run(&self, lien: &Arc<Lien>, incoming: &Incoming<'_>, out: &mut Vec<u8>) -> Outcome;

    /// Runs the program's hook for a one-way message of ours that failed at the peer.
    fn notice(&self, lien: &Arc<Lien>, notice: &Notice);

    /// Told once, when the connection has ended; must not block.
    fn ended(&self, _lien: &Arc<Lien>) {}

    /// Whether that command may run beside others of its connection.
    fn is_parallel(&self, command: u64) -> bool;
}
