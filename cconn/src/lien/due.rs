//! What must happen once the lock is released.

use std::sync::Arc;
use std::time::Duration;

use super::parker::Parker;

/// How the stream is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LastWords {
    /// Write out what is complete, and the goodbye in it, once and without blocking.
    Goodbye,
    /// End the writing side; all is written.
    EndOfStream,
    /// There is nobody to say anything to.
    None,
    /// Nor will there be, but what had arrived is still run before the end.
    HangUp,
}

/// Collected under the lock, carried out behind it.
#[derive(Debug, Default)]
pub(super) struct Due {
    first: Option<Arc<Parker>>,
    more: Vec<Arc<Parker>>,
    /// Stand-ins to start; they are counted as started already.
    pub(super) stand_ins: usize,
    pub(super) last_words: Option<LastWords>,
    /// Show why the connection ends.
    pub(super) shows_end: bool,
    /// Ask the watchman to look in so long at the latest.
    pub(super) watch: Option<Duration>,
}

impl Due {
    pub(super) fn wake(&mut self, parker: Arc<Parker>) {
        if self.first.is_none() {
            self.first = Some(parker);
        } else {
            self.more.push(parker);
        }
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
            && self.stand_ins == 0
            && self.last_words.is_none()
            && !self.shows_end
            && self.watch.is_none()
    }

    /// Ends the sleep of everyone who was taken off the list.
    pub(super) fn wake_all(&mut self) {
        for parker in self.first.take().into_iter().chain(self.more.drain(..)) {
            parker.unpark();
        }
    }
}
