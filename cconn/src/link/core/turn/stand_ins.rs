//! When a further thread is needed to run commands.

use super::{Startable, Turn};

impl Turn {
    /// Whether one more thread is needed for what can start: no runner is free, or none of the
    /// right kind. A free runner that is awake looks at the queue before it sleeps.
    pub(crate) fn needs_stand_in(&self) -> bool {
        if self.stand_ins >= self.pumps.most_stand_ins(self.max_waiting, self.max_parallel) {
            return false;
        }
        match self.startable() {
            Startable::Nothing => false,
            Startable::ByAnyone => self.occupied() >= self.executors.saturating_add(self.stand_ins),
            // It is not known whether the executor is inside a handler; one thread too many does no
            // harm.
            Startable::ByStandIn => self.pumps.are_all_busy(self.occupied(), self.stand_ins),
        }
    }
}
