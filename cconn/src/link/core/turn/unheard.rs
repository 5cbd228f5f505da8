//! Commands that wait though nothing holds them up, because the program listens to none.

use super::Turn;

impl Turn {
    /// How many commands wait though none of them may start, because no thread is there for whose
    /// sake they would run.
    pub(crate) fn unheard(&self) -> usize {
        let front = self.backlog.front().or_else(|| self.backlog.aside_front());
        let unheard = front.is_some_and(|front| !self.held && !self.is_listening(front));
        if unheard { self.backlog.len() } else { 0 }
    }
}
