//! What the watchman does for one connection, and when a connection asks for it.

use std::time::{Duration, Instant};

use super::idle::Progress;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::inbox::{Inbox, QUIET};
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::lock::{Locked, TELL_AGAIN};
use crate::wire::EndReason;

/// How often bytes that were left unwritten are looked at.
pub(in super::super) const WRITE_TICK: Duration = Duration::from_millis(1);

/// Looks in vain after which bytes are no more looked for: who sends in bursts need not wake the
/// watchman for each.
const WRITE_PATIENCE: u8 = 32;

/// How long a helm stays free and unread before the watchman reads in its place.
const UNREAD: Duration = Duration::from_millis(100);

/// The longest the watchman lets a quiet connection be.
const QUIETEST: Duration = Duration::from_millis(250);

/// How often a connection that lingers after its end is read out.
const LINGER_TICK: Duration = Duration::from_millis(10);

/// How long a connection lingers where a thread that waited for an answer is still in a read. Most
/// peers end their side in that time, and the thread is not to wait for the others.
const HELD_UP: Duration = Duration::from_millis(30);

/// How much longer than its grace period a stop may last where nobody waits for it.
const STOP_MARGIN: Duration = Duration::from_millis(250);

/// Bytes read for one connection before the others have their turn.
pub(in super::super) const READ_BUDGET: usize = 32 << 10;

/// How soon one that brought as much is read again; what is to be written comes before.
const MORE_TICK: Duration = Duration::from_millis(2);

/// How long bytes that a full socket does not take are let be at most.
const STUCK_TICK: Duration = Duration::from_millis(100);

/// A full socket is looked at again after this part of the time for which it has taken nothing.
const STUCK_PART: u32 = 8;

/// What one connection tells the watchman, and remembers of it.
#[derive(Debug, Default)]
#[repr(C)]
pub(in super::super) struct Tended {
    /// Bytes were left in the outbox with nobody at it.
    pub(in super::super) left_unflushed: bool,
    /// The helm was left free with nobody to take it.
    pub(in super::super) helm_left_free: bool,
    /// The connection has ended on this side and reads out what the peer still sends.
    pub(in super::super) lingers: bool,
    /// The connection is being stopped, which must not last longer than its grace period.
    pub(in super::super) stops: bool,
    /// The watchman knows of the first: he looks for bytes that wait, every `WRITE_TICK`.
    pub(in super::super) ticks: bool,
    /// The watchman knows of the second: he has the connection on his list.
    listed: bool,
    /// The watchman knows of the third.
    linger_told: bool,
    /// The watchman knows of the fourth.
    stop_told: bool,
    /// There is a watchman for it.
    watched: bool,
    /// Looks in vain since the watchman last found bytes that waited.
    in_vain: u8,
    /// The layer above could not begin what is to be done at the end.
    pub(in super::super) end_untold: bool,
    /// Read passes when last seen, and since when there were no more.
    passes: u64,
    quiet_since: Option<Instant>,
    linger_since: Option<Instant>,
    /// What the connection had come to when last seen, and since when that is so.
    pub(in super::super) progress: Progress,
    pub(in super::super) idle_since: Option<Instant>,
}

impl Tended {
    pub(in super::super) fn new(watched: bool) -> Self {
        Tended { watched, ..Tended::default() }
    }

    /// Whether there may be something to ask the watchman for that it does not know yet.
    #[inline]
    pub(in super::super) fn asks(&self) -> bool {
        // Every unlock asks: so they stand side by side in memory, and are loaded as two words.
        let left = word([self.left_unflushed, self.helm_left_free, self.lingers, self.stops]);
        let told = word([self.ticks, self.listed, self.linger_told, self.stop_told]);
        left & !told != 0 && self.watched
    }

    /// The watchman is about to have it on its list.
    pub(in super::super) fn set_listed(&mut self) {
        self.listed = true;
    }

    /// There was nobody to ask.
    pub(in super::super) fn was_not_heard(&mut self) {
        self.listed = false;
        self.ticks = false;
        self.linger_told = false;
        self.stop_told = false;
    }
}

#[inline]
fn word([a, b, c, d]: [bool; 4]) -> u32 {
    u32::from_ne_bytes([u8::from(a), u8::from(b), u8::from(c), u8::from(d)])
}

impl State {
    /// Asks for the watchman where something is left to it. Called before an unlock where
    /// `Tended::asks`.
    pub(in super::super) fn arrange_watch(&mut self) {
        let bytes = self.tended.left_unflushed && self.is_unflushed();
        let helm = self.tended.helm_left_free && self.inbox.is_some() && !self.is_closed();
        let lingers = self.tended.lingers && !self.goodbye.end_of_input;
        // The end is soon looked at, however long the connection was to be let be.
        let linger = lingers && !self.tended.linger_told;
        let stop = self.tended.stops && !self.tended.stop_told && !self.is_closed();
        if (bytes && !self.tended.ticks) || (helm && !self.tended.listed) || linger || stop {
            if !self.tended.listed {
                // The time that the helm stays unread counts from here, not from the first look.
                self.tended.passes = self.passes;
                self.tended.quiet_since = Some(crate::sync::now());
            }
            self.tended.listed = true;
            self.tended.ticks |= bytes;
            self.tended.linger_told |= linger;
            self.tended.stop_told |= stop;
            let after = if linger { LINGER_TICK } else { UNREAD };
            self.due.watch_in(if bytes { WRITE_TICK } else { after });
        }
    }
}

/// When a socket is looked at again that has taken nothing since then: what does not get on is
/// looked at ever less often.
fn stuck_tick(now: Instant, since: Instant) -> Duration {
    let stuck = now.saturating_duration_since(since).checked_div(STUCK_PART);
    stuck.unwrap_or(STUCK_TICK).clamp(WRITE_TICK, STUCK_TICK)
}

/// When it is read again that brought so many bytes; `quiet` where it brought none.
fn next_read(read: usize, quiet: Duration) -> Duration {
    match read {
        0 => quiet,
        READ_BUDGET.. => MORE_TICK,
        _ => LINGER_TICK,
    }
}

impl Link {
    /// Looks after this connection once. Returns when to look again, or nothing if it needs no
    /// looking after; it then asks again by itself.
    pub(in super::super) fn tend(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock_soon();
        let next = if state.is_closed() {
            let untold = std::mem::take(&mut state.tended.end_untold);
            drop(state);
            if untold {
                self.tell_end();
            }
            let again = self.lock_soon().tended.end_untold.then_some(TELL_AGAIN);
            self.tend_linger(now).into_iter().chain(again).min()
        } else {
            let (written, read);
            (state, written) = self.tend_outbox(state, now);
            (state, read) = self.tend_helm(state, now);
            let stopped;
            (state, stopped) = self.tend_stop(state, now);
            let idle = self.tend_idle(&mut state, now);
            drop(state);
            [written, read, stopped, idle].into_iter().flatten().min()
        };
        let mut state = self.lock_soon();
        // Whatever was left while this ran is arranged anew by dropping the lock.
        state.tended.listed = next.is_some();
        state.tended.ticks &= next.is_some();
        drop(state);
        next
    }

    fn tend_outbox<'a>(
        &'a self,
        mut state: Locked<'a>,
        now: Instant,
    ) -> (Locked<'a>, Option<Duration>) {
        let left = std::mem::take(&mut state.tended.left_unflushed);
        if !state.is_unflushed() {
            let in_vain = if left { 0 } else { state.tended.in_vain.saturating_add(1) };
            state.tended.in_vain = in_vain;
            state.tended.ticks &= in_vain < WRITE_PATIENCE;
            let next = state.tended.ticks.then_some(WRITE_TICK);
            return (state, next);
        }
        state.tended.in_vain = 0;
        state.tended.ticks = true;
        state = self.flush_ready(state);
        if !state.is_unflushed() {
            return (state, Some(WRITE_TICK));
        }
        if self.write_cut(&state).is_some_and(|cut| cut <= now) {
            state.close(Ending::here(EndReason::SlowPeer, ""));
        }
        let next = state.stuck_since.map_or(WRITE_TICK, |since| stuck_tick(now, since));
        (state, Some(next))
    }

    fn tend_helm<'a>(
        &'a self,
        mut state: Locked<'a>,
        now: Instant,
    ) -> (Locked<'a>, Option<Duration>) {
        if state.is_closed() || state.goodbye.end_of_input {
            state.tended.helm_left_free = false;
            state.tended.quiet_since = None;
            return (state, None);
        }
        if state.inbox.is_none() {
            // Somebody reads. Where that is not for long, the helm is soon left free again.
            let comes_and_goes = state.tended.passes != state.passes;
            state.tended.passes = state.passes;
            state.tended.helm_left_free &= comes_and_goes;
            state.tended.quiet_since = None;
            return (state, comes_and_goes.then_some(UNREAD));
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
        if state.waste.is_much()
            && let Some(until) = state.waste.until(now)
        {
            return (state, Some(until.saturating_duration_since(now).min(QUIETEST)));
        }
        let Some(inbox) = state.inbox.take() else { return (state, None) };
        let read;
        (state, read) = self.read_ready(state, inbox, READ_BUDGET);
        // Its rest may have come while this process was stopped: what is there is read first.
        let overdue = |inbox: &mut Box<Inbox>| read == 0 && inbox.is_overdue(now);
        if state.inbox.as_mut().is_some_and(overdue) {
            state.close(Ending::here(EndReason::SlowFrame, ""));
            return (state, Some(LINGER_TICK));
        }
        // The watchman's own pass is no sign of somebody else's.
        state.tended.passes = state.passes;
        if read == 0 && quiet >= QUIET {
            state.shrink();
            if let Some(inbox) = &mut state.inbox {
                inbox.shrink();
            }
        }
        state.pass_on();
        let next = next_read(read, quiet.clamp(unread, QUIETEST.max(unread)));
        (self.flush_ready(state), Some(next))
    }

    /// Cuts a connection whose stop outlasts the grace period: the peer began it and says no more,
    /// or nobody here waits for it. Whoever does wait has a deadline of his own, which comes first.
    fn tend_stop<'a>(
        &'a self,
        mut state: Locked<'a>,
        now: Instant,
    ) -> (Locked<'a>, Option<Duration>) {
        let Some(since) = state.goodbye.stop_since.filter(|_| !state.is_closed()) else {
            return (state, None);
        };
        let most = self.limits.grace.saturating_add(STOP_MARGIN);
        let left = most.saturating_sub(now.saturating_duration_since(since));
        if left.is_zero() {
            state = self.look(state);
            state.close(Ending::here(EndReason::GraceOver, ""));
            return (state, Some(LINGER_TICK));
        }
        // It stays on the list meanwhile, where a helm that is left free is not asked for again.
        (state, Some(left.min(UNREAD)))
    }

    fn tend_linger(&self, now: Instant) -> Option<Duration> {
        let mut state = self.lock_soon();
        if !state.tended.lingers || state.goodbye.end_of_input {
            drop(state);
            self.close_stream();
            return None;
        }
        let since = *state.tended.linger_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= self.limits.linger {
            state.goodbye.end_of_input = true;
            drop(state);
            self.close_stream();
            return None;
        }
        let held_up = state.inbox.is_none() && state.turn.is_awaited() && !state.flusher;
        if held_up && now.saturating_duration_since(since) >= HELD_UP {
            drop(state);
            // The last words are said; this ends the read.
            self.io.shutdown();
            return Some(LINGER_TICK);
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
