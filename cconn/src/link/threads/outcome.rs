//! The frames of failures, and the texts that commands leave for them.

use crate::link::Link;
use crate::wire::{CallId, FailureCode, Fingerprints, Frame};

impl Link {
    /// Writes the failure of a call, or of a one-way message, of that command.
    pub(super) fn write_failure(
        &self,
        id: Option<CallId>,
        command: u64,
        (code, text): (FailureCode, &str),
        out: &mut Vec<u8>,
    ) {
        let accepted = match code {
            FailureCode::Signature => self.commands.accepted(command),
            _ => Vec::new(),
        };
        let bytes: Vec<u8> =
            accepted.iter().take(Fingerprints::MOST).flat_map(|one| one.to_le_bytes()).collect();
        let accepted = Fingerprints::new(&bytes).unwrap_or_default();
        Frame::Failure { id, command, code, accepted, text }.write(out, self.peer.features);
    }
}

/// The text that a command has appended to its frame.
pub(super) fn text_behind(frame: &[u8], header: usize) -> String {
    String::from_utf8_lossy(frame.get(header..).unwrap_or(&[])).into_owned()
}
