//! The end of the program's handles.

use crate::link::Link;
use crate::link::core::limits::LAST_GRACE;

impl Link {
    /// The program lets go of a handle: what was sent and left to the watchman is written.
    pub(crate) fn let_go_of_handle(&self) {
        self.write_if_left();
        self.drop_handle();
    }

    /// A handle of the program's is gone. With the last one the connection ends: at once where
    /// the peer has taken up all that was sent, else in order but within `LAST_GRACE`.
    pub(crate) fn drop_handle(&self) {
        if self.take_handle_off() {
            self.stop(crate::sync::now().checked_add(LAST_GRACE));
        }
    }
}
