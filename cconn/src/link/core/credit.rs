//! What the peer may send: credit that is granted again as its commands are taken up.

use super::goodbye::Ending;
use super::state::State;
use crate::wire::{self, EndReason};

impl State {
    /// Notes that a command was started, cancelled or refused, and sends the grant that is due, if
    /// one is.
    #[inline]
    // [window.taken-up]
    pub(crate) fn take_up(&mut self, charge: u64) {
        if let Some(bytes) = self.window.taken_up(charge) {
            self.grant(bytes);
        }
    }

    /// Appends a grant, and cuts a peer that spends credit it never received.
    ///
    /// Each grant covers at least half the window, so an honest peer can have at most two unread
    /// ones. If a third comes due while the first is still unsent, the peer spends credit it never
    /// received: it is cut, or unread grants would pile up in the outbox.
    // [window.unwritten]
    fn grant(&mut self, bytes: u64) {
        let at = self.outbox.end();
        let [before_last, last] = self.grants_at;
        self.grants_at = [last, Some(at)];
        self.append_with(|out| wire::write_grant(out, 0, bytes));
        if before_last.is_some_and(|at| !self.outbox.may_have_left(at)) {
            let text = "commands came for a grant that had not left yet";
            self.close(Ending::here(EndReason::Window, text));
        }
    }
}
