//! What must happen once the lock is released.

use std::sync::Arc;
use std::time::Duration;

use crate::link::io::parker::Parker;

/// How the stream is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWords {
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
pub(crate) struct Due {
    first: Option<Arc<Parker>>,
    more: Vec<Arc<Parker>>,
    /// Stand-ins to start; they are counted as started already.
    pub(crate) stand_ins: usize,
    pub(crate) last_words: Option<LastWords>,
    /// Show why the connection ends.
    pub(crate) shows_end: bool,
    /// Ask the watchman to look in so long at the latest.
    pub(crate) watch: Option<Duration>,
    /// Whether any of these is set: every unlock asks.
    is_some: bool,
}

impl Due {
    pub(crate) fn wake(&mut self, parker: Arc<Parker>) {
        self.is_some = true;
        if self.first.is_none() {
            self.first = Some(parker);
        } else {
            self.more.push(parker);
        }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_some
    }

    pub(crate) fn start_stand_in(&mut self) {
        self.is_some = true;
        self.stand_ins = self.stand_ins.saturating_add(1);
    }

    pub(crate) fn say(&mut self, words: LastWords) {
        self.is_some = true;
        self.last_words = Some(words);
    }

    pub(crate) fn show_end(&mut self) {
        self.is_some = true;
        self.shows_end = true;
    }

    pub(crate) fn watch_in(&mut self, after: Duration) {
        self.is_some = true;
        self.watch = Some(after);
    }

    /// Ends the sleep of everyone who was taken off the list.
    pub(crate) fn wake_all(&mut self) {
        for parker in self.first.take().into_iter().chain(self.more.drain(..)) {
            parker.unpark();
        }
    }
}
