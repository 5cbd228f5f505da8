//! Where a call of the peer's is: the answer to its question.

use super::Turn;
use crate::link::core::told::Found;
use crate::wire::{CallId, Standing};

impl Turn {
    /// Looks for a call that the peer asks about. One that has not started is taken out.
    pub(crate) fn find(&mut self, call: CallId) -> Found {
        match self.served.ask(call) {
            Some(true) => return Found::Running,
            Some(false) => return Found::Nothing,
            None => {}
        }
        let Some(command) = self.backlog.remove(call) else { return Found::Nothing };
        let standing = if self.running > 0 {
            Standing::Unstarted { behind: self.last_started }
        } else if command.parallel && self.is_listening(&command) {
            // Too many run beside others already, or no thread is free.
            Standing::Unstarted { behind: 0 }
        } else {
            Standing::Unheard
        };
        Found::Withdrawn { command, standing }
    }
}
