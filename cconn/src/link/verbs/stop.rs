//! Ending a connection from this side.

use std::time::{Duration, Instant};

use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::Locked;
use crate::link::threads::handler;
use crate::link::threads::wait::{LOOK_BUDGET, Waited, is_past};
use crate::link::{Aside, Chained, Link};
use crate::sync::Deadline;
use crate::wire::EndReason;

/// How often a stop inside a command looks whether it may be waited for by what it waits for.
pub(crate) const CHAIN_TICK: Duration = Duration::from_millis(20);

/// What is said of a connection that was ended where it had been inherited.
const INHERITED: &str = "it belongs to the parent process; a child made by fork makes its own";

/// What an orderly stop came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The connection has ended.
    Ended,
    /// The stop has begun; the calling thread is part of what has to finish, or may be waited for
    /// by what is, and can't wait for the end.
    Begun,
    /// The grace period ran out, and the connection was cut.
    GraceOver,
}

impl Link {
    /// Begins the orderly stop: what has arrived is still run, what is queued is still sent.
    pub(crate) fn begin_stop(&self) {
        let mut state = self.lock_soon();
        state.begin_stop();
        drop(self.flush_ready(state));
    }

    /// Stops in order, waiting at most until the deadline. Twice is as good as once.
    ///
    /// A thread that is inside a command waits too, its turn given up meanwhile, unless the
    /// command is part of what has to finish.
    pub(crate) fn stop(&self, deadline: Option<Instant>) -> Stopped {
        if self.is_disowned() {
            return Stopped::Ended;
        }
        self.begin_stop();
        if self.is_served_here() {
            return if self.ending().is_some() { Stopped::Ended } else { Stopped::Begun };
        }
        let chained = self.watch.clone().and_then(Chained::begin);
        let _aside = Aside::step();
        self.finish_stop(deadline, chained.as_ref())
    }

    fn finish_stop(&self, deadline: Option<Instant>, chained: Option<&Chained>) -> Stopped {
        let mut state = self.lock_soon();
        state.turn.callers = state.turn.callers.saturating_add(1);
        let waited;
        (state, waited) = match chained {
            Some(chained) => self.wait_for_end_inside(state, chained, deadline),
            None => self.wait(state, Sleep::End, &mut deadline.into(), |_| false),
        };
        state.turn.callers_left(1);
        if waited == Waited::Done {
            return Stopped::Begun;
        }
        let grace_over = waited == Waited::Expired;
        if grace_over {
            state.close(Ending::here(EndReason::GraceOver, ""));
        }
        drop(state);
        let most = crate::sync::now().checked_add(self.limits.linger);
        self.drain(deadline.into_iter().chain(most).min());
        if grace_over { Stopped::GraceOver } else { Stopped::Ended }
    }

    /// Waits for the end where the thread is part of something else, such as a command of another
    /// connection. What is left here may wait for that command: one that has asked for it, or one
    /// that waits for the end of what it is part of. Then the wait is done; what brings that about
    /// need not end a read, and is looked for now and then.
    fn wait_for_end_inside<'a>(
        &'a self,
        mut state: Locked<'a>,
        chained: &Chained,
        deadline: Option<Instant>,
    ) -> (Locked<'a>, Waited) {
        let (place, is_asked_for) = (self.place(), handler::is_asked_for());
        loop {
            if chained.closes(vec![place]) {
                return (state, Waited::Done);
            }
            let look = crate::sync::now().checked_add(CHAIN_TICK);
            let until = deadline.into_iter().chain(look).min();
            let done = |state: &State| is_asked_for && state.turn.only_waits();
            let waited;
            (state, waited) = self.wait(state, Sleep::End, &mut until.into(), done);
            if waited != Waited::Expired || is_past(deadline) {
                return (state, waited);
            }
        }
    }

    /// Writes out everything that was sent; false if the deadline passed first. Where nothing can
    /// be written any more this waits for the end, which says so.
    pub(crate) fn write_out(&self, mut deadline: Deadline) -> bool {
        let mut state = self.lock();
        let end = state.outbox.end();
        let done = |state: &State| state.outbox.sent() >= end && state.can_write();
        let waited;
        (state, waited) = self.wait(state, Sleep::Room, &mut deadline, done);
        drop(state);
        waited != Waited::Expired
    }

    /// Takes in what is there to read, without waiting, before a deadline is declared to be over;
    /// says whether there was something. What one read brings, or all up to a limit.
    pub(crate) fn take_in(&self, all: bool) -> bool {
        let state = self.lock_soon();
        let passes = state.passes;
        self.look_at(state, if all { LOOK_BUDGET } else { 1 }).passes != passes
    }

    /// Drops the connection now: complete answers are written once, without blocking.
    pub(crate) fn close(&self, reason: EndReason, text: &str) {
        if self.is_disowned() {
            return;
        }
        let mut state = self.lock_soon();
        state.close(Ending::here(reason, text));
    }

    /// Whether the connection is a parent process's: then it is over here, and its stream goes on
    /// at the parent.
    pub(in super::super) fn is_disowned(&self) -> bool {
        let inherited = self.is_inherited();
        if inherited {
            self.lock().close(Ending::Cut { text: INHERITED.into() });
        }
        inherited
    }

    /// After the end: nothing more is read of what the peer still sends, whoever does.
    pub(crate) fn end_linger(&self) {
        self.io.shutdown();
    }

    /// Whether the peer is gone, as the system knows and nobody here may yet.
    pub(crate) fn is_peer_gone(&self) -> bool {
        self.io.is_peer_gone()
    }

    /// Threads that are inside a command here.
    pub(crate) fn threads_inside(&self) -> usize {
        self.lock_soon().turn.occupied()
    }

    /// Waits until the stand-ins have ended too; false if the deadline passed first.
    pub(crate) fn wait_for_stand_ins(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.lock();
        let mut expired = false;
        while state.turn.stand_ins > 0 && !expired {
            (state, expired) = self.sleep(state, Sleep::End, deadline);
        }
        state.turn.stand_ins == 0
    }
}
