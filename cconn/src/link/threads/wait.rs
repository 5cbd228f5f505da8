//! The one way to wait on a connection.

use std::time::Duration;

use crate::link::core::route::Router;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds};
use crate::wire::CallId;

/// A thread that wakes this much later than its deadline was not run in time, and the thread at the
/// helm may not have been either.
const OVERSLEPT: Duration = Duration::from_millis(1);

/// The longest time that a thread which overslept waits for the pass of the thread at the helm.
const PATIENCE: Duration = Duration::from_secs(1);

/// The longest time if the socket holds no input: the pass may just have taken it.
const LITTLE_PATIENCE: Duration = Duration::from_millis(10);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Waited {
    Done,
    Closed,
    Expired,
}

impl Locked<'_> {
    /// Waits until `done` holds, the connection ends, or the deadline passes.
    ///
    /// The thread writes if bytes wait and no thread writes, reads if input can end its wait and no
    /// thread reads, and sleeps otherwise. A wait that input can end is not given up without a last
    /// look at the socket, or without leaving time for that to the thread at the helm. Whatever
    /// ended the wait, the baton is passed on.
    #[inline]
    pub(in super::super) fn wait(
        &mut self,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: impl Fn(&State) -> bool,
    ) -> Waited {
        self.wait_with(sleep, deadline, done, |_, _| false)
    }

    /// Waits for the answer of a call that ends with a short deadline. If the peer can be asked where
    /// the call is, it is asked shortly before the deadline: a call that it has not started ends
    /// then.
    #[cold]
    pub(in super::super) fn wait_and_ask(&mut self, call: CallId, deadline: &mut Deadline) {
        let mut before = if self.can_ask() { deadline.bring_forward() } else { Duration::ZERO };
        let answered = |state: &State| state.is_answered(call);
        self.wait_with(Sleep::Answer(call), deadline, answered, |state, deadline| {
            let is_near = !before.is_zero();
            if is_near {
                deadline.put_off(std::mem::take(&mut before));
                state.ask(call);
            }
            is_near
        });
    }

    /// Waits like `wait`. `near` is called when the deadline has passed; if it sets a later one and
    /// returns true, the wait goes on.
    #[inline]
    fn wait_with(
        &mut self,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: impl Fn(&State) -> bool,
        mut near: impl FnMut(&mut Self, &mut Deadline) -> bool,
    ) -> Waited {
        let (mut expired, mut handed_over, mut is_patient) = (false, false, true);
        let waited = loop {
            if done(self) {
                break Waited::Done;
            }
            if self.ended().is_some() && (!sleep.outlasts_the_end() || self.is_closed()) {
                break Waited::Closed;
            }
            if expired && !near(self, deadline) {
                break Waited::Expired;
            }
            if self.is_unflushed() && !handed_over {
                self.flush(deadline);
                // A flush that gave up at the deadline has left the rest to the watchman; a flush
                // that handed over has left it to the thread it woke.
                expired = self.is_unflushed() && deadline.has_passed();
                handed_over = self.is_unflushed();
                continue;
            }
            // After the next read or sleep this thread may write again.
            handed_over = false;
            deadline.begin();
            let helm = if sleep.reads() { self.take_helm() } else { None };
            expired = match helm {
                Some(reader) => self.read_pass(reader, deadline, Router::Waits),
                None => self.sleep(sleep, deadline.moment()),
            };
            if expired && sleep.reads() {
                // Once for each wait: a thread at the helm that never comes back must not hold this
                // one.
                if is_patient && !self.is_helm_free() {
                    is_patient = false;
                    expired = self.is_over(deadline);
                }
                if expired {
                    self.look();
                }
            }
        };
        if holds(Rule::Baton) {
            self.pass_on();
        }
        waited
    }

    /// Whether a wait whose deadline has passed is over, while another thread is at the helm.
    ///
    /// A thread that overslept (the process was stopped, or the machine is busy) may be awake
    /// before the thread that reads, while its answer is still in the socket. It waits once more,
    /// at most for as long as it overslept: by then the reading thread has been awake too.
    #[cold]
    fn is_over(&mut self, deadline: &mut Deadline) -> bool {
        let now = crate::sync::now();
        let late = deadline.moment().map_or(Duration::ZERO, |moment| now.duration_since(moment));
        if late < OVERSLEPT {
            return true;
        }
        let patience = if self.has_input(now) { PATIENCE } else { LITTLE_PATIENCE };
        *deadline = now.checked_add(late.min(patience)).into();
        false
    }
}
