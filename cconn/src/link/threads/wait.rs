//! The one way to wait on a connection.

use std::time::Duration;

use crate::link::Link;
use crate::link::core::route::Router;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds};
use crate::transport::Ready;

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

impl Link {
    /// Waits until `done`, the end of the connection, or the deadline.
    ///
    /// The thread writes what nobody writes, reads where nobody reads (if input can end its
    /// wait), and sleeps otherwise. No wait that input can end is given up without a last look at
    /// what is there, or time for whoever is at the helm to take it in. Whatever ended the wait, the
    /// baton is passed on.
    #[inline]
    pub(in super::super) fn wait<'a>(
        &'a self,
        mut state: Locked<'a>,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: impl Fn(&State) -> bool,
    ) -> (Locked<'a>, Waited) {
        let (mut expired, mut handed_over, mut is_patient) = (false, false, true);
        let waited = loop {
            if done(&state) {
                break Waited::Done;
            }
            if state.ended().is_some() && (!sleep.outlasts_the_end() || state.is_closed()) {
                break Waited::Closed;
            }
            if expired {
                break Waited::Expired;
            }
            if state.is_unflushed() && !handed_over {
                state = self.flush(state, deadline);
                // A flush that gave up at the deadline leaves the rest to the watchman, one that
                // handed over to the thread it woke.
                expired = state.is_unflushed() && deadline.has_passed();
                handed_over = state.is_unflushed();
                continue;
            }
            handed_over = false;
            deadline.begin();
            let helm = if sleep.reads() { state.take_helm() } else { None };
            (state, expired) = match helm {
                Some(reader) => self.read_pass(state, reader, deadline, Router::Waits),
                None => self.sleep(state, sleep, deadline.moment()),
            };
            if expired && sleep.reads() {
                if is_patient && !state.is_helm_free() {
                    is_patient = false;
                    (state, expired) = self.is_over(state, deadline);
                }
                if expired {
                    state = self.look(state);
                }
            }
        };
        if holds(Rule::Baton) {
            state.pass_on();
        }
        (state, waited)
    }

    /// Whether a wait whose deadline has passed is over, while somebody else is at the helm.
    ///
    /// A thread that overslept (the process was stopped, or the machine is busy) may be awake before
    /// the one that reads, with its answer in the socket. It waits once more, for as long as it
    /// overslept at most: by then that one has been awake too.
    #[cold]
    fn is_over<'a>(&'a self, state: Locked<'a>, deadline: &mut Deadline) -> (Locked<'a>, bool) {
        let now = crate::sync::now();
        let late = deadline.moment().map_or(Duration::ZERO, |moment| now.duration_since(moment));
        if late < OVERSLEPT {
            return (state, true);
        }
        drop(state);
        let wanted = Ready { readable: true, writable: false };
        let is_there = self.io.poll(wanted, Some(now)).is_ok_and(|ready| ready.readable);
        let patience = if is_there { PATIENCE } else { LITTLE_PATIENCE };
        *deadline = now.checked_add(late.min(patience)).into();
        (self.lock(), false)
    }
}
