//! Long byte strings of large frames, read from the stream straight into the `Vec` that the program
//! will get.
//!
//! The rest of such a frame is in the connection's own buffer, as if the byte string were not
//! between.

use super::{Buffer, ENOUGH, SMALL};
use crate::body::{self, find_long};
use crate::copy;
use crate::wire::{BodyAt, LENGTH_PREFIX, body_at, frame_length};

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
    whole: usize,
    /// How many bytes of the frame lie before the byte string.
    at: usize,
    /// `Vec`s that were given back, the newer first. There are two because the next byte string may
    /// begin to arrive before the `Vec` of the last one is free.
    spares: [Vec<u8>; 2],
    /// The connection's other buffer. While frames with long byte strings come, a small one is in
    /// use, because bytes of a long byte string that land in it must be copied; the large one, for
    /// many frames at once, waits here.
    other: Vec<u8>,
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
        let n = recv(&mut self.there)?;
        if let Some(behind) = self.there.get(self.whole..) {
            copy::append(bytes, behind);
            self.there.truncate(self.whole);
        }
        Ok(n)
    }

    /// Begins a byte string of `whole` bytes, of which `came` have arrived.
    fn begin(&mut self, whole: usize, at: usize, came: &[u8], ahead: usize) {
        let fits = whole..=whole.saturating_add(whole / SLACK);
        if let Some(spare) = self.spares.iter_mut().find(|s| fits.contains(&s.capacity())) {
            self.there = std::mem::take(spare);
        }
        self.there.reserve_exact(whole.min(came.len().saturating_add(ahead)));
        copy::append(&mut self.there, came);
        (self.whole, self.at) = (whole, at);
    }

    /// Makes room for the next read.
    fn make_room(&mut self, ahead: usize) {
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

impl Buffer {
    /// Bytes of the next frame that are apart: a whole long byte string, or 0.
    #[inline]
    pub(crate) fn apart(&self) -> usize {
        match &self.apart {
            Some(apart) if !apart.is_begun() => apart.whole,
            _ => 0,
        }
    }

    /// Takes the long byte string of the frame that `next` cut, with the number of bytes of that
    /// frame before it.
    #[cold]
    pub(crate) fn take_apart(&mut self) -> (usize, Vec<u8>) {
        let Some(apart) = &mut self.apart else { return (0, Vec::new()) };
        self.room = SMALL;
        apart.whole = 0;
        (apart.at, std::mem::take(&mut apart.there))
    }

    /// Keeps the `Vec` of a long byte string for the next one, if this connection gets any. Returns
    /// what is not wanted.
    pub(crate) fn keep_long(&mut self, mut buf: Vec<u8>) -> Vec<u8> {
        match &mut self.apart {
            Some(apart) if buf.capacity() >= body::LONG => {
                buf.clear();
                apart.spares.swap(0, 1);
                let [newer, older] = &mut apart.spares;
                // An empty slot is one whose `Vec` is in use; if there is none the older `Vec`
                // goes.
                let place = if older.capacity() == 0 { older } else { newer };
                std::mem::replace(place, buf)
            }
            _ => buf,
        }
    }

    /// Switches to the small buffer while no burst comes, because bytes of a long byte string that
    /// land in this buffer must be copied.
    #[cold]
    pub(super) fn read_little(&mut self) {
        if let Some(apart) = &mut self.apart
            && self.room <= SMALL
            && self.bytes.capacity() > 2 * SMALL
        {
            std::mem::swap(&mut self.bytes, &mut apart.other);
            self.bytes.clear();
        }
    }

    /// Makes room for the rest of a long byte string apart, if the frame that has begun has one and
    /// most of it is still to come.
    pub(super) fn make_room_apart(&mut self) -> Room {
        if let Some(apart) = &mut self.apart
            && apart.whole > 0
        {
            if !apart.is_begun() {
                return Room::NotApart;
            }
            let came = apart.there.len();
            let ahead = self.ahead(came);
            if let Some(apart) = &mut self.apart {
                apart.make_room(ahead);
            }
            return Room::Made;
        }
        self.begin_apart()
    }

    fn begin_apart(&mut self) -> Room {
        let rest = self.bytes.get(self.start..).unwrap_or(&[]);
        let Some(length) = frame_length(rest) else { return Room::NotApart };
        let length = length as usize;
        if length < body::LONG || rest.len() > length / 2 {
            return Room::NotApart;
        }
        let body_at = match body_at(rest) {
            BodyAt::At(at) => at,
            BodyAt::Undecided => return Room::Undecided,
            BodyAt::None => return Room::NotApart,
        };
        let head_at = LENGTH_PREFIX.saturating_add(body_at);
        let head = rest.get(head_at..).unwrap_or(&[]);
        let Some(found) = find_long(head, length.saturating_sub(body_at)) else {
            let seen = head.len() >= body::LOOK.saturating_add(body::MAX_LENGTH_BYTES);
            return if seen { Room::NotApart } else { Room::Undecided };
        };
        let at = head_at.saturating_add(found.start);
        let came = rest.get(at..).unwrap_or(&[]);
        let ahead = self.ahead(came.len());
        let apart = self.apart.get_or_insert_default();
        apart.begin(found.len(), at, came, ahead);
        self.bytes.truncate(self.start.saturating_add(at));
        Room::Made
    }
}
