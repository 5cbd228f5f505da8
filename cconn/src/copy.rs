//! Large copies, and where in memory bytes must lie for a copy to be fast.
//!
//! The kernel and C libraries copy with the processor's `rep movsb`. On some processors (AMD's Zen
//! 3 and 4) that is ten times slower if the destination lies a few bytes further into its page than
//! the source lies into its own. This is the usual case: the kernel puts a message that follows
//! nothing unread at the start of a page, and an allocator puts a large buffer 16 bytes behind the
//! start of one.
//!
//! On such a processor, and only there, four things are done. A receive buffer keeps some bytes
//! free in front. Bytes that would be sent from a bad place are first copied to a good one, or, if
//! there are very many, follow a padding that moves the place to which the kernel copies them.
//! Payloads are copied from and to bad places in pieces so small that no `rep movsb` is used. All
//! but the padding costs a copy within the processor's own cache; `places` measures whether that is
//! worth it.
//!
//! Others found the same for `memcpy` (<https://lunnova.dev/articles/ryzen-slow-short-rep-mov>) and
//! for reading files (<https://xuanwo.io/2023/04-rust-std-fs-slower-than-python/>).

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod places;

use std::cell::Cell;
use std::io::IoSlice;

pub(crate) use places::assume_slow_places;

/// Size of a page in bytes: only the position within a page makes a place good or bad.
const PAGE: usize = 4096;

/// Size in bytes from which a copy's place matters. Smaller copies are fast anywhere.
pub(crate) const LARGE: usize = 2048;

/// Bytes kept free in front of bytes that would otherwise lie in a bad place.
pub(crate) const LEAD: usize = 64;

/// Size in bytes of one piece of a copy: too small for `rep movsb`.
const PIECE: usize = 1024;

/// Size in bytes from which bytes in a bad place follow a padding instead of being copied to a good
/// one: the copies of fewer stay in the processor's own cache, and sending them in several parts
/// lets the peer read the first part meanwhile.
pub(crate) const PADDED: usize = 256 << 10;

/// The most bytes that are copied and sent at once: 64 KiB and what precedes them, in whole pages,
/// so that the kernel puts the following bytes at the start of a page again.
const MOVED: usize = 17 * PAGE;

thread_local! {
    /// The buffer into which bytes are copied or encrypted before they are sent.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    /// Whether `SPARE` holds a buffer.
    static KEPT: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread keeps a buffer for bytes that are copied before they are sent.
#[inline]
pub(crate) fn keeps_spare() -> bool {
    KEPT.try_with(Cell::get).unwrap_or(false)
}

/// Gives this thread's buffer for such bytes back to the system.
pub(crate) fn drop_spare() {
    if KEPT.try_with(Cell::take).unwrap_or(false) {
        drop(SPARE.try_with(Cell::take));
    }
}

/// Whether a large copy between the two addresses is slow on a processor that has bad places.
#[inline]
fn is_bad(from: usize, to: usize) -> bool {
    matches!(to.wrapping_sub(from) % PAGE, 1..32)
}

/// How many bytes to leave free at the front of `buf` before reading into it.
#[inline]
pub(crate) fn lead(buf: &Vec<u8>) -> usize {
    let is_bad = buf.capacity() >= LARGE && is_bad(0, buf.as_ptr().addr());
    if is_bad && places::are_slow() { LEAD } else { 0 }
}

/// Whether the kernel would take the bytes of `parts` slowly.
#[inline]
pub(crate) fn is_slow_to_send(parts: &[IoSlice<'_>]) -> bool {
    match parts {
        [part] if part.len() < LARGE => false,
        _ => is_any_bad(parts) && places::are_slow(),
    }
}

/// How many paddings of `size` bytes each must be sent with the `before` bytes in front of
/// `payload` so that the kernel takes the payload quickly.
#[cold]
pub(crate) fn paddings(before: usize, payload: &[u8], size: usize) -> usize {
    let place = |paddings: usize| before.saturating_add(paddings.saturating_mul(size));
    let is_good = |paddings: &usize| !is_bad(payload.as_ptr().addr(), place(*paddings));
    if payload.len() < PADDED || is_good(&0) || !places::are_slow() {
        return 0;
    }
    (1..LEAD).find(is_good).unwrap_or(0)
}

fn is_any_bad(parts: &[IoSlice<'_>]) -> bool {
    // The kernel lays the parts one behind the other, the first at the start of a page.
    let mut before = 0_usize;
    parts.iter().any(|part| {
        let bad = part.len() >= LARGE && is_bad(part.as_ptr().addr(), before);
        before = before.saturating_add(part.len());
        bad
    })
}

/// Copies the first bytes of `parts` to a good place, at most `MOVED`, and passes them to `send`.
pub(crate) fn moved<R>(parts: &[IoSlice<'_>], send: impl FnOnce(&[u8]) -> R) -> R {
    let mut buf = SPARE.try_with(Cell::take).unwrap_or_default();
    let start = gather(parts, &mut buf);
    let result = send(buf.get(start..).unwrap_or(&[]));
    keep_spare(buf);
    result
}

/// Takes this thread's spare buffer: empty, with room for `LEAD + MOVED` bytes. The caller gives it
/// back with `keep_spare`.
#[cfg(feature = "tls")]
pub(crate) fn take_spare() -> Vec<u8> {
    let mut buf = SPARE.try_with(Cell::take).unwrap_or_default();
    buf.clear();
    buf.reserve_exact(LEAD.saturating_add(MOVED));
    buf
}

/// Makes `buf` this thread's spare buffer, for the next large bytes that it sends.
pub(crate) fn keep_spare(buf: Vec<u8>) {
    let _thread_ends = SPARE.try_with(|place| place.set(buf));
    let _thread_ends = KEPT.try_with(|kept| kept.set(true));
}

/// Copies the first bytes of `parts` into `buf`, at most `MOVED`. Returns the position in `buf` at
/// which they begin.
fn gather(parts: &[IoSlice<'_>], buf: &mut Vec<u8>) -> usize {
    buf.clear();
    buf.reserve_exact(LEAD.saturating_add(MOVED));
    if is_bad(buf.as_ptr().addr(), 0) {
        buf.resize(LEAD, 0);
    }
    let start = buf.len();
    let mut room = MOVED;
    for part in parts {
        let some = part.get(..room).unwrap_or(part);
        append(buf, some);
        room = room.saturating_sub(some.len());
    }
    start
}

/// Appends bytes, quickly even if they lie in a bad place.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, bytes: &[u8]) {
    if bytes.len() < LARGE {
        out.extend_from_slice(bytes);
    } else {
        append_large(out, bytes);
    }
}

fn append_large(out: &mut Vec<u8>, bytes: &[u8]) {
    out.reserve(bytes.len());
    let to = out.as_ptr().addr().wrapping_add(out.len());
    if !is_bad(bytes.as_ptr().addr(), to) || !places::are_slow() {
        return out.extend_from_slice(bytes);
    }
    for piece in bytes.chunks(PIECE) {
        out.extend_from_slice(piece);
    }
}

/// A copy of the bytes in a `Vec` of their own.
#[inline]
pub(crate) fn to_vec(bytes: &[u8]) -> Vec<u8> {
    let mut copy = Vec::with_capacity(bytes.len());
    append(&mut copy, bytes);
    copy
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests {
    use super::*;

    /// Numbered bytes, the first of which lies `behind` bytes after the start of a page; and its
    /// position.
    fn numbered(length: usize, behind: usize) -> (Vec<u8>, usize) {
        let mut bytes: Vec<u8> = Vec::with_capacity(length + 2 * PAGE);
        let page = PAGE - bytes.as_ptr().addr() % PAGE;
        bytes.resize(page + behind, 0);
        bytes.extend((0..=250).cycle().take(length));
        (bytes, page + behind)
    }

    #[test]
    fn a_destination_just_behind_its_source_is_slow() {
        assert!(is_bad(0, 16) && is_bad(PAGE + 100, 101) && is_bad(PAGE - 1, 30));
        assert!(!is_bad(0, 0) && !is_bad(0, 32) && !is_bad(16, 0) && !is_bad(31, PAGE));
    }

    #[test]
    fn a_large_buffer_is_read_into_a_good_place() {
        assume_slow_places(true);
        let kept: Vec<Vec<u8>> = (1..100).map(|n| Vec::with_capacity(n * LARGE)).collect();
        for buf in &kept {
            assert!(!is_bad(0, buf.as_ptr().addr() + lead(buf)));
        }
        assert_eq!(lead(&Vec::with_capacity(LARGE - 1)), 0);
    }

    #[test]
    fn a_payload_is_slow_to_send_where_it_stands_a_little_before_its_place() {
        let head = [0; 26];
        for (behind, slow) in [(0, true), (16, true), (25, true), (26, false), (64, false)] {
            let (bytes, start) = numbered(LARGE, behind);
            let parts = [IoSlice::new(&head), IoSlice::new(&bytes[start..])];
            assert_eq!(is_any_bad(&parts), slow, "{behind}");
            let small = [IoSlice::new(&head), IoSlice::new(&bytes[start + 1..])];
            assert!(!is_any_bad(&small), "{behind}");
        }
    }

    #[test]
    fn a_padding_moves_a_payload_out_of_its_bad_place() {
        assume_slow_places(true);
        for behind in 0..64 {
            let (bytes, start) = numbered(PADDED, behind);
            let tail = &bytes[start..];
            for head in [0, 1, 18, 31, 33, 100] {
                let needed = paddings(head, tail, 14);
                assert!(!is_bad(behind, head + 14 * needed), "{behind} {head}");
                assert_eq!(needed > 0, is_bad(behind, head), "{behind} {head}");
                assert!(needed <= 3, "{behind} {head}: {needed}");
            }
            assert_eq!(paddings(18, &tail[1..], 14), 0, "too few to be worth it");
        }
    }

    #[test]
    fn moved_bytes_are_equal_in_a_good_place() {
        let mut buf = Vec::new();
        for length in [0, 1, LARGE, MOVED - 1, MOVED, MOVED + 1, 3 * MOVED] {
            let (bytes, start) = numbered(length, 16);
            let parts = [IoSlice::new(&[7; 26]), IoSlice::new(&bytes[start..])];
            let from = gather(&parts, &mut buf);
            let all: Vec<u8> = [7; 26].iter().chain(&bytes[start..]).copied().collect();
            assert_eq!(buf[from..], all[..all.len().min(MOVED)], "{length}");
            assert!(!is_bad(buf[from..].as_ptr().addr(), 0));
            assert!(buf.capacity() <= LEAD + MOVED, "{length}");
        }
    }

    #[test]
    fn the_buffer_is_kept_until_it_is_dropped() {
        drop_spare();
        let payload = [7; LARGE];
        let length = moved(&[IoSlice::new(&payload)], <[u8]>::len);
        assert!(length == LARGE && keeps_spare());
        drop_spare();
        assert!(!keeps_spare());
    }

    #[test]
    fn pieces_make_a_whole() {
        assume_slow_places(true);
        for length in [0, 1, LARGE - 1, LARGE, LARGE + PIECE / 2, 10 * LARGE] {
            let (bytes, start) = numbered(length, 0);
            assert_eq!(to_vec(&bytes[start..]), bytes[start..]);
        }
    }
}
