//! The one way to wait on a connection.

use std::time::{Duration, Instant};

use super::ambient::{Working, works};
use crate::link::Link;
use crate::link::core::route::Router;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds, now};
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
    /// The command that the thread works for is not wanted any more.
    Unwanted,
}

/// A thread that works for a command looks this often whether it is still wanted, while it waits on
/// another connection: nobody there knows of the command.
const LOOK: Duration = Duration::from_millis(250);

/// When a thread that works for a command looks again whether it is still wanted; a model never
/// looks.
pub(in super::super) fn next_look() -> Option<Instant> {
    if cfg!(model) { None } else { now().checked_add(LOOK) }
}

/// The part of a wait that passes before the thread looks again.
pub(super) fn slice_of(deadline: &mut Deadline) -> Deadline {
    deadline.begin();
    // A model would never end with such looks: there every wait is ended by what it waits for.
    if cfg!(model) || deadline.is_no_time() {
        return *deadline;
    }
    match deadline.rest() {
        Some(rest) if rest <= LOOK => *deadline,
        _ => Deadline::After(LOOK),
    }
}

/// A question about a call, which the peer is asked once.
struct Question {
    call: CallId,
    /// By how much the deadline is brought forward for it; zero if nothing is asked (any more).
    before: Duration,
}

impl Question {
    /// Puts the question, and the deadline off again, unless that was done.
    fn is_put(&mut self, state: &mut State, deadline: &mut Deadline) -> bool {
        let is_near = !self.before.is_zero();
        if is_near {
            deadline.put_off(std::mem::take(&mut self.before));
            state.ask(self.call);
        }
        is_near
    }
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
        self.wait_for(sleep, deadline, &done)
    }

    /// `wait`, once for all of them.
    fn wait_for(
        &mut self,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: &dyn Fn(&State) -> bool,
    ) -> Waited {
        self.wait_with(sleep, deadline, done, |_, _| false)
    }

    /// Waits for the answer of a call that ends with a short deadline. If the peer can be asked where
    /// the call is, it is asked shortly before the deadline: a call that it has not started ends
    /// then.
    #[cold]
    fn wait_and_ask(&mut self, call: CallId, deadline: &mut Deadline) -> Waited {
        let mut question = self.question(call, deadline);
        let answered = |state: &State| state.is_answered(call);
        self.wait_with(Sleep::Answer(call), deadline, answered, |state, deadline| {
            question.is_put(state, deadline)
        })
    }

    /// The question that is put to the peer shortly before the deadline, which it brings forward.
    fn question(&self, call: CallId, deadline: &mut Deadline) -> Question {
        let before = if self.can_ask() { deadline.bring_forward() } else { Duration::ZERO };
        Question { call, before }
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

    /// Waits on `link`, whose state this is, like `wait`. If the calling thread works for a command,
    /// the wait also ends when that command's outcome is not wanted any more.
    #[inline]
    pub(in super::super) fn wait_working(
        &mut self,
        link: &Link,
        sleep: Sleep,
        deadline: &mut Deadline,
        done: impl Fn(&State) -> bool,
    ) -> Waited {
        if works()
            && let Some(working) = Working::here()
        {
            return self.wait_wanted(link, sleep, (deadline, None), (&working, &done));
        }
        self.wait(sleep, deadline, done)
    }

    /// Waits like `wait_working` for the answer of a call. `asks`: the call ends with the deadline,
    /// so the peer may be asked about it before.
    #[inline]
    pub(in super::super) fn wait_for_answer(
        &mut self,
        link: &Link,
        call: CallId,
        asks: bool,
        deadline: &mut Deadline,
    ) -> Waited {
        let asks = asks && deadline.may_be_short();
        if works()
            && let Some(working) = Working::here()
        {
            let question = asks.then(|| self.question(call, deadline));
            let answered = |state: &State| state.is_answered(call);
            let (sleep, until) = (Sleep::Answer(call), (deadline, question));
            return self.wait_wanted(link, sleep, until, (&working, &answered));
        }
        if asks {
            return self.wait_and_ask(call, deadline);
        }
        // Compiled for itself: every plain call waits here.
        let answered = |state: &State| state.is_answered(call);
        self.wait_with(Sleep::Answer(call), deadline, answered, |_, _| false)
    }

    fn wait_wanted(
        &mut self,
        link: &Link,
        sleep: Sleep,
        (deadline, mut question): (&mut Deadline, Option<Question>),
        (working, done): (&Working, &dyn Fn(&State) -> bool),
    ) -> Waited {
        let is_here = working.is_of(link);
        let is_unwanted = |state: &State| is_here && state.is_given_up(working.call());
        loop {
            let mut slice = slice_of(deadline);
            let ends = |state: &State| done(state) || is_unwanted(state);
            let waited = self.wait(sleep, &mut slice, ends);
            if done(self) {
                return Waited::Done;
            }
            if is_unwanted(self) {
                return Waited::Unwanted;
            }
            if waited == Waited::Closed {
                return waited;
            }
            if deadline.has_passed() {
                let is_put = question.as_mut().is_some_and(|one| one.is_put(self, deadline));
                if !is_put {
                    return waited;
                }
            }
            // The command may belong to another connection, and no thread holds the locks of two.
            if self.unlocked(|| working.unwanted()).is_some() {
                return Waited::Unwanted;
            }
        }
    }

    /// Whether a wait whose deadline has passed is over, while another thread is at the helm.
    ///
    /// A thread that overslept (the process was stopped, or the machine is busy) may be awake
    /// before the thread that reads, while its answer is still in the socket. It waits once more,
    /// at most for as long as it overslept: by then the reading thread has been awake too.
    #[cold]
    fn is_over(&mut self, deadline: &mut Deadline) -> bool {
        let now = now();
        let late = deadline.moment().map_or(Duration::ZERO, |moment| now.duration_since(moment));
        if late < OVERSLEPT {
            return true;
        }
        let patience = if self.has_input(now) { PATIENCE } else { LITTLE_PATIENCE };
        *deadline = now.checked_add(late.min(patience)).into();
        false
    }
}
