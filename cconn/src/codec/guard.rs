//! The limits on what the bytes of one body may ask of their reader.
//!
//! All sequences and maps of a body share one budget of declared elements, and nesting has a limit.
//! The encoder obeys the same limits.

use super::{CodecError, budget};

/// The deepest nesting of one value: far from overflowing the 2 MiB stack of a thread.
///
/// `Some`, a sequence, a map, a tuple, a struct and the content of a variant are one level each.
pub(crate) const MAX_DEPTH: u8 = 128;

/// Elements that a body may declare beyond its length in bytes, for elements without bytes such as
/// `()`.
///
/// Every other element takes at least one byte, so no body without empty elements is refused.
pub(super) const EMPTY_ELEMENTS: usize = 4096;

/// How much one body has asked for, within its limits.
pub(super) struct Limits {
    /// Bytes of the body.
    length: usize,
    /// Elements declared so far; `elements <= length + EMPTY_ELEMENTS`.
    elements: usize,
    /// What the elements still to be read may take in memory before the process's budget is asked,
    /// bytes.
    unasked: usize,
    /// Levels that may still be entered; `0 <= levels <= MAX_DEPTH`.
    levels: u8,
}

impl Limits {
    #[inline]
    pub(super) fn for_body(length: usize) -> Self {
        Limits { length, elements: 0, unasked: budget::UNCOUNTED, levels: MAX_DEPTH }
    }

    /// Charges the elements that a sequence or map declares.
    #[inline]
    pub(super) fn charge(&mut self, declared: usize) -> Result<(), CodecError> {
        let elements = self.elements.saturating_add(declared);
        if elements > self.length.saturating_add(EMPTY_ELEMENTS) {
            return Err(CodecError::TooLong(declared as u64));
        }
        self.elements = elements;
        Ok(())
    }

    /// Counts an element that takes `size` bytes of memory.
    #[inline]
    // [value.memory]
    pub(super) fn hold(&mut self, size: usize) -> Result<(), CodecError> {
        match self.unasked.checked_sub(size) {
            Some(left) => {
                self.unasked = left;
                Ok(())
            }
            None => self.ask(size),
        }
    }

    #[cold]
    fn ask(&mut self, size: usize) -> Result<(), CodecError> {
        let more = budget::take(size)?;
        self.unasked = self.unasked.saturating_add(more).saturating_sub(size);
        Ok(())
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
        // A level is left only after it was entered, so this never wraps.
        self.levels = self.levels.wrapping_add(1);
    }
}
