//! The writer of a connection: whether a thread writes, and whether the socket takes anything.

use std::time::Instant;

/// What the flusher is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Flusher {
    /// No thread writes.
    #[default]
    Idle,
    /// A thread writes, or is about to.
    Writing,
    /// A thread met a full socket, and waits until the peer takes more.
    Blocked,
}

/// The thread that writes, and what became of its writes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    flusher: Flusher,
    /// Since when the socket has taken nothing, whichever thread tried.
    stuck_since: Option<Instant>,
    /// Why nothing can be written any more; `None` while something can.
    broken: Option<Box<str>>,
}

impl Writer {
    /// Whether no thread writes.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.flusher == Flusher::Idle
    }

    /// Whether the thread that writes waits for a full socket.
    #[inline]
    pub(crate) fn is_blocked(&self) -> bool {
        self.flusher == Flusher::Blocked
    }

    /// Notes that a thread becomes the flusher.
    #[inline]
    pub(crate) fn begin(&mut self) {
        self.flusher = Flusher::Writing;
    }

    /// Notes that the flusher has met a full socket. It goes on to write, or ends.
    pub(crate) fn block(&mut self) {
        self.flusher = Flusher::Blocked;
    }

    /// Notes that the flusher has ended.
    #[inline]
    pub(crate) fn end(&mut self) {
        self.flusher = Flusher::Idle;
    }

    /// Notes that a write has returned. `full_at`: the moment at which the socket took nothing. The
    /// write deadline runs from the first such write until a write takes something.
    #[inline]
    pub(crate) fn note(&mut self, full_at: Option<Instant>) {
        self.stuck_since = match full_at {
            Some(now) => self.stuck_since.or(Some(now)),
            None => None,
        };
    }

    /// Since when the socket has taken nothing; `None` if its last write took something.
    #[inline]
    pub(crate) fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    /// Notes that a write failed: nothing can be written any more. The first reason stays.
    pub(crate) fn break_off(&mut self, why: impl FnOnce() -> Box<str>) {
        self.broken.get_or_insert_with(why);
    }

    /// Why nothing can be written any more.
    pub(crate) fn broken(&self) -> Option<&str> {
        self.broken.as_deref()
    }

    /// Whether nothing can be written any more.
    #[inline]
    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }
}
