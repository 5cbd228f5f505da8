//! Long byte strings of large frames, read from the stream straight into the `Vec` that the program
//! will get.
//!
//! The rest of such a frame is in the connection's own buffer, as if the byte string were not
//! between.

use crate::copy;

/// Size of a quiet connection's buffer, in bytes.
pub(crate) const SMALL: usize = 512;

/// With this much room left, in bytes, the rest of a large frame is read before more room is made.
pub(super) const ENOUGH: usize = 64 << 10;

/// A spare `Vec` is used again if the byte string takes at least four fifths of it.
const SLACK: usize = 4;

/// Whether room was made for a byte string apart.
pub(super) enum Room {
    Made,
    /// Too little of the frame has arrived to know.
    Undecided,
    NotApart,
}

/// Where long byte strings are read to. `there.len() <= whole`, and `whole > 0` only while the
/// frame of a long byte string is not cut.
#[derive(Debug, Default)]
pub(super) struct Apart {
    pub(super) there: Vec<u8>,
    /// Size of the byte string in bytes; 0 if there is none.
    pub(super) whole: usize,
    /// How many bytes of the frame lie before the byte string.
    pub(super) at: usize,
    /// `Vec`s that were given back, the newer first. There are two because the next byte string may
    /// begin to arrive before the `Vec` of the last one is free.
    pub(super) spares: [Vec<u8>; 2],
    /// The connection's other buffer. While frames with long byte strings come, a small one is in
    /// use, because bytes of a long byte string that land in it must be copied; the large one, for
    /// many frames at once, waits here.
    pub(super) other: Vec<u8>,
}

impl Apart {
    /// Whether the next bytes belong to the byte string.
    #[inline]
    pub(super) fn is_begun(&self) -> bool {
        self.there.len() < self.whole
    }

    /// Bytes of the byte string that have arrived.
    pub(super) fn there(&self) -> usize {
        self.there.len()
    }

    /// Reads more of the byte string; bytes behind it go to `bytes`.
    #[cold]
    pub(super) fn receive<E>(
        &mut self,
        bytes: &mut Vec<u8>,
        recv: impl FnOnce(&mut Vec<u8>) -> Result<usize, E>,
    ) -> Result<usize, E> {
        // `there` may have more room than the byte string needs, so bytes behind it may come too.
        let n = recv(&mut self.there)?;
        if let Some(behind) = self.there.get(self.whole..) {
            copy::append(bytes, behind);
            self.there.truncate(self.whole);
        }
        Ok(n)
    }

    /// Begins a byte string of `whole` bytes, of which `came` have arrived.
    pub(super) fn begin(&mut self, whole: usize, at: usize, came: &[u8], ahead: usize) {
        let fits = whole..=whole.saturating_add(whole / SLACK);
        if let Some(spare) = self.spares.iter_mut().find(|s| fits.contains(&s.capacity())) {
            self.there = std::mem::take(spare);
        }
        self.there.reserve_exact(whole.min(came.len().saturating_add(ahead)));
        copy::append(&mut self.there, came);
        (self.whole, self.at) = (whole, at);
    }

    /// Makes room for the next read.
    pub(super) fn make_room(&mut self, ahead: usize) {
        let missing = self.whole.saturating_sub(self.there.len());
        if self.there.capacity().saturating_sub(self.there.len()) < missing.min(ENOUGH) {
            self.there.reserve_exact(missing.min(ahead));
        }
    }

    /// The other buffer, if more than a small one is wanted and the other has that much room.
    pub(super) fn other_buffer(&mut self, room: usize) -> Option<Vec<u8>> {
        let fits = room > SMALL && self.other.capacity() >= room.saturating_add(copy::LEAD);
        fits.then(|| std::mem::take(&mut self.other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spare_serves_a_byte_string_that_takes_four_fifths_of_it() {
        for (whole, serves) in [(99, false), (100, true), (125, true), (126, false)] {
            let mut apart = Apart::default();
            let spare = Vec::with_capacity(125);
            assert_eq!(spare.capacity(), 125);
            let place = spare.as_ptr();
            apart.spares[1] = spare;
            apart.begin(whole, 7, b"came", 1000);
            assert_eq!(apart.there.as_ptr() == place, serves, "{whole}");
            assert_eq!((apart.there(), apart.whole, apart.at), (4, whole, 7));
            assert!(apart.there.capacity() >= whole && apart.is_begun());
        }
    }

    #[test]
    fn more_room_is_made_once_little_is_left_and_no_more_than_is_missing() {
        let whole = 4 * ENOUGH;
        let room = |came: usize, ahead| {
            let mut apart = Apart { there: Vec::with_capacity(ENOUGH), whole, ..Apart::default() };
            apart.there.resize(came, 0);
            apart.make_room(ahead);
            apart.there.capacity()
        };
        assert_eq!((ENOUGH, room(0, whole)), (65_536, ENOUGH), "there is enough");
        assert_eq!(room(1, usize::MAX), whole);
        assert_eq!(room(1, 2 * ENOUGH), 1 + 2 * ENOUGH);
    }

    #[test]
    fn the_other_buffer_is_for_more_than_a_small_one_and_no_more_than_it_has() {
        let mut apart = Apart { other: Vec::with_capacity(4 * SMALL), ..Apart::default() };
        let most = apart.other.capacity() - copy::LEAD;
        assert!(apart.other_buffer(SMALL).is_none() && apart.other_buffer(most + 1).is_none());
        assert!(apart.other_buffer(most).is_some_and(|other| other.capacity() > most));
        assert!(apart.other_buffer(SMALL + 1).is_none(), "it is in use");
        apart.other = Vec::with_capacity(4 * SMALL);
        assert!(apart.other_buffer(SMALL + 1).is_some());
    }
}
