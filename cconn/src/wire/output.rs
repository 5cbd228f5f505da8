//! What a command leaves to be sent. Knows no frame.

/// What a command leaves to be sent.
#[derive(Debug, Default)]
pub struct Output {
    pub(crate) bytes: Vec<u8>,
    /// Stands behind `bytes`: a long payload, sent from where it is instead of being copied there.
    pub(crate) long: Vec<u8>,
}

impl Output {
    /// Forgets what was written behind that place.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
        self.long = Vec::new();
    }
}
