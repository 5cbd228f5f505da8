//! The bytes that a command leaves to be sent. This file knows no frame.

/// The bytes that a command leaves to be sent: `bytes`, then `long`.
#[derive(Debug, Default)]
pub struct Output {
    pub(crate) bytes: Vec<u8>,
    /// A long payload, sent from its own buffer instead of being copied behind `bytes`.
    pub(crate) long: Vec<u8>,
}

impl Output {
    /// Drops everything behind the first `length` bytes.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.long = Vec::new();
    }
}
