//! Calls whose answer is announced to a waker instead of a thread that sleeps for it.
//!
//! A follower is a waker of the program's: it runs the program's code, so it is called, copied and
//! dropped only while nothing is locked. No thread of the program need read for a followed call:
//! while there is one, a free helm goes to the lookout, a thread of the connection's own.

use std::collections::BTreeSet;
use std::task::Waker;
use std::time::Instant;

use crate::table::Table;
use crate::wire::CallId;

/// What follows one call.
#[derive(Debug)]
struct Follower {
    waker: Waker,
    /// When the call is late; `None` for never.
    until: Option<Instant>,
}

/// The followed calls of one connection.
///
/// The maps are ordered, so that followers are woken in one order in every run of a model.
#[derive(Debug, Default)]
pub(crate) struct Followed {
    followers: Table<Follower>,
    /// The deadlines of the followed calls that have one. `late.len() <= followers.len()`
    late: BTreeSet<(Instant, CallId)>,
    /// Wakers to call once nothing is locked.
    ready: Vec<Waker>,
    /// Whether the lookout's thread runs, or is being started.
    pub(super) has_lookout: bool,
    /// The lookout could not be started: the watchman reads instead, and more often than it
    /// otherwise would.
    pub(super) lacks_lookout: bool,
    /// Whether the followed calls count as a thread that waits.
    pub(super) counted: bool,
    /// The deadline that the watchman was asked to look at.
    watched: Option<Instant>,
}

impl Followed {
    /// Whether any call is followed.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        !self.followers.is_empty()
    }

    /// Whether calls are followed and there is no lookout to read for them.
    pub(crate) fn lacks_reader(&self) -> bool {
        self.lacks_lookout && self.any()
    }

    /// Whether a waker waits to be called.
    #[inline]
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Follows a call. Returns the waker that followed it before, to be dropped unlocked.
    pub(crate) fn follow(
        &mut self,
        call: CallId,
        waker: Waker,
        until: Option<Instant>,
    ) -> Option<Waker> {
        let before = self.unfollow(call);
        self.late.extend(until.map(|until| (until, call)));
        self.followers.insert(call.0, Follower { waker, until });
        before
    }

    /// Follows a call no longer. Returns its waker, to be dropped unlocked.
    pub(crate) fn unfollow(&mut self, call: CallId) -> Option<Waker> {
        let Follower { waker, until } = self.followers.remove(call.0)?;
        if let Some(until) = until {
            self.late.remove(&(until, call));
        }
        Some(waker)
    }

    /// Notes that a call is ready: its waker is called once nothing is locked.
    pub(crate) fn is_ready(&mut self, call: CallId) {
        let waker = self.unfollow(call);
        self.ready.extend(waker);
    }

    /// Notes that every call is ready, because the connection has ended.
    pub(crate) fn are_ready(&mut self) {
        self.late.clear();
        let followers = self.followers.take_all();
        self.ready.extend(followers.into_iter().map(|follower| follower.waker));
    }

    /// Notes that the calls whose deadline has passed are ready.
    pub(crate) fn expire(&mut self, now: Instant) {
        while let Some((until, call)) =
            self.late.first().copied().filter(|(until, _)| *until <= now)
        {
            self.late.remove(&(until, call));
            self.is_ready(call);
        }
    }

    /// The earliest deadline.
    pub(crate) fn first_deadline(&self) -> Option<Instant> {
        self.late.first().map(|(until, _)| *until)
    }

    /// The earliest deadline, if the watchman must be asked to look at it earlier than it was asked
    /// before.
    pub(crate) fn deadline_to_watch(&mut self) -> Option<Instant> {
        let first = self.first_deadline()?;
        if self.watched.is_some_and(|watched| watched <= first) {
            return None;
        }
        self.watched = Some(first);
        Some(first)
    }

    /// Notes that the watchman has looked. Returns the moment at which it must look again.
    pub(crate) fn looked_at(&mut self) -> Option<Instant> {
        self.watched = self.first_deadline();
        self.watched
    }

    /// Takes out the wakers that are to be called.
    pub(crate) fn take_ready(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.ready)
    }

    /// Notes that the watchman could not be asked.
    pub(crate) fn was_not_heard(&mut self) {
        self.watched = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const CALLS: [CallId; 3] = [CallId(1), CallId(2), CallId(3)];

    #[test]
    fn late_calls_are_ready_in_the_order_of_their_deadlines_and_once() {
        let (now, mut followed) = (Instant::now(), Followed::default());
        let at = |ms| Some(now + Duration::from_millis(ms));
        for (call, until) in CALLS.into_iter().zip([at(30), at(10), None]) {
            assert!(followed.follow(call, Waker::noop().clone(), until).is_none());
        }
        assert_eq!(followed.deadline_to_watch(), at(10));
        assert_eq!(followed.deadline_to_watch(), None, "it was asked for already");
        followed.expire(now + Duration::from_millis(9));
        assert!(!followed.has_ready());
        followed.expire(now + Duration::from_millis(10));
        assert_eq!((followed.take_ready().len(), followed.first_deadline()), (1, at(30)));
        assert!(followed.unfollow(CALLS[1]).is_none(), "it is not followed any more");
        followed.are_ready();
        assert_eq!((followed.take_ready().len(), followed.any()), (2, false));
        assert_eq!(followed.first_deadline(), None);
    }

    #[test]
    fn a_call_has_one_follower_and_one_deadline() {
        let (now, mut followed) = (Instant::now(), Followed::default());
        followed.follow(CALLS[0], Waker::noop().clone(), Some(now));
        let later = now + Duration::from_secs(1);
        assert!(followed.follow(CALLS[0], Waker::noop().clone(), Some(later)).is_some());
        assert_eq!(followed.first_deadline(), Some(later));
        followed.expire(now);
        assert!(followed.any() && !followed.has_ready());
        assert!(followed.unfollow(CALLS[0]).is_some());
        assert_eq!((followed.any(), followed.first_deadline()), (false, None));
    }
}
