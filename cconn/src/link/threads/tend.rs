//! What the watchman does for one connection, and when a connection asks for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::after::TELL_AGAIN;
use super::gone::let_go;
use super::watch::Attended;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::sleepers::Sleep;
use crate::link::core::tended::{LINGER_TICK, UNREAD, WRITE_TICK};
use crate::link::io::lock::Locked;
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

impl Attended for Link {
    fn attend(self: Arc<Self>, now: Instant) -> Option<Duration> {
        let again = self.tend(now);
        let_go(self, None);
        again
    }
}

impl Link {
    /// Looks after this connection once. Returns when to look again, or nothing if it needs no
    /// looking after; it then asks again by itself.
    pub(in super::super) fn tend(&self, now: Instant) -> Option<Duration> {
        let next = if self.locked_soon(|state| state.is_closed()) {
            self.tend_closed(now)
        } else {
            self.locked_soon(|state| self.tend_open(state, now))
        };
        self.locked_soon(|state| {
            // Whatever was left while this ran is asked for anew when the lock is released.
            state.tended.listed = next.is_some();
            state.tended.ticks &= next.is_some();
        });
        next
    }

    fn tend_open(&self, state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
        let written = self.tend_outbox(state, now);
        let read = tend_helm(state, now);
        let stopped = self.tend_stop(state, now);
        let idle = self.tend_idle(state, now);
        [written, read, stopped, idle].into_iter().flatten().min()
    }

    fn tend_closed(&self, now: Instant) -> Option<Duration> {
        if self.locked_soon(|state| std::mem::take(&mut state.tended.end_untold)) {
            self.tell_end();
        }
        let untold = self.locked_soon(|state| state.tended.end_untold);
        self.tend_linger(now).into_iter().chain(untold.then_some(TELL_AGAIN)).min()
    }

    fn tend_outbox(&self, state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
        let left = std::mem::take(&mut state.tended.left_unflushed);
        if !state.is_unflushed() {
            let in_vain = if left { 0 } else { state.tended.in_vain.saturating_add(1) };
            state.tended.in_vain = in_vain;
            state.tended.ticks &= in_vain < WRITE_PATIENCE;
            return state.tended.ticks.then_some(WRITE_TICK);
        }
        state.tended.in_vain = 0;
        state.tended.ticks = true;
        state.flush_ready();
        if !state.is_unflushed() {
            return Some(WRITE_TICK);
        }
        if self.write_cut(state).is_some_and(|cut| cut <= now) {
            state.close(Ending::here(EndReason::SlowPeer, ""));
        }
        Some(state.writer.stuck_since().map_or(WRITE_TICK, |since| stuck_tick(now, since)))
    }

    /// Cuts a connection whose stop outlasts the grace period: the peer began it and says no more,
    /// or nobody here waits for it. Whoever does wait has a deadline of his own, which comes first.
    fn tend_stop(&self, state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
        let since = state.goodbye.stop_since().filter(|_| !state.is_closed())?;
        let most = self.limits.grace.saturating_add(STOP_MARGIN);
        let left = most.saturating_sub(now.saturating_duration_since(since));
        if left.is_zero() {
            state.look();
            state.close(Ending::here(EndReason::GraceOver, ""));
            return Some(LINGER_TICK);
        }
        // It stays on the list meanwhile, where a helm that is left free is not asked for again.
        Some(left.min(UNREAD))
    }

    fn tend_linger(&self, now: Instant) -> Option<Duration> {
        match self.locked_soon(|state| self.linger_step(state, now)) {
            Linger::Over => {
                self.close_stream();
                None
            }
            Linger::On => Some(LINGER_TICK),
            Linger::HeldUp => {
                // The last words are said; this ends the read.
                self.io.shutdown();
                Some(LINGER_TICK)
            }
        }
    }

    fn linger_step(&self, state: &mut Locked<'_>, now: Instant) -> Linger {
        if !state.tended.lingers || state.goodbye.end_of_input {
            return Linger::Over;
        }
        let since = *state.tended.linger_since.get_or_insert(now);
        let lasts = now.saturating_duration_since(since);
        if lasts >= self.limits.linger {
            state.goodbye.end_of_input = true;
            return Linger::Over;
        }
        let held_up = !state.is_helm_free() && state.turn.is_awaited() && state.writer.is_idle();
        if held_up && lasts >= HELD_UP {
            return Linger::HeldUp;
        }
        if let Some(mut reader) = state.take_helm_anyway() {
            let result = state.unlocked(|| {
                reader.inbox.discard();
                reader.try_fill(&*self.io)
            });
            let goes_on = match result {
                Ok(n) => n > 0,
                Err(error) => error.kind() == std::io::ErrorKind::WouldBlock,
            };
            state.goodbye.end_of_input |= !goes_on;
            state.put_helm(reader);
            state.wake(|sleep| sleep == Sleep::End);
        }
        Linger::On
    }
}

/// What a connection that lingers after its end needs.
enum Linger {
    /// It has lingered for long enough, or the peer has ended its side.
    Over,
    /// It is looked at again.
    On,
    /// A thread waits for no answer any more and is still in a read.
    HeldUp,
}

fn tend_helm(state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
    if state.is_closed() || state.goodbye.end_of_input {
        state.tended.helm_left_free = false;
        state.tended.quiet_since = None;
        return None;
    }
    if !state.is_helm_free() {
        // Somebody reads. Where that is not for long, the helm is soon left free again.
        let comes_and_goes = state.tended.passes != state.passes;
        state.tended.passes = state.passes;
        state.tended.helm_left_free &= comes_and_goes;
        state.tended.quiet_since = None;
        return comes_and_goes.then_some(UNREAD);
    }
    // A stop waits for the peer's goodbye, and nobody else may be reading.
    let unread = if state.goodbye.is_stopping() { LINGER_TICK } else { UNREAD };
    let passes = state.passes;
    let since = state.tended.quiet_since.filter(|_| state.tended.passes == passes);
    let Some(since) = since else {
        state.tended.passes = passes;
        state.tended.quiet_since = Some(now);
        return Some(unread);
    };
    let quiet = now.saturating_duration_since(since);
    if quiet < unread {
        return Some(unread.saturating_sub(quiet));
    }
    if state.waste.is_much()
        && let Some(until) = state.waste.until(now)
    {
        return Some(until.saturating_duration_since(now).min(QUIETEST));
    }
    read_unread(state, now, quiet, unread)
}

/// Reads a helm that nobody has used for `quiet`, which is `unread` at least.
fn read_unread(
    state: &mut Locked<'_>,
    now: Instant,
    quiet: Duration,
    unread: Duration,
) -> Option<Duration> {
    let reader = state.take_helm_anyway()?;
    let read = state.read_ready(reader, READ_BUDGET);
    // Its rest may have come while this process was stopped: what is there is read first.
    let overdue = |reader: &mut Reader| read == 0 && reader.inbox.is_overdue(now);
    if state.idle_reader().is_some_and(overdue) {
        state.close(Ending::here(EndReason::SlowFrame, ""));
        return Some(LINGER_TICK);
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
    state.flush_ready();
    Some(next_read(read, quiet.clamp(unread, QUIETEST.max(unread))))
}
