//! The connection's one lock, and what is carried out when it is released.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use super::shared::Shared;
use crate::link::Link;
use crate::link::core::due::{Due, LastWords};
use crate::link::core::state::State;
use crate::sync::{MutexGuard, Purpose};

/// How soon the layer above is told of the end again, where it had no thread for it.
pub(in super::super) const TELL_AGAIN: Duration = Duration::from_millis(10);

/// The locked state. Dropping it releases the lock and then wakes whoever is to be woken.
pub(in super::super) struct Locked<'a> {
    link: &'a Link,
    /// Always there until dropped.
    shared: Option<MutexGuard<'a, Shared>>,
}

impl Link {
    #[inline]
    pub(in super::super) fn lock(&self) -> Locked<'_> {
        Locked { link: self, shared: Some(self.state.lock()) }
    }

    /// The lock, unless somebody has it.
    #[inline]
    pub(in super::super) fn try_lock(&self) -> Option<Locked<'_>> {
        self.state.try_lock().map(|shared| Locked { link: self, shared: Some(shared) })
    }
}

impl Link {
    /// Whether somebody has the lock just now: whoever asks of many connections looks at the
    /// others first.
    pub(crate) fn is_busy(&self) -> bool {
        self.state.try_lock().is_none()
    }
}

impl Locked<'_> {
    #[expect(clippy::expect_used, reason = "the guard is taken out by drop alone")]
    #[inline]
    pub(super) fn shared(&mut self) -> &mut Shared {
        self.shared.as_deref_mut().expect("locked until dropped")
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    #[expect(clippy::expect_used, reason = "the guard is taken out by drop alone")]
    #[inline]
    fn deref(&self) -> &State {
        &self.shared.as_deref().expect("locked until dropped").state
    }
}

impl DerefMut for Locked<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        &mut self.shared().state
    }
}

impl<'a> Drop for Locked<'a> {
    #[inline]
    fn drop(&mut self) {
        let quiet = |shared: &MutexGuard<'a, Shared>| {
            shared.state.due.is_empty() && !shared.state.tended.asks()
        };
        if self.shared.as_ref().is_none_or(quiet) {
            return;
        }
        if let Some(shared) = self.shared.take() {
            self.link.release(shared);
        }
    }
}

impl Link {
    /// Releases the lock and carries out what was left for then.
    #[cold]
    fn release(&self, mut shared: MutexGuard<'_, Shared>) {
        let state = &mut shared.state;
        if state.tended.asks() {
            state.arrange_watch();
        }
        if state.due.is_empty() {
            return;
        }
        let due = std::mem::take(&mut state.due);
        if due.shows_end || due.last_words.is_some() {
            *self.shown.lock() = state.ended().cloned();
        }
        drop(shared);
        self.carry_out(due);
    }
}

impl Link {
    fn carry_out(&self, mut due: Due) {
        due.take_woken().for_each(|parker| parker.unpark());
        if let Some(after) = due.watch {
            self.call_watchman(after);
        }
        for _ in 0..due.stand_ins {
            self.start_stand_in();
        }
        match due.last_words {
            None => return,
            Some(LastWords::HangUp) if self.is_inherited() => return,
            Some(LastWords::HangUp) => return self.io.shutdown(),
            // The stream is the parent's, who goes on using it.
            Some(_) if self.is_inherited() => {}
            Some(LastWords::Goodbye) => self.say_goodbye(),
            Some(LastWords::EndOfStream) => self.end_stream(),
            Some(LastWords::None) => self.close_stream(),
        }
        // A connection ends once.
        self.tell_end();
    }

    /// Tells the layer above of the end, until it has heard.
    pub(in super::super) fn tell_end(&self) {
        if let Some(link) = self.me.upgrade() {
            if self.commands.ended(&link) {
                return;
            }
            self.state.lock().state.tended.end_untold = true;
            self.call_watchman(TELL_AGAIN);
        }
    }

    /// Ends the writing side; where the peer has ended its own, nothing is left to wait for.
    pub(in super::super) fn end_stream(&self) {
        self.io.shutdown_write();
        if self.lock().goodbye.end_of_input {
            self.close_stream();
        }
    }

    fn start_stand_in(&self) {
        let Some(link) = self.me.upgrade() else { return };
        loop {
            let (name, link) = (self.identity.stand_in_name(), link.clone());
            let (purpose, stack) = (Purpose::StandIn, self.limits.stack);
            let started = crate::sync::spawn_for(purpose, name, stack, move || link.stand_in());
            if started.is_ok() || !self.refuse_front() {
                return;
            }
        }
    }

    /// Asks the watchman to look after this connection, in so long at the latest.
    pub(in super::super) fn call_watchman(&self, after: Duration) {
        let Some(watch) = &self.watch else { return };
        if watch.look_after(&self.me, after) {
            return;
        }
        // The next unlock asks again, and not this one: so not by `Locked`.
        self.state.lock().state.tended.was_not_heard();
    }
}
