//! The peer's calls that run here, and which of them the peer has given up.

use super::command::Command;
use crate::wire::CallId;

/// What a cancel has met.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// A call that had not started, and never will.
    Unstarted(Command),
    /// A call that runs and was wanted until now.
    Running,
    Nothing,
}

/// A call that runs.
#[derive(Debug)]
struct Running {
    call: CallId,
    cancelled: bool,
    /// The peer has asked where the call is.
    asked: bool,
}

/// The calls that run; one-way messages are not listed.
#[derive(Debug, Default)]
pub(crate) struct Served(Vec<Running>);

impl Served {
    /// Notes that a command has started.
    #[inline]
    // [call.id-any]
    pub(crate) fn begin(&mut self, call: Option<CallId>) {
        if let Some(call) = call {
            if self.0.capacity() == 0 {
                // Most connections run one call at a time.
                self.0.reserve_exact(1);
            }
            self.0.push(Running { call, cancelled: false, asked: false });
        }
    }

    /// Notes that a command has returned.
    #[inline]
    pub(crate) fn end(&mut self, call: Option<CallId>) {
        if let Some(call) = call {
            // If only one call runs, the search ends at its first element.
            if let Some(at) = self.0.iter().position(|running| running.call == call) {
                self.0.swap_remove(at);
            }
        }
    }

    /// Marks a running call as given up by the peer; true if it was not before, `None` if no such
    /// call runs.
    // [cancel.running]
    pub(crate) fn cancel(&mut self, call: CallId) -> Option<bool> {
        let running = self.0.iter_mut().find(|running| running.call == call)?;
        Some(!std::mem::replace(&mut running.cancelled, true))
    }

    /// Notes that the peer asks about a call: whether it does so for the first time. `None` if no
    /// such call runs.
    pub(crate) fn ask(&mut self, call: CallId) -> Option<bool> {
        let running = self.0.iter_mut().find(|running| running.call == call)?;
        Some(!std::mem::replace(&mut running.asked, true))
    }

    pub(crate) fn is_cancelled(&self, call: CallId) -> bool {
        self.0.iter().any(|running| running.call == call && running.cancelled)
    }
}
