//! What a connection asks of the watchman, and what it remembers of him.

use std::time::{Duration, Instant};

/// How often bytes that were left unwritten are looked at.
pub(crate) const WRITE_TICK: Duration = Duration::from_millis(1);

/// How long a helm stays free and unread before the watchman reads in its place.
pub(crate) const UNREAD: Duration = Duration::from_millis(100);

/// How often a connection that lingers after its end is read out.
pub(crate) const LINGER_TICK: Duration = Duration::from_millis(10);

/// What a connection has come to: where it stays the same nothing was sent, and no command came.
pub(crate) type Progress = [u64; 4];

/// What of the connection decides whether the watchman is asked.
pub(crate) struct Seen {
    /// Bytes wait to be written and nobody writes.
    pub(crate) is_unflushed: bool,
    /// Nobody reads.
    pub(crate) is_helm_free: bool,
    pub(crate) is_closed: bool,
    pub(crate) end_of_input: bool,
    /// Read passes that have ended.
    pub(crate) passes: u64,
}

/// What one connection tells the watchman, and remembers of it.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Tended {
    /// Bytes were left in the outbox with nobody at it.
    pub(crate) left_unflushed: bool,
    /// The helm was left free with nobody to take it.
    pub(crate) helm_left_free: bool,
    /// The connection has ended on this side and reads out what the peer still sends.
    pub(crate) lingers: bool,
    /// The connection is being stopped, which must not last longer than its grace period.
    pub(crate) stops: bool,
    /// The watchman knows of the first: he looks for bytes that wait, every `WRITE_TICK`.
    pub(crate) ticks: bool,
    /// The watchman knows of the second: he has the connection on his list.
    pub(crate) listed: bool,
    /// The watchman knows of the third.
    linger_told: bool,
    /// The watchman knows of the fourth.
    stop_told: bool,
    /// There is a watchman for it.
    watched: bool,
    /// Looks in vain since the watchman last found bytes that waited.
    pub(crate) in_vain: u8,
    /// The layer above could not begin what is to be done at the end.
    pub(crate) end_untold: bool,
    /// Read passes when last seen, and since when there were no more.
    pub(crate) passes: u64,
    pub(crate) quiet_since: Option<Instant>,
    pub(crate) linger_since: Option<Instant>,
    /// What the connection had come to when last seen, and since when that is so.
    pub(crate) progress: Progress,
    pub(crate) idle_since: Option<Instant>,
}

impl Tended {
    pub(crate) fn new(watched: bool) -> Self {
        Tended { watched, ..Tended::default() }
    }

    /// Whether there may be something to ask the watchman for that it does not know yet.
    #[inline]
    pub(crate) fn asks(&self) -> bool {
        // Every unlock asks: so they stand side by side in memory, and are loaded as two words.
        let left = word([self.left_unflushed, self.helm_left_free, self.lingers, self.stops]);
        let told = word([self.ticks, self.listed, self.linger_told, self.stop_told]);
        left & !told != 0 && self.watched
    }

    /// How soon the watchman must look, where something is left to him that he does not know of.
    pub(crate) fn arrange(&mut self, seen: &Seen) -> Option<Duration> {
        let bytes = self.left_unflushed && seen.is_unflushed;
        let helm = self.helm_left_free && seen.is_helm_free && !seen.is_closed;
        let lingers = self.lingers && !seen.end_of_input;
        // The end is soon looked at, however long the connection was to be let be.
        let linger = lingers && !self.linger_told;
        let stop = self.stops && !self.stop_told && !seen.is_closed;
        if !((bytes && !self.ticks) || (helm && !self.listed) || linger || stop) {
            return None;
        }
        if !self.listed {
            // The time that the helm stays unread counts from here, not from the first look.
            self.passes = seen.passes;
            self.quiet_since = Some(crate::sync::now());
        }
        self.listed = true;
        self.ticks |= bytes;
        self.linger_told |= linger;
        self.stop_told |= stop;
        let after = if linger { LINGER_TICK } else { UNREAD };
        Some(if bytes { WRITE_TICK } else { after })
    }

    /// The watchman is about to have it on its list.
    pub(crate) fn set_listed(&mut self) {
        self.listed = true;
    }

    /// There was nobody to ask.
    pub(crate) fn was_not_heard(&mut self) {
        self.listed = false;
        self.ticks = false;
        self.linger_told = false;
        self.stop_told = false;
    }
}

#[inline]
fn word([a, b, c, d]: [bool; 4]) -> u32 {
    u32::from_ne_bytes([u8::from(a), u8::from(b), u8::from(c), u8::from(d)])
}
