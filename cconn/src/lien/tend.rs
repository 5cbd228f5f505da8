//! What the watchman does for one connection, and when a connection asks for it.

use std::time::{Duration, Instant};

use super::goodbye::Ending;
use super::inbox::{Inbox, QUIET};
use super::lock::Locked;
use super::sleepers::Sleep;
use super::state::State;
use super::{LINGER, Lien};
use crate::wire::EndReason;

/// How often bytes that were left unwritten are tried again.
const WRITE_TICK: Duration = Duration::from_millis(1);

/// How long a helm stays free and unread before the watchman reads in its place.
const UNREAD: Duration = Duration::from_millis(100);

/// The longest the watchman lets a quiet connection be.
const QUIETEST: Duration = Duration::from_millis(250);

/// How often a connection that lingers after its end is read out.
const LINGER_TICK: Duration = Duration::from_millis(10);

/// Bytes read for one connection before the others have their turn.
const READ_BUDGET: usize = 256 << 10;

/// What one connection tells the watchman, and remembers of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, in any combination")]
#[derive(Debug, Default)]
pub(super) struct Tended {
    /// The watchman has it on its list.
    listed: bool,
    /// It was told that bytes wait.
    hurried: bool,
    /// Bytes were left in the outbox with nobody at it.
    pub(super) left_unflushed: bool,
    /// The helm was left free with nobody to take it.
    pub(super) helm_left_free: bool,
    /// The connection has ended on this side and reads out what the peer still sends.
    pub(super) lingers: bool,
    /// Read passes when last seen, and since when there were no more.
    passes: u64,
    quiet_since: Option<Instant>,
    linger_since: Option<Instant>,
}

impl Tended {
    /// Whether there may be something to ask the watchman for that it does not know yet.
    #[inline]
    pub(super) fn asks(&self) -> bool {
        (self.left_unflushed && !self.hurried)
            || (!self.listed && (self.helm_left_free || self.lingers))
    }
}

impl State {
    /// Asks for the watchman where something is left to it. Called before each unlock.
    pub(super) fn arrange_watch(&mut self) {
        let bytes = self.tended.left_unflushed && self.is_unflushed();
        let helm = self.tended.helm_left_free && self.inbox.is_some() && !self.is_closed();
        let linger = self.tended.lingers && !self.goodbye.end_of_input;
        if (bytes || helm || linger) && !self.tended.listed {
            self.tended.listed = true;
            self.tended.hurried = bytes;
            // The time that the helm stays unread counts from here, not from the first look.
            self.tended.passes = self.passes;
            self.tended.quiet_since = Some(crate::sync::now());
            let after = if linger { LINGER_TICK } else { UNREAD };
            self.due.watch = Some(if bytes { Duration::ZERO } else { after });
        } else if bytes && !self.tended.hurried {
            self.tended.hurried = true;
            self.due.watch = Some(Duration::ZERO);
        }
    }
}

impl Lien {
    /// Looks after this connection once. Returns when to look again, or nothing if it needs no
    /// looking after; it then asks again by itself.
    pub(super) fn tend(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        state.tended.hurried = false;
        let next = if state.is_closed() {
            drop(state);
            self.tend_linger(now)
        } else {
            let (written, read);
            (state, written) = self.tend_outbox(state, now);
            (state, read) = self.tend_helm(state, now);
            drop(state);
            written.into_iter().chain(read).min()
        };
        let mut state = self.lock();
        state.tended.listed = next.is_some();
        if next.is_none() {
            // Whatever was left while this ran is arranged anew by dropping the lock.
            drop(state);
            return None;
        }
        next
    }

    fn tend_outbox<'a>(
        &'a self,
        mut state: Locked<'a>,
        now: Instant,
    ) -> (Locked<'a>, Option<Duration>) {
        if !state.is_unflushed() {
            state.tended.left_unflushed = false;
            return (state, None);
        }
        state = self.flush_ready(state);
        if !state.is_unflushed() {
            return (state, Some(WRITE_TICK));
        }
        if self.write_cut(&state).is_some_and(|cut| cut <= now) {
            state.close(Ending::here(EndReason::SlowPeer, ""));
        }
        (state, Some(WRITE_TICK))
    }

    fn tend_helm<'a>(
        &'a self,
        mut state: Locked<'a>,
        now: Instant,
    ) -> (Locked<'a>, Option<Duration>) {
        if state.inbox.is_none() || state.is_closed() || state.goodbye.end_of_input {
            state.tended.helm_left_free = false;
            state.tended.quiet_since = None;
            return (state, None);
        }
        // A stop waits for the peer's goodbye, and nobody else may be reading.
        let unread = if state.goodbye.stopping { LINGER_TICK } else { UNREAD };
        let passes = state.passes;
        if state.tended.passes != passes || state.tended.quiet_since.is_none() {
            state.tended.passes = passes;
            state.tended.quiet_since = Some(now);
            return (state, Some(unread));
        }
        let quiet = state
            .tended
            .quiet_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if quiet < unread {
            return (state, Some(unread.saturating_sub(quiet)));
        }
        let Some(mut inbox) = state.inbox.take() else { return (state, None) };
        if inbox.is_overdue(now) {
            state.put_helm(inbox);
            state.close(Ending::here(EndReason::SlowFrame, ""));
            return (state, Some(LINGER_TICK));
        }
        let read;
        (state, read) = self.read_ready(state, inbox, READ_BUDGET);
        // The watchman's own pass is no sign of somebody else's.
        state.tended.passes = state.passes;
        if read == 0 && quiet >= QUIET {
            state.shrink();
            state.inbox.iter_mut().for_each(Inbox::shrink);
        }
        state.pass_on();
        let next = if read > 0 { LINGER_TICK } else { quiet.clamp(unread, QUIETEST.max(unread)) };
        (self.flush_ready(state), Some(next))
    }

    fn tend_linger(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock();
        if !state.tended.lingers || state.goodbye.end_of_input {
            return None;
        }
        let since = *state.tended.linger_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= LINGER {
            state.goodbye.end_of_input = true;
            drop(state);
            self.io.shutdown();
            return None;
        }
        if let Some(mut inbox) = state.inbox.take() {
            drop(state);
            inbox.discard();
            let result = inbox.try_fill(&*self.io);
            state = self.lock();
            let goes_on = match result {
                Ok(n) => n > 0,
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            };
            state.goodbye.end_of_input |= !goes_on;
            state.put_helm(inbox);
            state.wake(|sleep| sleep == Sleep::End);
        }
        Some(LINGER_TICK)
    }
}
