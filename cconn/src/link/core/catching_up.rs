//! The threads that wait until every command that had arrived is handled.
//!
//! Commands are numbered as they arrive. A thread that catches up notes how many had arrived and
//! how many of those are not handled yet; each of those is struck off once it is handled, cancelled
//! or refused.

/// The threads that catch up on one connection, one mark each.
#[derive(Debug, Default)]
pub(crate) struct CatchingUp {
    marks: Vec<Mark>,
    next: u64,
}

#[derive(Debug)]
struct Mark {
    id: u64,
    /// Commands with a lower number had arrived.
    below: u64,
    /// How many of those are not handled yet.
    left: usize,
}

impl CatchingUp {
    /// Whether no thread catches up: then handled commands need not be struck off.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Begins the wait of a thread for the commands with numbers lower than `below`, of which `left`
    /// are not handled. Returns the id of its mark.
    pub(crate) fn begin(&mut self, left: usize, below: u64) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.marks.push(Mark { id: self.next, below, left });
        self.next
    }

    /// Strikes a handled command off every mark; true if a mark has nothing left to wait for.
    #[cold]
    pub(crate) fn strike_off(&mut self, number: u64) -> bool {
        let mut caught_up = false;
        for mark in &mut self.marks {
            // A command with a higher number came after the wait had begun.
            if number < mark.below {
                mark.left = mark.left.saturating_sub(1);
                caught_up |= mark.left == 0;
            }
        }
        caught_up
    }

    /// Whether all that the mark waits for is handled.
    pub(crate) fn has_caught_up(&self, id: u64) -> bool {
        // A mark that is gone waits for nothing.
        self.marks.iter().all(|mark| mark.id != id || mark.left == 0)
    }

    /// Takes the mark out; true if all that it waited for is handled.
    pub(crate) fn end(&mut self, id: u64) -> bool {
        let done = self.has_caught_up(id);
        self.marks.retain(|mark| mark.id != id);
        done
    }
}
