//! The listening socket on its way to another process, and who accepts meanwhile.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
#[cfg(unix)]
use std::time::{Duration, Instant};

use super::Listener;

/// How often the last strangers are looked at.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(2);

/// The accepting thread has not seen yet that nobody is accepted.
const NOT_SEEN: usize = usize::MAX;

/// Whether the socket is being handed to another process: it is not, it is, it was.
mod relay {
    pub(super) const NONE: u8 = 0;
    #[cfg(unix)]
    pub(super) const PAUSED: u8 = 1;
    pub(super) const DONE: u8 = 2;
    /// It is, and this process accepts meanwhile, because the other one takes long.
    #[cfg(unix)]
    pub(super) const AWAITED: u8 = 3;

    pub(super) fn accepts(state: u8) -> bool {
        #[cfg(unix)]
        let accepts = matches!(state, NONE | AWAITED);
        #[cfg(not(unix))]
        let accepts = state == NONE;
        accepts
    }
}

/// How far a handover has come.
pub(super) struct Handover {
    /// One of the states of `relay`.
    state: AtomicU8,
    /// How many strangers there were when the accepting thread last saw that nobody is accepted;
    /// `NOT_SEEN` before.
    unheard: AtomicUsize,
}

impl Default for Handover {
    fn default() -> Self {
        let (state, unheard) = (AtomicU8::new(relay::NONE), AtomicUsize::new(NOT_SEEN));
        Handover { state, unheard }
    }
}

impl Listener {
    /// Accepts nobody any more, for the socket is being handed over. False if it is already.
    #[cfg(unix)]
    pub(in super::super) fn pause(&self) -> bool {
        self.change_relay(relay::NONE, relay::PAUSED)
    }

    /// Accepts again until `pause_again`, because the other process takes long.
    #[cfg(unix)]
    pub(in super::super) fn accept_meanwhile(&self) {
        self.change_relay(relay::PAUSED, relay::AWAITED);
    }

    #[cfg(unix)]
    pub(in super::super) fn pause_again(&self) {
        self.change_relay(relay::AWAITED, relay::PAUSED);
    }

    /// False if the state was another one.
    #[cfg(unix)]
    fn change_relay(&self, from: u8, to: u8) -> bool {
        let order = Ordering::SeqCst;
        self.handover.unheard.store(NOT_SEEN, order);
        let changed = self.handover.state.compare_exchange(from, to, order, order).is_ok();
        self.wake();
        changed
    }

    /// Accepts again.
    #[cfg(unix)]
    pub(in super::super) fn resume(&self) {
        self.handover.state.store(relay::NONE, Ordering::SeqCst);
        self.wake();
    }

    #[cfg(unix)]
    pub(in super::super) fn note_relayed(&self) {
        self.handover.state.store(relay::DONE, Ordering::SeqCst);
    }

    /// Whether another process has taken the socket's place.
    pub(in super::super) fn is_relayed(&self) -> bool {
        self.handover.state.load(Ordering::SeqCst) == relay::DONE
    }

    /// Whether newcomers are accepted by this process. Asked by the accepting thread, which knows
    /// so many strangers.
    pub(in super::super) fn accepts(&self, strangers: usize) -> bool {
        let accepts = relay::accepts(self.handover.state.load(Ordering::SeqCst));
        if !accepts {
            self.handover.unheard.store(strangers, Ordering::SeqCst);
        }
        accepts
    }

    /// Waits, at most for `most`, until everybody who was accepted has greeted and has a place or
    /// was turned away.
    #[cfg(unix)]
    pub(in super::super) fn wait_until_heard(&self, most: Duration) {
        let begin = Instant::now();
        while self.handover.unheard.load(Ordering::SeqCst) > 0 && begin.elapsed() < most {
            std::thread::sleep(LOOK);
        }
    }
}
