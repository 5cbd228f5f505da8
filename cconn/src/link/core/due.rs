//! What must happen once the lock is released.

use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

use crate::sync::Parker;

/// How the stream is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LastWords {
    /// Write the complete frames and the goodbye after them, once and without blocking.
    Goodbye,
    /// End the writing side; everything is written.
    EndOfStream,
    /// Say nothing: there is no peer to say it to.
    None,
    /// Say nothing either, but first run the commands that had arrived.
    HangUp,
}

/// Work that is collected while the lock is held and carried out after its release.
#[derive(Debug, Default)]
pub(crate) struct Due {
    // Most releases wake at most one thread, and this field takes it without an allocation.
    first: Option<Arc<Parker>>,
    more: Vec<Arc<Parker>>,
    /// Stand-ins to start; the state counts them as started already.
    stand_ins: usize,
    /// Whether the lookout's thread is to be started; the state counts it as started already.
    lookout: bool,
    /// Wakers of the program's that are to be called.
    wakers: Vec<Waker>,
    last_words: Option<LastWords>,
    /// Whether to show why the connection ends.
    shows_end: bool,
    /// Ask the watchman to look at the connection within this time.
    watch: Option<Duration>,
    /// Whether any other field is set: this one is checked at every release of the lock.
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

    pub(crate) fn start_lookout(&mut self) {
        self.is_some = true;
        self.lookout = true;
    }

    /// Has these wakers called.
    pub(crate) fn call(&mut self, wakers: Vec<Waker>) {
        self.is_some = true;
        self.wakers.extend(wakers);
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
        self.watch = Some(self.watch.map_or(after, |earlier| earlier.min(after)));
    }

    /// How many stand-ins to start.
    pub(crate) fn stand_ins(&self) -> usize {
        self.stand_ins
    }

    /// Whether to start the lookout's thread.
    pub(crate) fn starts_lookout(&self) -> bool {
        self.lookout
    }

    /// Takes out the program's wakers that are to be called.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }

    /// How the stream is ended, if it is.
    pub(crate) fn last_words(&self) -> Option<LastWords> {
        self.last_words
    }

    /// Within which time the watchman must look at the connection.
    pub(crate) fn watch(&self) -> Option<Duration> {
        self.watch
    }

    /// Whether threads that ask without the lock are to be shown why the connection ends.
    pub(crate) fn tells_end(&self) -> bool {
        self.shows_end || self.last_words.is_some()
    }

    /// Takes out the parkers of all threads that were taken off the list: each is to be unparked.
    pub(crate) fn take_woken(&mut self) -> impl Iterator<Item = Arc<Parker>> {
        self.first.take().into_iter().chain(self.more.drain(..))
    }
}
