//! The one way to wait on a connection.

use std::time::Duration;

use crate::link::core::route::Router;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds};

/// A thread that comes so much later than its deadline was not run in time, and whoever is at the
/// helm may not have been either.
const OVERSLEPT: Duration = Duration::from_millis(1);

/// How long a thread that overslept waits for the pass of whoever is at the helm, at most.
const PATIENCE: Duration = Duration::from_secs(1);

/// The same where the socket holds no input: the pass may just have taken it.
const LITTLE_PATIENCE: Duration = Duration::from_millis(10);

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Waited {
    Done,
    Closed,
    Expired,
}

impl Locked<'_> {
    /// Waits until `done`, the end of the connection, or the deadline.
    ///
    /// The thread writes what nobody writes, reads where nobody reads (if input can end its
    /// wait), and sleeps otherwise. No wait that input can end is given up without a last look at
    /// what is there, or time for whoever is at the helm to take it in. Whatever ended the wait, the
    /// baton is passed on.
    #[inline]
    pub(in super::super) fn wait(
        &mut self,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: impl Fn(&State) -> bool,
    ) -> Waited {
        let (mut expired, mut handed_over, mut is_patient) = (false, false, true);
        let waited = loop {
            if done(self) {
                break Waited::Done;
            }
            if self.ended().is_some() && (!sleep.outlasts_the_end() || self.is_closed()) {
                break Waited::Closed;
            }
            if expired {
                break Waited::Expired;
            }
            if self.is_unflushed() && !handed_over {
                self.flush(deadline);
                // A flush that gave up at the deadline leaves the rest to the watchman, one that
                // handed over to the thread it woke.
                expired = self.is_unflushed() && deadline.has_passed();
                handed_over = self.is_unflushed();
                continue;
            }
            handed_over = false;
            deadline.begin();
            let helm = if sleep.reads() { self.take_helm() } else { None };
            expired = match helm {
                Some(reader) => self.read_pass(reader, deadline, Router::Waits),
                None => self.sleep(sleep, deadline.moment()),
            };
            if expired && sleep.reads() {
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
    /// A thread that overslept (the process was stopped, or the machine is busy) may be awake before
    /// the one that reads, with its answer in the socket. It waits once more, for as long as it
    /// overslept at most: by then that one has been awake too.
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
