//! Answers for which no call waits any more.

use super::Calls;

impl Calls {
    /// Whether more late answers have come than calls were given up: a peer that answers each call
    /// once sends no such answer.
    pub(crate) fn are_too_many_late(&self) -> bool {
        self.late > self.abandoned
    }
}
