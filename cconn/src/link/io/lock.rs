//! The connection's one lock. It is held while a closure runs; what became due is carried out after
//! its release.

use std::ops::{Deref, DerefMut};
use std::sync::Weak;

use super::channel::Channel;
use super::shared::Shared;
use super::wanted::Want;
use crate::link::core::state::State;
use crate::sync::MutexGuard;

/// The locked state, lent to the closure of `Channel::locked`.
pub(in super::super) struct Locked<'a> {
    pub(super) channel: &'a Channel,
    /// `None` while `unlocked` runs its closure, which can't reach this value.
    guard: Option<MutexGuard<'a, Shared>>,
}

impl Channel {
    /// Locks the state for `act`; then unlocks it, and carries out what is due.
    #[inline]
    pub(in super::super) fn locked<R>(&self, act: impl FnOnce(&mut Locked<'_>) -> R) -> R {
        Locked { channel: self, guard: Some(self.shared.lock()) }.lend(act)
    }

    /// Locks the state for `act` like `locked`, but before the connection's own threads take the
    /// lock again.
    #[inline]
    pub(in super::super) fn locked_soon<R>(&self, act: impl FnOnce(&mut Locked<'_>) -> R) -> R {
        let guard = match self.shared.try_lock() {
            Some(guard) => guard,
            None => self.lock_wanted(),
        };
        Locked { channel: self, guard: Some(guard) }.lend(act)
    }

    #[cold]
    fn lock_wanted(&self) -> MutexGuard<'_, Shared> {
        // The connection's own threads see this and give way.
        let _want = self.want();
        self.shared.lock()
    }

    /// Locks the state for `act`, and leaves what is due to the next thread that locks it. For code
    /// that is itself carried out after a release.
    pub(in super::super) fn noted(&self, act: impl FnOnce(&mut State)) {
        act(&mut self.shared.lock().state);
    }

    /// Makes the connection's own threads give the lock up, and not take it again at once.
    pub(crate) fn want(&self) -> Want<'_> {
        self.wanted.want()
    }

    /// Lets threads that want the lock have it first. For the connection's own threads, before they
    /// take the lock again; they must hold no lock.
    #[inline]
    pub(in super::super) fn give_way(&self) {
        self.wanted.give_way();
    }

    /// Whether a thread holds the lock just now. A thread that asks many connections looks at the
    /// others first.
    pub(crate) fn is_busy(&self) -> bool {
        self.shared.try_lock().is_none()
    }

    /// Releases the lock when something is due: asks for the watchman, or gives the crew its work.
    #[cold]
    fn release(&self, mut shared: MutexGuard<'_, Shared>) {
        let state = &mut shared.state;
        if state.asks_for_watchman() {
            state.arrange_watch(crate::sync::now());
        }
        let Some(due) = state.take_due() else { return };
        // Still under the lock, so that no thread finds the connection ended and no reason shown.
        if due.tells_end() {
            self.show_ending(state.ended().cloned());
        }
        drop(shared);
        if let Some(crew) = self.crew.as_ref().and_then(Weak::upgrade) {
            crew.carry_out(due);
        }
    }
}

impl Locked<'_> {
    #[inline]
    fn lend<R>(mut self, act: impl FnOnce(&mut Self) -> R) -> R {
        let result = act(&mut self);
        self.unlock();
        result
    }

    /// Unlocks the state, carries out what is due, runs `act` with nothing locked, and locks the
    /// state again.
    #[inline]
    pub(in super::super) fn unlocked<R>(&mut self, act: impl FnOnce() -> R) -> R {
        self.unlock();
        let result = act();
        self.guard = Some(self.channel.shared.lock());
        result
    }

    #[inline]
    fn unlock(&mut self) {
        if let Some(shared) = self.guard.take()
            && (shared.state.has_due() || shared.state.asks_for_watchman())
        {
            self.channel.release(shared);
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "the guard is away only while `unlocked` has this value"
    )]
    #[inline]
    pub(super) fn shared(&mut self) -> &mut Shared {
        self.guard.as_deref_mut().expect("the state is locked")
    }
}

impl Deref for Locked<'_> {
    type Target = State;

    #[expect(
        clippy::expect_used,
        reason = "the guard is away only while `unlocked` has this value"
    )]
    #[inline]
    fn deref(&self) -> &State {
        &self.guard.as_deref().expect("the state is locked").state
    }
}

impl DerefMut for Locked<'_> {
    #[inline]
    fn deref_mut(&mut self) -> &mut State {
        &mut self.shared().state
    }
}
