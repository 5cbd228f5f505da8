//! The calls of the peer's that run here, and which of them nobody waits for any more.

use crate::wire::CallId;

#[derive(Debug)]
struct Running {
    call: CallId,
    cancelled: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Served(Vec<Running>);

impl Served {
    /// A command was started.
    #[inline]
    pub(crate) fn begin(&mut self, call: Option<CallId>) {
        if let Some(call) = call {
            if self.0.capacity() == 0 {
                // Most connections run one at a time.
                self.0.reserve_exact(1);
            }
            self.0.push(Running { call, cancelled: false });
        }
    }

    /// A command has returned.
    #[inline]
    pub(crate) fn end(&mut self, call: Option<CallId>) {
        if let Some(call) = call {
            // Where there is but one it is looked at first.
            if let Some(at) = self.0.iter().position(|running| running.call == call) {
                self.0.swap_remove(at);
            }
        }
    }

    /// Marks a call that runs; says whether it does.
    pub(crate) fn cancel(&mut self, call: CallId) -> bool {
        let running = self.0.iter_mut().find(|running| running.call == call);
        running.map(|running| running.cancelled = true).is_some()
    }

    pub(crate) fn is_cancelled(&self, call: CallId) -> bool {
        self.0.iter().any(|running| running.call == call && running.cancelled)
    }
}
