//! The limits of one connection: how much it may hold, how deep calls may nest, how long it may
//! wait.

use std::time::Duration;

use crate::wire::Features;

/// What each command counts against the window besides its body, in bytes. An empty command takes
/// 96 bytes of memory, twice that if the queue has just grown, and some 34 more after a cancel in a
/// long queue: a window full of empty commands takes three and a half times its size.
pub(crate) const COMMAND_OVERHEAD: u64 = 64;

/// The largest frame in bytes: 8 MiB holds any ordinary value, and the memory of a window is two
/// such frames.
pub(crate) const MAX_FRAME: u32 = 8 << 20;

/// How long the drop of a connection's last handle may take.
pub(crate) const LAST_GRACE: Duration = Duration::from_secs(1);

/// Bytes of answers that may wait to be claimed: eight of the largest by default.
const MAX_UNCLAIMED: usize = 64 << 20;

/// The first credit of a stream: several of the pieces that files are sent in.
const STREAM_CREDIT: u32 = 256 << 10;

/// The limits of one connection on this side.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The largest frame accepted, in bytes after the length prefix.
    pub(crate) max_frame: u32,
    /// Bytes of the peer's commands that may wait here, each charged with `COMMAND_OVERHEAD`.
    pub(crate) window: u64,
    /// Handlers of one connection that may wait at the same time.
    pub(crate) max_waiting: usize,
    /// Parallel handlers of one connection that may run at the same time.
    pub(crate) max_parallel: usize,
    /// Iterators of one connection that may be pulled at the same time.
    pub(crate) max_pumps: usize,
    /// Streams of one connection that channels may feed at the same time. One takes some 420 bytes
    /// besides its items.
    pub(crate) max_channels: usize,
    /// The first credit of a stream that this side receives, in bytes; an item costs 16 besides its
    /// own.
    pub(crate) stream_credit: u32,
    /// How long a stream that this side waits for may bring nothing, unless it says that it may be
    /// silent.
    pub(crate) silence: Duration,
    /// How deep calls may nest.
    pub(crate) max_depth: u8,
    /// Calls of this side that may be without an answer.
    pub(crate) max_calls: usize,
    /// Bytes of answers that may wait here unclaimed; at least the size of the largest answer. An
    /// answer that a thread waits for does not count.
    pub(crate) max_unclaimed: usize,
    /// Bytes in the outbox above which senders wait.
    pub(crate) high_water: u64,
    /// After writing its own frame and this many bytes of other threads', a flusher hands over if
    /// another thread sleeps.
    pub(crate) flush_share: u64,
    /// How long a peer may take nothing before it is cut.
    pub(crate) write_deadline: Duration,
    /// How long a frame may take once its first byte has come, besides a second for each 16 KiB,
    /// before the peer is cut.
    pub(crate) read_deadline: Duration,
    /// How long a call may take, from waiting for window to its answer, if the call does not say
    /// otherwise.
    pub(crate) answer_deadline: Duration,
    /// How long neither side may ask for anything before the connection is ended; `None` for ever.
    pub(crate) idle: Option<Duration>,
    /// How long an orderly stop may take.
    pub(crate) grace: Duration,
    /// How long an ended connection reads and discards what its peer still sends.
    pub(crate) linger: Duration,
    /// How long an executor leaves the helm to callers before it checks whether they use it; zero
    /// for not at all.
    pub(crate) moment: Duration,
    /// How long a read may look for input before it sleeps for it; zero for not at all.
    pub(crate) active_wait: Duration,
    /// Stack size in bytes of the threads that run commands; `None` for the platform's default.
    pub(crate) stack: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_frame: MAX_FRAME,
            window: smallest_window(MAX_FRAME),
            max_waiting: 16,
            max_parallel: 16,
            max_pumps: 16,
            max_channels: 4096,
            stream_credit: STREAM_CREDIT,
            silence: Duration::from_secs(30),
            max_depth: 32,
            max_calls: 65_536,
            max_unclaimed: MAX_UNCLAIMED,
            high_water: 1 << 20,
            flush_share: 256 << 10,
            write_deadline: Duration::from_secs(10),
            read_deadline: Duration::from_secs(30),
            answer_deadline: Duration::from_secs(30),
            idle: None,
            grace: Duration::from_secs(10),
            linger: Duration::from_secs(2),
            moment: Duration::from_micros(500),
            active_wait: Duration::ZERO,
            stack: None,
        }
    }
}

/// The smallest window for frames of this size. With room for one frame only and grants by halves,
/// a sender could wait for a grant that never comes due.
pub(crate) fn smallest_window(max_frame: u32) -> u64 {
    u64::from(max_frame).saturating_add(COMMAND_OVERHEAD).saturating_mul(2)
}

impl Limits {
    /// Sets the largest frame, and what has to grow with it so that such a frame is of use: the
    /// window for commands, and the room for answers to deferred calls.
    pub(crate) fn set_max_frame(&mut self, bytes: u32) {
        self.max_frame = bytes;
        self.window = smallest_window(bytes);
        let two = usize::try_from(self.window).unwrap_or(usize::MAX);
        self.max_unclaimed = MAX_UNCLAIMED.max(two);
    }
}

/// The limits that the peer announced in its greeting.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PeerLimits {
    /// The largest frame that the peer accepts.
    pub(crate) max_frame: u32,
    /// Bytes of our commands that may wait at the peer.
    pub(crate) window: u64,
    /// What the peer understands beyond the first form of the protocol.
    pub(crate) features: Features,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_two_of_the_largest_frames() {
        assert_eq!(smallest_window(0), 2 * COMMAND_OVERHEAD);
        assert_eq!(smallest_window(1024), 2 * (1024 + COMMAND_OVERHEAD));
        assert_eq!(smallest_window(u32::MAX), 2 * (u64::from(u32::MAX) + COMMAND_OVERHEAD));
    }

    #[test]
    fn what_a_largest_frame_needs_grows_with_it() {
        for bytes in [1024, MAX_FRAME, 64 << 20, u32::MAX] {
            let mut limits = Limits::default();
            limits.set_max_frame(bytes);
            assert_eq!((limits.max_frame, limits.window), (bytes, smallest_window(bytes)));
            let unclaimed = limits.max_unclaimed as u64;
            assert!(unclaimed >= limits.window && unclaimed >= MAX_UNCLAIMED as u64, "{bytes}");
            assert!(unclaimed == limits.window || unclaimed == MAX_UNCLAIMED as u64, "{bytes}");
        }
    }

    #[test]
    fn the_usual_limits_are_those_that_their_names_tell() {
        let limits = Limits::default();
        assert_eq!((limits.max_frame, limits.stream_credit), (8_388_608, 262_144));
        assert_eq!(limits.max_unclaimed as u64, 8 * u64::from(limits.max_frame));
        assert_eq!(limits.window, smallest_window(limits.max_frame));
    }
}
