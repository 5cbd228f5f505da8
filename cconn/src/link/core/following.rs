//! What the state does for followed calls: it counts them, wakes their followers, and asks the
//! watchman to keep their deadlines.

use std::task::Waker;
use std::time::Instant;

use super::followed::Followed;
use super::sleepers::Sleep;
use super::state::State;
use crate::wire::CallId;

impl State {
    /// Wakes the threads that wait for the outcome of that call.
    #[inline]
    pub(super) fn wake_for_answer(&mut self, id: CallId) {
        if self.followed.any() {
            self.followed_is_ready(id);
        }
        // Threads that wait for any of several calls look for themselves which one it is.
        self.wake(|sleep| match sleep {
            Sleep::Answer(call) => call == id,
            Sleep::Answers | Sleep::Several => true,
            _ => false,
        });
    }

    /// Follows a call with a waker. Returns the waker that followed it before, to be dropped
    /// unlocked.
    ///
    /// The peer may need a command of this side for its answer, so followed calls count together as
    /// one thread that waits: commands are run for its sake.
    pub(crate) fn follow(
        &mut self,
        call: CallId,
        waker: Waker,
        until: Option<Instant>,
        now: Instant,
    ) -> Option<Waker> {
        if !self.followed.counted {
            self.turn.callers = self.turn.callers.saturating_add(1);
            self.offer_turn();
        }
        let before = self.change_followed(|followed| followed.follow(call, waker, until));
        if let Some(first) = self.followed.deadline_to_watch() {
            self.due.watch_in(first.saturating_duration_since(now));
        }
        before
    }

    /// Follows a call no longer. Returns its waker, to be dropped unlocked.
    #[inline]
    pub(crate) fn unfollow(&mut self, call: CallId) -> Option<Waker> {
        if self.followed.any() {
            self.change_followed(|followed| followed.unfollow(call))
        } else {
            None
        }
    }

    /// Notes that the answer to a followed call has come.
    #[cold]
    pub(crate) fn followed_is_ready(&mut self, call: CallId) {
        self.change_followed(|followed| followed.is_ready(call));
    }

    /// Wakes the followers of calls whose deadline has passed: each looks once more, and gives its
    /// call up.
    pub(crate) fn expire_followed(&mut self, now: Instant) {
        if self.followed.any() {
            self.change_followed(|followed| followed.expire(now));
            self.wake_followers();
        }
    }

    /// Wakes every follower, because no answer comes any more.
    pub(crate) fn end_followed(&mut self) {
        if self.followed.any() {
            self.change_followed(Followed::are_ready);
        }
        self.wake_followers();
    }

    /// Has the wakers called that are ready, once the lock is released. The thread at the helm does
    /// this when it has given the helm back: the program's code must not hold up what others read.
    #[inline]
    pub(crate) fn wake_followers(&mut self) {
        if self.followed.has_ready() {
            self.due.call(self.followed.take_ready());
        }
    }

    /// Notes that the watchman has looked for late calls. Returns when it must look again.
    pub(crate) fn note_followed_look(&mut self) -> Option<Instant> {
        self.followed.looked_at()
    }

    /// Whether any call is followed.
    #[inline]
    pub(crate) fn is_any_followed(&self) -> bool {
        self.followed.any()
    }

    /// Whether a follower waits to be woken.
    #[inline]
    pub(crate) fn has_ready_followers(&self) -> bool {
        self.followed.has_ready()
    }

    /// The earliest deadline of the followed calls.
    pub(crate) fn followed_until(&self) -> Option<Instant> {
        self.followed.first_deadline()
    }

    /// Whether the lookout's thread runs, or is being started.
    #[cfg(model)]
    pub(crate) fn has_lookout(&self) -> bool {
        self.followed.has_lookout
    }

    /// Notes whether the lookout could be started.
    pub(crate) fn note_lookout(&mut self, started: bool) {
        self.followed.lacks_lookout = !started;
        self.followed.has_lookout &= started;
    }

    /// Notes that the lookout ends.
    pub(crate) fn end_lookout(&mut self) {
        self.followed.has_lookout = false;
    }

    fn change_followed<T>(&mut self, change: impl FnOnce(&mut Followed) -> T) -> T {
        let result = change(&mut self.followed);
        if !self.followed.any() && self.followed.counted {
            self.turn.callers_left(1);
        }
        self.followed.counted = self.followed.any();
        result
    }
}
