//! The input of a connection: the bytes that came, and when a begun frame is overdue.

mod buffer;

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::bytes::drop_spares;

use buffer::Buffer;
#[cfg(test)]
pub(crate) use buffer::SMALL;
pub(crate) use buffer::TooLong;

/// Bytes a second that a large frame must bring after the read deadline: far fewer than any network
/// worth a call, far more than a trickling attacker would like.
const SLOWEST: u64 = 16 << 10;

/// Why a read pass brought nothing.
#[derive(Debug)]
pub(crate) enum Idle {
    /// The caller's own deadline passed.
    Deadline,
    /// A frame has begun and did not become whole in its time.
    SlowFrame,
    /// Nothing came for a while, and large buffers are kept in vain.
    Quiet,
    /// The stream broke.
    Broken(io::Error),
}

/// Bytes that came and are not routed yet, and since when the last frame among them is not whole.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) buffer: Buffer,
    /// The largest frame accepted, in bytes after the prefix.
    limit: u32,
    /// When the frame that is not whole yet was first seen.
    begun: Option<Instant>,
    read_deadline: Duration,
}

impl Inbox {
    /// `rest`: the bytes received behind the greeting, in a buffer for further reads.
    pub(crate) fn new(limit: u32, read_deadline: Duration, rest: Vec<u8>) -> Self {
        let mut buffer = Buffer::new();
        buffer.preload(rest);
        Inbox { buffer, limit, begun: None, read_deadline }
    }

    /// When the frame that has begun by `now` must be whole; `None` if none has begun.
    // [limit.frame-time]
    pub(crate) fn frame_deadline(&mut self, now: Instant) -> Option<Instant> {
        if !self.buffer.is_partial() {
            // The next frame has the whole deadline to itself.
            self.begun = None;
            return None;
        }
        let begun = *self.begun.get_or_insert(now);
        let extra = Duration::from_secs(self.buffer.pending() as u64 / SLOWEST);
        begun.checked_add(self.read_deadline)?.checked_add(extra)
    }

    /// Whether the frame that has begun is overdue. For threads that only read what has arrived.
    pub(crate) fn is_overdue(&mut self, now: Instant) -> bool {
        self.frame_deadline(now).is_some_and(|deadline| deadline <= now)
    }

    /// Cuts the next whole frame off. Returns the range of its content in the buffer, without the
    /// length prefix.
    #[inline]
    // [frame.check-first]
    pub(crate) fn next(&mut self) -> Result<Option<Range<usize>>, TooLong> {
        let next = self.buffer.next(self.limit);
        if let Ok(Some(_)) = next {
            self.begun = None;
        }
        next
    }

    /// Frees what a quiet connection does not need.
    pub(crate) fn shrink(&mut self) {
        self.buffer.shrink();
        drop_spares();
    }

    /// Drops everything received: no thread wants it any more.
    pub(crate) fn discard(&mut self) {
        self.buffer.discard();
        self.begun = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_has_more_time_the_more_of_it_has_come() {
        // [limit.frame-time]
        let given = |came: usize| {
            let mut rest = (1_u32 << 20).to_le_bytes().to_vec();
            rest.resize(came, 0);
            let mut inbox = Inbox::new(1 << 20, Duration::from_secs(30), rest);
            let deadline = inbox.frame_deadline(Instant::now());
            deadline.zip(inbox.begun).map(|(deadline, begun)| (deadline - begun).as_secs())
        };
        assert_eq!(given(0), None);
        assert_eq!(given(5), Some(30));
        assert_eq!(given(16 << 10), Some(31));
        assert_eq!(given(160 << 10), Some(40));
    }

    /// Takes in what a stream brings.
    fn bring(inbox: &mut Inbox, bytes: &[u8]) {
        let append = |buffer: &mut Vec<u8>| {
            buffer.extend(bytes);
            Ok::<_, ()>(bytes.len())
        };
        inbox.buffer.receive(append).unwrap();
    }

    #[test]
    fn a_frame_is_overdue_at_its_deadline_and_the_next_one_has_its_own() {
        // [limit.frame-time]
        let (start, given) = (Instant::now(), Duration::from_secs(30));
        let mut inbox = Inbox::new(16, given, vec![2, 0, 0, 0, 7]);
        assert!(!inbox.is_overdue(start));
        let just_before = given.saturating_sub(Duration::from_nanos(1));
        assert!(!inbox.is_overdue(start + just_before));
        assert!(inbox.is_overdue(start + given));
        assert_eq!(inbox.next(), Ok(None));
        bring(&mut inbox, &[8, 1, 0]);
        let first = inbox.next().unwrap().unwrap();
        assert_eq!(inbox.buffer.slice(first), [7, 8]);
        let later = start + given;
        assert_eq!(inbox.frame_deadline(later), Some(later + given), "of the next frame");
        bring(&mut inbox, &[0, 0, 9]);
        let second = inbox.next().unwrap().unwrap();
        assert_eq!(inbox.buffer.slice(second), [9]);
        assert_eq!((inbox.frame_deadline(later), inbox.is_overdue(later)), (None, false));
    }

    #[test]
    fn what_nobody_wants_is_dropped_and_a_quiet_connection_keeps_little() {
        let start = Instant::now();
        let mut inbox = Inbox::new(1 << 20, Duration::ZERO, vec![0; 3]);
        inbox.buffer.make_room();
        assert!(inbox.is_overdue(start));
        inbox.discard();
        assert!(!inbox.buffer.is_partial() && !inbox.is_overdue(start));
        assert_eq!(inbox.begun, None);
        drop(inbox.buffer.take_back(Vec::with_capacity(4 * SMALL)));
        inbox.shrink();
        assert!(inbox.buffer.kept() <= SMALL, "{}", inbox.buffer.kept());
    }
}
