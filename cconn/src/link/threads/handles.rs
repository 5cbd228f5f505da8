//! The program's handles to a connection, and the stop that begins without a wait.

use std::sync::atomic::Ordering;

use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::wire::EndReason;

/// One handle of the program's, in the count of handles.
const ONE: u64 = 1;

/// The handle that a running command holds: a handle, and also one of a command's.
const OF_COMMAND: u64 = ONE + (1 << 32);

/// All handles of a count, and those of them that running commands hold.
fn parts(count: u64) -> (u64, u64) {
    (count & u64::from(u32::MAX), count >> 32)
}

impl Link {
    /// Counts one more handle of the program's.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(ONE, Ordering::Relaxed);
    }

    /// Counts the handle of a command that begins to run.
    pub(super) fn add_handle_of_command(&self) {
        self.handles.fetch_add(OF_COMMAND, Ordering::Relaxed);
    }

    /// Counts one more handle; false if the connection ends with its handles and has none left.
    pub(crate) fn add_handle_if_any(&self) -> bool {
        let more =
            |count: u64| (count > 0 || !self.ends_with_handles).then_some(count.wrapping_add(ONE));
        self.handles.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// Counts one handle of the program's less. If it was the last one and the peer has taken up
    /// everything that was sent, the connection ends at once. True if it must be stopped in order
    /// instead, for example because only running commands hold handles any more.
    pub(in super::super) fn take_handle_off(&self) -> bool {
        let (all, of_commands) = parts(self.handles.fetch_sub(ONE, Ordering::AcqRel));
        // A command may drop a handle that the program gave it, and go on using its own.
        let last = all == of_commands.saturating_add(1);
        last && (all == 1 || !self.is_served_here()) && self.ends_without_handles()
    }

    /// Counts the handle of a command that has run less. True if the connection must be stopped in
    /// order, because no other handle is left.
    pub(super) fn take_handle_of_command_off(&self) -> bool {
        let (all, _) = parts(self.handles.fetch_sub(OF_COMMAND, Ordering::AcqRel));
        all == 1 && self.ends_without_handles()
    }

    /// Ends a connection whose handles are gone, if that loses nothing. True if it must be stopped
    /// in order instead.
    fn ends_without_handles(&self) -> bool {
        if !self.ends_with_handles || self.is_inherited() {
            return false;
        }
        self.locked_soon(|state| {
            // What has come and was not read is a command of the peer's, most likely.
            state.look();
            if state.ended().is_some() || !state.is_all_taken_up() {
                state.note_let_go();
                return !state.is_closed();
            }
            state.close(Ending::here(EndReason::Closed, ""));
            // If no other thread holds the connection either, it is gone before the watchman could
            // linger on it.
            if self.me.strong_count() <= 1 {
                state.do_not_linger();
            }
            false
        })
    }

    /// Begins the orderly stop: what has arrived is still run, what is queued is still sent.
    pub(crate) fn begin_stop(&self) {
        self.locked_soon(|state| {
            state.begin_stop_here();
            state.flush_ready();
        });
    }
}
