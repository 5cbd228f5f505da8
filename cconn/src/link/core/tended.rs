//! What one connection asks of the watchman, and what the watchman remembers about it.

use std::time::{Duration, Instant};

/// How often the watchman looks for bytes that were left unwritten.
pub(crate) const WRITE_TICK: Duration = Duration::from_millis(1);

/// How long a helm may be free and unread before the watchman reads.
pub(crate) const UNREAD: Duration = Duration::from_millis(100);

/// How often a connection that lingers after its end is read.
pub(crate) const LINGER_TICK: Duration = Duration::from_millis(10);

/// A measure of what has happened on a connection: while it stays the same, nothing was sent and no
/// command came.
pub(crate) type Progress = [u64; 4];

/// The part of a connection's state that decides whether the watchman is asked.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
pub(crate) struct Snapshot {
    /// Bytes wait to be written and no thread writes.
    pub(crate) is_unflushed: bool,
    /// No thread reads.
    pub(crate) is_helm_free: bool,
    pub(crate) is_closed: bool,
    pub(crate) end_of_input: bool,
    /// The number of read passes that have ended.
    pub(crate) passes: u64,
}

/// What one connection tells the watchman, and what the watchman remembers about it.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Tended {
    /// Bytes were left in the outbox, and no thread writes them.
    pub(crate) left_unflushed: bool,
    /// The helm was left free, and no thread takes it.
    pub(crate) helm_left_free: bool,
    /// The connection has ended on this side and discards what the peer still sends.
    pub(crate) lingers: bool,
    /// The connection is being stopped, which must not last longer than the grace period.
    pub(crate) stops: bool,
    /// The watchman knows of `left_unflushed`: it looks for bytes every `WRITE_TICK`.
    pub(crate) ticks: bool,
    /// The watchman knows of `helm_left_free`: the connection is on its list.
    pub(crate) listed: bool,
    /// The watchman knows of `lingers`.
    linger_known: bool,
    /// The watchman knows of `stops`.
    stop_known: bool,
    /// The connection has a watchman.
    watched: bool,
    /// Looks in vain since the watchman last found bytes to write.
    pub(crate) in_vain: u8,
    /// The layer above had no thread for what it does at the end, and must be told again.
    pub(crate) end_unreported: bool,
    /// The number of read passes at the last look, and since when there were no more.
    pub(crate) passes: u64,
    pub(crate) quiet_since: Option<Instant>,
    pub(crate) linger_since: Option<Instant>,
    /// The connection's progress at the last look, and since when it has not changed.
    pub(crate) progress: Progress,
    pub(crate) idle_since: Option<Instant>,
    /// Since when commands have waited that no thread runs.
    pub(crate) unheard_since: Option<Instant>,
    /// The program was told of such commands.
    pub(crate) unheard_reported: bool,
}

impl Tended {
    pub(crate) fn new(watched: bool) -> Self {
        Tended { watched, ..Tended::default() }
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Whether the state has something to ask of the watchman that the watchman does not know yet.
    #[inline]
    pub(crate) fn asks(&self) -> bool {
        // Every release of the lock checks this: so the flags lie side by side in memory and are
        // compared as two words.
        let left = packed([self.left_unflushed, self.helm_left_free, self.lingers, self.stops]);
        let told = packed([self.ticks, self.listed, self.linger_known, self.stop_known]);
        left & !told != 0 && self.watched
    }

    /// How soon the watchman must look; `None` if it knows of everything that is left to it.
    pub(crate) fn arrange(&mut self, snapshot: &Snapshot, now: Instant) -> Option<Duration> {
        let bytes = self.left_unflushed && snapshot.is_unflushed;
        let helm = self.helm_left_free && snapshot.is_helm_free && !snapshot.is_closed;
        let lingers = self.lingers && !snapshot.end_of_input;
        // An ended connection is looked at soon, however long it was to be left alone.
        let linger = lingers && !self.linger_known;
        let stop = self.stops && !self.stop_known && !snapshot.is_closed;
        if !((bytes && !self.ticks) || (helm && !self.listed) || linger || stop) {
            return None;
        }
        if !self.listed {
            // The time for which the helm is unread counts from now, not from the watchman's first
            // look.
            self.passes = snapshot.passes;
            self.quiet_since = Some(now);
        }
        self.listed = true;
        self.ticks |= bytes;
        self.linger_known |= linger;
        self.stop_known |= stop;
        let after = if linger { LINGER_TICK } else { UNREAD };
        Some(if bytes { WRITE_TICK } else { after })
    }

    /// Notes that the watchman is about to put the connection on its list.
    pub(crate) fn set_listed(&mut self) {
        self.listed = true;
    }

    /// Notes that the watchman could not be asked: the next release asks again.
    pub(crate) fn was_not_heard(&mut self) {
        self.listed = false;
        self.ticks = false;
        self.linger_known = false;
        self.stop_known = false;
    }
}

/// Four flags as one number, a byte each.
#[inline]
fn packed([a, b, c, d]: [bool; 4]) -> u32 {
    u32::from_ne_bytes([u8::from(a), u8::from(b), u8::from(c), u8::from(d)])
}
