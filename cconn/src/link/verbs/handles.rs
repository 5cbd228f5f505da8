//! The end of the program's handles.

use crate::link::Link;
use crate::link::core::limits::LAST_GRACE;

impl Link {
    /// Drops a handle of the program's, after writing the bytes that were left to the watchman.
    pub(crate) fn let_go_of_handle(&self) {
        self.write_if_left();
        self.drop_handle();
    }

    /// Drops a handle of the program's. The last handle ends the connection: at once if the peer
    /// has taken up everything that was sent, else in order within `LAST_GRACE`.
    pub(crate) fn drop_handle(&self) {
        if self.take_handle_off() {
            self.stop(crate::sync::now().checked_add(LAST_GRACE));
        }
    }
}
