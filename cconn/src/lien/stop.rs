//! Ending a connection from this side.

use std::time::Instant;

use super::Lien;
use super::goodbye::Ending;
use super::handler;
use super::sleepers::Sleep;
use super::state::State;
use super::wait::Waited;
use crate::sync::Deadline;
use crate::wire::EndReason;

/// What an orderly stop came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// The connection has ended.
    Ended,
    /// The stop has begun; the calling thread, inside a handler, can't wait for it.
    Begun,
    /// The grace period ran out, and the connection was cut.
    GraceOver,
}

impl Lien {
    /// Begins the orderly stop: what has arrived is still run, what is queued is still sent.
    pub(crate) fn begin_stop(&self) {
        let mut state = self.lock();
        state.begin_stop();
        drop(self.flush_ready(state));
    }

    /// Stops in order, waiting at most until the deadline. Twice is as good as once.
    pub(crate) fn stop(&self, deadline: Option<Instant>) -> Stopped {
        self.begin_stop();
        if handler::marks().is_some() {
            return Stopped::Begun;
        }
        self.finish_stop(deadline)
    }

    /// Stops in order when the last handle is gone. Nobody can wait for the end later, so this
    /// waits inside a command too, unless the command is part of what has to finish.
    pub(super) fn stop_unowned(&self, deadline: Option<Instant>) {
        self.begin_stop();
        let handler = handler::current();
        if handler.as_ref().is_some_and(|handler| std::ptr::eq(&raw const *handler.lien, self)) {
            return;
        }
        // Where too many wait already, this keeps its turn while it does.
        let away = self.leave(handler.as_ref()).map_or(None, |(_, away)| away);
        self.finish_stop(deadline);
        drop(self.come_back(self.lock(), away));
    }

    fn finish_stop(&self, deadline: Option<Instant>) -> Stopped {
        let mut state = self.lock();
        state.turn.callers = state.turn.callers.saturating_add(1);
        let waited;
        (state, waited) = self.wait(state, Sleep::End, &mut deadline.into(), |_| false);
        state.turn.callers = state.turn.callers.saturating_sub(1);
        let grace_over = waited == Waited::Expired;
        if grace_over {
            state.close(Ending::here(EndReason::GraceOver, ""));
        }
        drop(state);
        let most = crate::sync::now().checked_add(self.limits.linger);
        self.drain(deadline.into_iter().chain(most).min());
        if grace_over { Stopped::GraceOver } else { Stopped::Ended }
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

    /// Drops the connection now: complete answers are written once, without blocking.
    pub(crate) fn close(&self, reason: EndReason, text: &str) {
        let mut state = self.lock();
        state.close(Ending::here(reason, text));
    }

    /// After the end: nothing more is read of what the peer still sends, whoever does.
    pub(crate) fn end_linger(&self) {
        self.io.shutdown();
    }

    /// Threads that are inside a command here.
    pub(crate) fn threads_inside(&self) -> usize {
        self.lock().turn.occupied()
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
