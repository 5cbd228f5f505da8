//! Bytes that are left to the watchman, to share a write with bytes that follow.

use crate::link::Link;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::Deadline;

/// What was appended last, before a thread flushes or goes on to something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Appended {
    /// A one-way message, or a call whose answer is waited for later.
    Message,
    /// The answers of commands that have returned; the next command is about to run.
    Answers,
}

impl Link {
    /// Flushes what was appended last, or leaves it to share a write with what follows; the watchman
    /// writes it within a millisecond.
    ///
    /// A lone message is written at once, a message of a burst is left. Answers are left before the
    /// next command runs if they are few: no thread may enter user code while bytes wait that no
    /// thread is in charge of.
    pub(in super::super) fn flush_or_leave(
        &self,
        state: &mut Locked<'_>,
        last: Appended,
        deadline: &mut Deadline,
    ) {
        let left = match last {
            Appended::Message => {
                self.may_leave(state) && !state.is_stopping() && self.leaves_message(state)
            }
            Appended::Answers => {
                !state.is_unflushed() || (self.may_leave(state) && self.leaves_answers(state))
            }
        };
        if !left {
            state.flush(deadline);
        }
    }

    /// Whether a message is one of a burst, and its bytes are left to the watchman.
    fn leaves_message(&self, state: &mut State) -> bool {
        if state.is_left_to_watchman() {
            // The burst goes on, and the watchman knows of it already.
            return self.is_kept_in_mind();
        }
        state.note_message(crate::sync::now()) && self.begin_leaving(state)
    }

    fn leaves_answers(&self, state: &mut State) -> bool {
        (state.is_left_to_watchman() && self.is_kept_in_mind()) || self.begin_leaving(state)
    }

    /// Leaves bytes to the watchman. False if the watchman belongs to a parent process, or if this
    /// thread's locals are gone: then no thread would write the bytes if the process ended with
    /// this thread.
    fn begin_leaving(&self, state: &mut State) -> bool {
        let watched = self.watch.as_ref().is_some_and(|watch| watch.is_of_this_process());
        if !watched || !self.is_kept_in_mind() {
            return false;
        }
        state.leave_to_watchman();
        self.set_left(true);
        true
    }

    /// How long a thread waits for a full socket that has other things to do: not at all, for the
    /// watchman writes what is left.
    pub(in super::super) fn patience(&self) -> Deadline {
        if self.watch.is_some() { Deadline::NO_TIME } else { Deadline::Never }
    }

    /// Whether bytes may wait for others: the watchman runs, and they are few.
    fn may_leave(&self, state: &State) -> bool {
        let is_watched = self.watch.as_ref().is_some_and(|watch| watch.is_there());
        is_watched && state.may_grow_burst()
    }
}
