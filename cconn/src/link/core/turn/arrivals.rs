//! Commands by the number of their arrival, and which ones are run though no thread waits any more.

use crate::link::core::command::Command;

/// `owed <= arrived`
#[derive(Debug, Default)]
pub(super) struct Arrivals {
    /// The number of commands that have arrived.
    arrived: u64,
    /// The number of commands that arrived while a thread was there to run them for. They are run
    /// even if no such thread is left.
    owed: u64,
}

impl Arrivals {
    /// Counts an arrival, and returns its number.
    #[inline]
    pub(super) fn number(&mut self) -> u64 {
        let number = self.arrived;
        self.arrived = self.arrived.wrapping_add(1);
        number
    }

    /// How many commands have arrived.
    pub(super) fn count(&self) -> u64 {
        self.arrived
    }

    /// Decides that every command that has arrived by now is run, even if no thread is left for it.
    #[inline]
    pub(super) fn owe_all(&mut self) {
        self.owed = self.arrived;
    }

    /// Whether a command is run even if no thread is left for it.
    #[inline]
    pub(super) fn is_owed(&self, command: &Command) -> bool {
        command.number < self.owed
    }
}
