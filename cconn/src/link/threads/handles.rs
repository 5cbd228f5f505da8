//! The program's handles to a connection, and the stop that begins without a wait.

use std::sync::atomic::Ordering;

use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::wire::EndReason;

impl Link {
    /// The program has one more handle to this connection.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// The program has one more handle, unless the connection ends with its handles and there is
    /// none any more.
    pub(crate) fn add_handle_if_any(&self) -> bool {
        let more = |handles: usize| {
            (handles > 0 || !self.ends_with_handles).then_some(handles.wrapping_add(1))
        };
        self.handles.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// A handle of the program's is gone. With the last one the connection ends at once where the
    /// peer has taken up all that was sent; true where it is to be stopped in order instead.
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
            // Where nobody else holds it either it is gone before the watchman could look.
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
