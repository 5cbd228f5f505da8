//! Received bytes that are not yet cut into frames. Whoever owns the inbox has the helm.

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use thiserror::Error;

use super::bytes::{drop_spares, put_spare, take_spare};
use super::polling::Polling;
use crate::copy;
use crate::sync::{Deadline, now};
use crate::transport::Transport;
use crate::wire::{LENGTH_PREFIX, frame_length};

/// What a quiet connection reads into, bytes.
const SMALL: usize = 512;

/// Largest room offered to one read of many frames, bytes.
const LARGE: usize = 256 << 10;

/// Room made at once for a frame whose length is known: more only as its bytes arrive, so that
/// announcing is not enough to make us hold memory.
const STEP: usize = 1 << 20;

/// With this much room left, the rest of a large frame is read on before more is made.
const ENOUGH: usize = 64 << 10;

/// Large buffers are given up after a read waited this long for nothing.
pub(super) const QUIET: Duration = Duration::from_secs(1);

/// Bytes a second that a large frame must bring, on top of the read deadline: far below any
/// link worth a call, far above what a trickling attacker would like.
const SLOWEST: u64 = 16 << 10;

/// How a read pass that brought nothing ended.
#[derive(Debug)]
pub(super) enum Idle {
    /// The caller's own deadline passed.
    Deadline,
    /// A frame was begun and is not finished in its time.
    SlowFrame,
    /// Nothing came for a while, and large buffers are kept for nothing.
    Quiet,
    /// The stream broke.
    Broken(io::Error),
}

/// A frame longer than the limit was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a frame of {announced} bytes was announced, and at most {limit} are accepted")]
pub(super) struct TooLong {
    announced: u32,
    limit: u32,
}

/// The read buffer. `start <= buf.len()`; bytes before `start` are used up.
#[derive(Debug)]
pub(super) struct Inbox {
    buf: Vec<u8>,
    start: usize,
    /// Largest frame accepted, bytes after the prefix.
    limit: u32,
    /// Room offered to the next read.
    room: usize,
    /// Whether others, of this connection or thread, keep large buffers too, and want to hear of a
    /// quiet time.
    pub(super) others_keep_much: bool,
    /// Largest frame that came whole lately: as much is made room for at once.
    largest: usize,
    /// When the frame that is not whole yet was first seen so.
    begun: Option<Instant>,
    read_deadline: Duration,
    polling: Polling,
}

impl Inbox {
    pub(super) fn new(limit: u32, read_deadline: Duration, active_wait: Duration) -> Self {
        Inbox {
            buf: Vec::new(),
            start: 0,
            limit,
            room: SMALL,
            others_keep_much: false,
            largest: 0,
            begun: None,
            read_deadline,
            polling: Polling::new(active_wait),
        }
    }

    /// Bytes that came after the greeting, before the connection took over, in their buffer.
    pub(super) fn preload(&mut self, bytes: Vec<u8>) {
        self.buf = bytes;
    }

    /// Whether a frame was begun and has not arrived whole.
    #[inline]
    pub(super) fn is_partial(&self) -> bool {
        self.start < self.buf.len()
    }

    /// When the begun frame must be whole.
    fn frame_deadline(&mut self) -> Option<Instant> {
        if !self.is_partial() {
            self.begun = None;
            return None;
        }
        let begun = *self.begun.get_or_insert_with(now);
        let extra = Duration::from_secs(self.pending() as u64 / SLOWEST);
        begun.checked_add(self.read_deadline)?.checked_add(extra)
    }

    /// Bytes there that are not cut yet.
    fn pending(&self) -> usize {
        self.buf.len().saturating_sub(self.start)
    }

    /// Whether the begun frame is overdue: for those who only read what is there.
    pub(super) fn is_overdue(&mut self, now: Instant) -> bool {
        self.frame_deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Reads once, blocking until something came, the end, or the deadline.
    #[inline]
    pub(super) fn fill(
        &mut self,
        io: &dyn Transport,
        deadline: &mut Deadline,
    ) -> Result<usize, Idle> {
        self.make_room();
        if self.is_partial() {
            return self.fill_up(io, deadline);
        }
        match self.wait_and_receive(io, deadline) {
            Ok(Some(n)) => Ok(n),
            Ok(None) => Err(Idle::Quiet),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Idle::Deadline),
            Err(error) => Err(Idle::Broken(error)),
        }
    }

    /// Reads on where a frame was begun, which must be whole in its time.
    fn fill_up(&mut self, io: &dyn Transport, deadline: &mut Deadline) -> Result<usize, Idle> {
        let (frame, own) = (self.frame_deadline(), deadline.moment());
        let mut first = frame.into_iter().chain(own).min().into();
        self.receive(|buf| io.recv(buf, &mut first)).map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut if frame.is_some_and(|f| own.is_none_or(|d| f < d)) => {
                Idle::SlowFrame
            }
            io::ErrorKind::TimedOut => Idle::Deadline,
            _ => Idle::Broken(error),
        })
    }

    /// Waits with large buffers for a moment only, then gives them up and returns `None`.
    #[inline]
    fn wait_and_receive(
        &mut self,
        io: &dyn Transport,
        deadline: &mut Deadline,
    ) -> io::Result<Option<usize>> {
        if self.polling.is_on()
            && let Some(found) = self.look(io, deadline)
        {
            return found.map(Some);
        }
        if (self.others_keep_much || self.buf.capacity() > SMALL)
            && let Some(mut quiet) = quiet_before(deadline)
        {
            match self.receive(|buf| io.recv(buf, &mut quiet)) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    self.shrink();
                    return Ok(None);
                }
                result => return result.map(Some),
            }
        }
        self.receive(|buf| io.recv(buf, deadline)).map(Some)
    }

    /// Looks for input without sleeping. A peer that sends all the time is no reason to outlast the
    /// deadline.
    fn look(&mut self, io: &dyn Transport, deadline: &mut Deadline) -> Option<io::Result<usize>> {
        if deadline.has_passed() {
            return Some(Err(io::ErrorKind::TimedOut.into()));
        }
        let offered = self.offered();
        let Inbox { polling, buf, .. } = self;
        let found = polling.look(deadline.moment(), || io.try_recv(buf))?;
        Some(found.map(|n| self.received(n, offered)))
    }

    /// Reads once what is there, without blocking.
    pub(super) fn try_fill(&mut self, io: &dyn Transport) -> io::Result<usize> {
        self.make_room();
        self.receive(|buf| io.try_recv(buf))
    }

    #[inline]
    fn receive(
        &mut self,
        recv: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let offered = self.offered();
        let n = recv(&mut self.buf)?;
        Ok(self.received(n, offered))
    }

    /// Bytes that the next read may bring.
    #[inline]
    fn offered(&self) -> usize {
        self.buf.capacity().saturating_sub(self.buf.len())
    }

    /// A read brought so many bytes of what was offered: the next is offered more, or less.
    #[inline]
    fn received(&mut self, n: usize, offered: usize) -> usize {
        if n >= offered && self.room < LARGE {
            self.room = self.room.saturating_mul(4);
        } else if n < self.room / 16 {
            self.room = SMALL.max(self.room / 2);
        }
        n
    }

    /// Makes room for the next read.
    #[inline]
    fn make_room(&mut self) {
        if self.is_partial() {
            return self.make_room_for_rest();
        }
        self.buf.clear();
        self.start = copy::lead(&self.buf);
        if self.start > 0 {
            self.buf.resize(self.start, 0);
        }
        if self.offered() < self.room / 2 {
            self.grow(self.room);
        }
    }

    /// Makes room for the rest of a begun frame, and for the usual.
    fn make_room_for_rest(&mut self) {
        let lead = copy::lead(&self.buf);
        if self.start > lead {
            self.buf.drain(lead..self.start);
            self.start = lead;
        }
        let rest = self.buf.get(self.start..).unwrap_or(&[]);
        let whole = frame_length(rest).map_or(0, |n| n as usize).saturating_add(LENGTH_PREFIX);
        let missing = whole.saturating_sub(rest.len());
        let ahead = STEP.max(rest.len()).max(self.largest);
        let enough = missing.min(ENOUGH).max(self.room / 2);
        if self.offered() < enough {
            self.grow(self.room.max(missing.min(ahead)));
        }
    }

    /// Moves what is there to a buffer with that much room behind it.
    fn grow(&mut self, room: usize) {
        let rest = self.buf.get(self.start..).unwrap_or(&[]);
        let all = rest.len().saturating_add(room);
        let lead = if all < copy::LARGE { 0 } else { copy::LEAD };
        let mut buf = Vec::with_capacity(all.saturating_add(lead));
        buf.resize(copy::lead(&buf), 0);
        let start = buf.len();
        copy::append(&mut buf, rest);
        (self.buf, self.start) = (buf, start);
    }

    /// Takes a buffer back that was handed over, unless its own is as large or in use; returns the
    /// one that is not wanted.
    pub(super) fn take_back(&mut self, mut buf: Vec<u8>) -> Vec<u8> {
        if self.is_partial() || buf.capacity() <= self.buf.capacity() {
            return buf;
        }
        buf.clear();
        self.start = 0;
        std::mem::replace(&mut self.buf, buf)
    }

    /// Gives up what a quiet connection does not need.
    pub(super) fn shrink(&mut self) {
        self.room = SMALL;
        self.largest = 0;
        if !self.is_partial() && self.buf.capacity() > SMALL {
            self.start = 0;
            self.buf = Vec::with_capacity(SMALL);
        }
        drop_spares();
    }

    /// Bytes kept to read into.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.buf.capacity()
    }

    /// Forgets what is there: nobody wants it any more.
    pub(super) fn discard(&mut self) {
        self.buf.clear();
        self.start = 0;
        self.begun = None;
    }

    /// Cuts the next whole frame off; the range is that of its content, behind the prefix.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<Range<usize>>, TooLong> {
        let rest = self.buf.get(self.start..).unwrap_or(&[]);
        let Some(length) = frame_length(rest) else { return Ok(None) };
        if length > self.limit {
            return Err(TooLong { announced: length, limit: self.limit });
        }
        let from = self.start.saturating_add(LENGTH_PREFIX);
        let to = from.saturating_add(length as usize);
        if to > self.buf.len() {
            return Ok(None);
        }
        self.start = to;
        self.begun = None;
        self.largest = self.largest.max(length as usize);
        Ok(Some(from..to))
    }

    /// The bytes of a range that `next` gave.
    #[inline]
    pub(super) fn slice(&self, range: Range<usize>) -> &[u8] {
        self.buf.get(range).unwrap_or(&[])
    }

    /// All that was received and is still there, from a place in a range that `next` gave.
    #[inline]
    pub(super) fn rest_from(&self, at: usize) -> &[u8] {
        self.buf.get(at..).unwrap_or(&[])
    }

    /// Whether what follows the last frame is at most the beginning of another, or that frame is
    /// most of what was read: then handing the buffer over is cheaper than a copy.
    ///
    /// A body that is not `alone` takes no buffer much larger than itself: a peer could fill our
    /// memory with small bodies in large buffers.
    #[inline]
    pub(super) fn should_hand_over(&self, range: &Range<usize>, alone: bool) -> bool {
        let rest = self.buf.len().saturating_sub(self.start);
        let fits = self.buf.capacity() <= SMALL.max(range.len().saturating_mul(4));
        !range.is_empty() && (alone || fits) && (rest == 0 || range.len() / 2 > rest)
    }

    /// Hands the buffer over to the last frame that `next` cut; what follows it moves on.
    pub(super) fn hand_over(&mut self) -> Vec<u8> {
        let mut next = take_spare();
        copy::append(&mut next, self.buf.get(self.start..).unwrap_or(&[]));
        self.start = 0;
        std::mem::replace(&mut self.buf, next)
    }
}

/// The end of a quiet time, where that is before the deadline.
fn quiet_before(deadline: &mut Deadline) -> Option<Deadline> {
    let after = match *deadline {
        Deadline::Never => return Some(Deadline::After(QUIET)),
        _ => deadline.rest()?,
    };
    (after > QUIET).then_some(Deadline::After(QUIET))
}

impl Drop for Inbox {
    fn drop(&mut self) {
        put_spare(std::mem::take(&mut self.buf));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Memory;

    fn inbox(bytes: &[u8]) -> Inbox {
        let mut inbox = Inbox::new(16, Duration::from_secs(1), Duration::ZERO);
        inbox.preload(bytes.to_vec());
        inbox
    }

    #[test]
    fn frames_are_cut_in_order_and_the_tail_stays() {
        let mut inbox = inbox(&[1, 0, 0, 0, 7, 2, 0, 0, 0, 8, 9, 3, 0]);
        let first = inbox.next().unwrap().unwrap();
        assert_eq!(inbox.slice(first), [7]);
        let second = inbox.next().unwrap().unwrap();
        assert_eq!(inbox.slice(second), [8, 9]);
        assert_eq!(inbox.next(), Ok(None));
        assert!(inbox.is_partial());
    }

    #[test]
    fn the_limit_is_exact_and_needs_no_body() {
        assert_eq!(inbox(&[16, 0, 0, 0]).next(), Ok(None));
        assert_eq!(inbox(&[17, 0, 0, 0]).next(), Err(TooLong { announced: 17, limit: 16 }));
    }

    #[test]
    fn a_read_that_was_looked_for_makes_room_like_any_other() {
        let (ours, hers) = Memory::pair(4 * SMALL);
        hers.try_send(&[io::IoSlice::new(&[0; 2 * SMALL])]).unwrap();
        let mut inbox = Inbox::new(16, Duration::from_secs(1), Duration::from_secs(10));
        assert!(matches!(inbox.fill(&ours, &mut Deadline::Never), Ok(SMALL)));
        assert!(inbox.room > SMALL, "the next read is offered more");
    }

    #[test]
    fn looking_for_input_outlasts_no_deadline() {
        let (ours, hers) = Memory::pair(4 * SMALL);
        hers.try_send(&[io::IoSlice::new(&[0; 10])]).unwrap();
        let mut inbox = Inbox::new(16, Duration::from_secs(1), Duration::from_secs(10));
        let result = inbox.fill(&ours, &mut Deadline::At(now()));
        assert!(matches!(result, Err(Idle::Deadline)), "{result:?}");
        let start = now();
        let mut inbox = Inbox::new(16, Duration::from_secs(1), Duration::from_secs(10));
        assert!(
            inbox
                .fill(&Memory::pair(1).0, &mut Deadline::After(Duration::from_millis(20)))
                .is_err()
        );
        assert!(start.elapsed() < Duration::from_secs(5), "it looked on");
    }

    #[test]
    fn a_handed_over_buffer_leaves_the_tail_behind() {
        let mut inbox = inbox(&[1, 0, 0, 0, 7, 2, 0, 0]);
        let range = inbox.next().unwrap().unwrap();
        let buf = inbox.hand_over();
        assert_eq!(buf[range], [7]);
        assert_eq!((inbox.start, inbox.buf.as_slice()), (0, &[2, 0, 0][..]));
    }

    #[test]
    fn a_large_buffer_goes_with_a_small_body_only_if_that_is_alone() {
        let mut inbox = inbox(&[1, 0, 0, 0, 7]);
        let range = inbox.next().unwrap().unwrap();
        assert!(inbox.should_hand_over(&range, false));
        inbox.buf.reserve_exact(2 * SMALL);
        assert!(!inbox.should_hand_over(&range, false));
        assert!(inbox.should_hand_over(&range, true));
    }

    #[test]
    fn announcing_a_frame_reserves_no_more_than_a_step() {
        let mut inbox = Inbox::new(u32::MAX, Duration::from_secs(1), Duration::ZERO);
        inbox.preload(vec![0, 0, 0, 0x7F, 1]);
        inbox.make_room();
        assert!(inbox.buf.capacity() <= STEP + 5 + copy::LEAD);
    }
}
