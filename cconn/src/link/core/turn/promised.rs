//! Calls whose commands have left the answer to a promise.
//!
//! Such a call runs on in the table of calls, without a thread and without a turn, until the promise
//! is kept or dropped: a cancel finds it there, and the goodbye waits for it.

use super::Turn;
use crate::link::core::served::Owed;
use crate::wire::CallId;

impl Turn {
    // [order.later]
    /// Gives a running call a promise; false if it has one already.
    pub(crate) fn promise(&mut self, call: CallId) -> bool {
        self.served.promise(call)
    }

    /// Takes the right to answer a call out of its promise; false if there is none any more.
    pub(crate) fn keep_promise(&mut self, call: CallId) -> bool {
        self.served.keep_promise(call)
    }

    /// Notes that a command, which has not returned, has let go of its promise.
    pub(crate) fn drop_promise(&mut self, call: CallId) {
        self.served.drop_promise(call);
    }

    /// Whether a command has returned, and its promise is open.
    pub(crate) fn is_promised(&self, call: CallId) -> bool {
        self.served.is_promised(call)
    }

    /// What is owed to the caller of a command that leaves its answer to its promise.
    pub(crate) fn left_to_promise(&self, call: CallId) -> Owed {
        self.served.left_to_promise(call)
    }

    /// What is owed to the caller of a command that has failed. Its promise is void.
    pub(crate) fn failed(&mut self, call: CallId) -> Owed {
        self.served.failed(call)
    }

    /// Makes every promise void.
    pub(crate) fn void_promises(&mut self) {
        self.served.void_promises();
    }
}
