//! The handover of the listening socket to another process, and whether this process accepts
//! newcomers meanwhile. What is sent to the other process is the business of `local`.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
#[cfg(unix)]
use std::time::{Duration, Instant};

use super::Listener;

/// How often `wait_until_heard` looks for strangers.
#[cfg(unix)]
const LOOK: Duration = Duration::from_millis(2);

/// The value of `unheard` until the accepting thread has seen that this process does not accept.
const NOT_SEEN: usize = usize::MAX;

/// The states of a handover.
mod relay {
    /// No handover has begun, or the last one has failed.
    pub(super) const NONE: u8 = 0;
    /// The other process is awaited, and this process does not accept.
    #[cfg(unix)]
    pub(super) const PAUSED: u8 = 1;
    /// The other process has taken this one's place.
    pub(super) const DONE: u8 = 2;
    /// The other process is awaited for long, and this process accepts meanwhile.
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
    /// One of the constants of `relay`.
    state: AtomicU8,
    /// How many strangers there were when the accepting thread last saw that this process does not
    /// accept; `NOT_SEEN` before.
    unheard: AtomicUsize,
}

impl Default for Handover {
    fn default() -> Self {
        let (state, unheard) = (AtomicU8::new(relay::NONE), AtomicUsize::new(NOT_SEEN));
        Handover { state, unheard }
    }
}

impl Listener {
    /// Accepts nobody any more, because the socket is being handed over. False if a handover is
    /// under way or done.
    #[cfg(unix)]
    pub(in super::super) fn pause(&self) -> bool {
        self.change_relay(relay::NONE, relay::PAUSED)
    }

    /// Accepts again until `pause_again`, because the other process takes long.
    #[cfg(unix)]
    pub(in super::super) fn accept_meanwhile(&self) {
        self.change_relay(relay::PAUSED, relay::AWAITED);
    }

    /// Ends `accept_meanwhile`.
    #[cfg(unix)]
    pub(in super::super) fn pause_again(&self) {
        self.change_relay(relay::AWAITED, relay::PAUSED);
    }

    /// Changes the state if it is `from`. False if it is another one.
    #[cfg(unix)]
    fn change_relay(&self, from: u8, to: u8) -> bool {
        let order = Ordering::SeqCst;
        self.handover.unheard.store(NOT_SEEN, order);
        let changed = self.handover.state.compare_exchange(from, to, order, order).is_ok();
        self.wake();
        changed
    }

    /// Accepts again, because the handover has failed.
    #[cfg(unix)]
    pub(in super::super) fn resume(&self) {
        self.handover.state.store(relay::NONE, Ordering::SeqCst);
        self.wake();
    }

    /// Notes that the other process has taken the socket's place.
    #[cfg(unix)]
    pub(in super::super) fn note_relayed(&self) {
        self.handover.state.store(relay::DONE, Ordering::SeqCst);
    }

    /// Whether another process has taken the socket's place.
    pub(in super::super) fn is_relayed(&self) -> bool {
        self.handover.state.load(Ordering::SeqCst) == relay::DONE
    }

    /// Whether this process accepts newcomers. The accepting thread asks this, and hands in the
    /// number of strangers.
    pub(in super::super) fn accepts(&self, strangers: usize) -> bool {
        let accepts = relay::accepts(self.handover.state.load(Ordering::SeqCst));
        if !accepts {
            self.handover.unheard.store(strangers, Ordering::SeqCst);
        }
        accepts
    }

    /// Waits, at most for `most`, until every stranger has greeted or was turned away.
    #[cfg(unix)]
    pub(in super::super) fn wait_until_heard(&self, most: Duration) {
        let begin = Instant::now();
        while self.handover.unheard.load(Ordering::SeqCst) > 0 && begin.elapsed() < most {
            std::thread::sleep(LOOK);
        }
    }
}
