//! What one body may ask of its reader, whatever its bytes say.
//!
//! The lengths declared by all sequences and maps of one body share a budget, and nesting has a
//! limit. The encoder refuses what this would refuse.

use super::CodecError;

/// Most levels of nesting in one value: far from what overflows the 2 MiB stack of a thread.
///
/// `Some`, a sequence, a map, a tuple, a struct and the content of a variant are a level each.
pub(crate) const MAX_DEPTH: u8 = 128;

/// Elements that a body may declare beyond its length in bytes: elements without bytes, `()`.
///
/// Every other element takes a byte of its own, so no other value is ever refused.
pub(super) const EMPTY_ELEMENTS: usize = 4096;

/// What is left of the limits of one body.
pub(super) struct Limits {
    /// `elements + declared so far == length of the body + EMPTY_ELEMENTS`.
    elements: usize,
    /// Levels that may still be entered; `0 <= levels <= MAX_DEPTH`.
    levels: u8,
}

impl Limits {
    #[inline]
    pub(super) fn for_body(length: usize) -> Self {
        Limits { elements: length.saturating_add(EMPTY_ELEMENTS), levels: MAX_DEPTH }
    }

    /// Lets a sequence or map declare so many elements.
    #[inline]
    pub(super) fn charge(&mut self, declared: usize) -> Result<(), CodecError> {
        match self.elements.checked_sub(declared) {
            Some(left) => {
                self.elements = left;
                Ok(())
            }
            None => Err(CodecError::TooLong(declared as u64)),
        }
    }

    /// Enters a level.
    #[inline]
    pub(super) fn descend(&mut self) -> Result<(), CodecError> {
        self.levels = self.levels.checked_sub(1).ok_or(CodecError::TooDeep)?;
        Ok(())
    }

    /// Leaves the level that was entered last.
    #[inline]
    pub(super) fn ascend(&mut self) {
        self.levels = self.levels.wrapping_add(1);
    }
}
