//! The one way to wait on a connection.

use std::time::Instant;

use super::Lien;
use super::lock::Locked;
use super::parker::Parker;
use super::route::Router;
use super::sleepers::Sleep;
use super::state::State;
use crate::sync::{Deadline, Rule, holds};

/// Bytes read at most by a look at what is there: a peer that sends all the time is no reason to
/// outlast a deadline.
const LOOK_BUDGET: usize = 1 << 20;

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    Done,
    Closed,
    Expired,
}

impl Lien {
    /// Waits until `done`, the end of the connection, or the deadline.
    ///
    /// The thread writes what nobody writes, reads where nobody reads (if input can end its
    /// wait), and sleeps otherwise. No wait that input can end is given up without a last look at
    /// what is there. Whatever ended the wait, the baton is passed on.
    #[inline]
    pub(super) fn wait<'a>(
        &'a self,
        mut state: Locked<'a>,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: impl Fn(&State) -> bool,
    ) -> (Locked<'a>, Waited) {
        let (mut expired, mut handed_over) = (false, false);
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
                Some(inbox) => self.read_pass(state, inbox, deadline, Router::Waits),
                None => self.sleep(state, sleep, deadline.moment()),
            };
            if expired && sleep.reads() {
                state = self.look(state);
            }
        };
        if holds(Rule::Baton) {
            state.pass_on();
        }
        (state, waited)
    }

    /// Takes in what is there to read, without waiting, unless somebody else is at the helm: he
    /// takes it in. Nor is a look in vain a sign for the watchman that somebody reads here.
    #[cold]
    pub(super) fn look<'a>(&'a self, mut state: Locked<'a>) -> Locked<'a> {
        let Some(inbox) = state.take_helm() else { return state };
        let passes = state.passes;
        let read;
        (state, read) = self.read_ready(state, inbox, LOOK_BUDGET);
        if read == 0 {
            state.passes = passes;
        }
        state
    }

    /// Sleeps until woken or until the deadline; says whether the deadline has passed.
    pub(super) fn sleep<'a>(
        &'a self,
        mut state: Locked<'a>,
        sleep: Sleep,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, bool) {
        let parker = Parker::mine();
        state.sleepers.push(parker.clone(), sleep);
        drop(state);
        parker.park(deadline);
        state = self.lock();
        state.sleepers.remove(&parker);
        (state, is_past(deadline))
    }
}

pub(super) fn is_past(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| crate::sync::now() >= deadline)
}
