//! What the watchman does for one connection, and when a connection asks for it.

use std::time::{Duration, Instant};

use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::tended::{LINGER_TICK, UNREAD, WRITE_TICK};
use crate::link::io::lock::{Locked, TELL_AGAIN};
use crate::link::io::reader::{QUIET, Reader};
use crate::wire::EndReason;

/// Looks in vain after which bytes are no more looked for: who sends in bursts need not wake the
/// watchman for each.
const WRITE_PATIENCE: u8 = 32;

/// The longest the watchman lets a quiet connection be.
const QUIETEST: Duration = Duration::from_millis(250);

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
        if !state.is_helm_free() {
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
        let Some(reader) = state.take_helm_anyway() else { return (state, None) };
        let read;
        (state, read) = self.read_ready(state, reader, READ_BUDGET);
        // Its rest may have come while this process was stopped: what is there is read first.
        let overdue = |reader: &mut Reader| read == 0 && reader.inbox.is_overdue(now);
        if state.idle_reader().is_some_and(overdue) {
            state.close(Ending::here(EndReason::SlowFrame, ""));
            return (state, Some(LINGER_TICK));
        }
        // The watchman's own pass is no sign of somebody else's.
        state.tended.passes = state.passes;
        if read == 0 && quiet >= QUIET {
            state.shrink();
            if let Some(reader) = state.idle_reader() {
                reader.inbox.shrink();
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
        let held_up = !state.is_helm_free() && state.turn.is_awaited() && !state.flusher;
        if held_up && now.saturating_duration_since(since) >= HELD_UP {
            drop(state);
            // The last words are said; this ends the read.
            self.io.shutdown();
            return Some(LINGER_TICK);
        }
        if let Some(mut reader) = state.take_helm_anyway() {
            drop(state);
            reader.inbox.discard();
            let result = reader.try_fill(&*self.io);
            state = self.lock();
            let goes_on = match result {
                Ok(n) => n > 0,
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            };
            state.goodbye.end_of_input |= !goes_on;
            state.put_helm(reader);
            state.wake(|sleep| sleep == Sleep::End);
        }
        Some(LINGER_TICK)
    }
}
