//! The program's handles to a connection, and the stop that begins without a wait.

use std::sync::atomic::Ordering;

use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::wire::EndReason;

impl Link {
    /// Counts one more handle of the program's.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts one more handle; false if the connection ends with its handles and has none left.
    pub(crate) fn add_handle_if_any(&self) -> bool {
        let more = |handles: usize| {
            (handles > 0 || !self.ends_with_handles).then_some(handles.wrapping_add(1))
        };
        self.handles.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// Counts one handle less. If it was the last one and the peer has taken up everything that was
    /// sent, the connection ends at once. True if it must be stopped in order instead.
    pub(in super::super) fn take_handle_off(&self) -> bool {
        let last = self.handles.fetch_sub(1, Ordering::AcqRel) == 1;
        if !last || !self.ends_with_handles || self.is_inherited() {
            return false;
        }
        self.locked_soon(|state| {
            if state.ended().is_some() || !state.is_all_taken_up() {
                return !state.is_closed();
            }
            state.close(Ending::here(EndReason::Closed, ""));
            // If no other thread holds the connection either, it is gone before the watchman could
            // linger on it.
            state.tended.lingers &= self.me.strong_count() > 1;
            false
        })
    }

    /// Begins the orderly stop: what has arrived is still run, what is queued is still sent.
    pub(crate) fn begin_stop(&self) {
        self.locked_soon(|state| {
            state.begin_stop();
            state.flush_ready();
        });
    }
}
