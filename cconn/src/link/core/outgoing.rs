//! A frame that is about to be written.

use std::io::IoSlice;

use crate::copy;

/// A frame to be written, whose last bytes may be in a second buffer.
pub(crate) struct Outgoing<'m> {
    pub(crate) frame: &'m mut Vec<u8>,
    pub(crate) tail: &'m [u8],
}

impl<'m> Outgoing<'m> {
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.frame.len().saturating_add(self.tail.len())
    }

    /// The bytes after the first `written` ones, in one piece or two.
    pub(crate) fn rest(&self, written: usize) -> [IoSlice<'_>; 2] {
        let head = self.frame.get(written..).unwrap_or(&[]);
        let behind = written.saturating_sub(self.frame.len());
        [IoSlice::new(head), IoSlice::new(self.tail.get(behind..).unwrap_or(&[]))]
    }

    /// The whole frame, in one piece.
    pub(crate) fn gathered(self) -> &'m mut Vec<u8> {
        copy::append(self.frame, self.tail);
        self.frame
    }
}

impl<'m> From<&'m mut Vec<u8>> for Outgoing<'m> {
    fn from(frame: &'m mut Vec<u8>) -> Self {
        Outgoing { frame, tail: &[] }
    }
}
