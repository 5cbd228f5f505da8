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

/// After this many looks in vain the watchman stops looking for bytes. Until then a program that
/// sends in bursts need not wake it for each burst.
const WRITE_PATIENCE: u8 = 32;

/// The longest time between two looks at a quiet connection.
const QUIETEST: Duration = Duration::from_millis(250);

/// How long a connection lingers while a thread that waited for an answer is still blocked in a
/// read. Most peers end their side within that time, and the thread must not wait for the others.
const HELD_UP: Duration = Duration::from_millis(30);

/// How much longer than the grace period a stop may last if no thread waits for it.
const STOP_MARGIN: Duration = Duration::from_millis(250);

/// Bytes read from one connection before the others are looked at.
pub(in super::super) const READ_BUDGET: usize = 32 << 10;

/// How soon a connection that brought as much is read again; writing comes first.
const MORE_TICK: Duration = Duration::from_millis(2);

/// The longest time between two looks at a full socket.
const STUCK_TICK: Duration = Duration::from_millis(100);

/// A full socket is looked at again after this part of the time for which it has taken nothing.
const STUCK_PART: u32 = 8;

/// When a socket that has taken nothing since `since` is looked at again: ever less often.
fn stuck_tick(now: Instant, since: Instant) -> Duration {
    let stuck = now.saturating_duration_since(since).checked_div(STUCK_PART);
    stuck.unwrap_or(STUCK_TICK).clamp(WRITE_TICK, STUCK_TICK)
}

/// When a connection that brought `read` bytes is read again; `quiet` if it brought none.
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
        // This may be the last reference, and dropping the connection may run code of the program.
        let_go(self, None);
        again
    }
}

impl Link {
    /// Looks after this connection once. Returns when to look again; `None` if the connection will
    /// ask by itself.
    pub(in super::super) fn tend(&self, now: Instant) -> Option<Duration> {
        let next = if self.locked_soon(|state| state.is_closed()) {
            self.tend_closed(now)
        } else {
            self.locked_soon(|state| self.tend_open(state, now))
        };
        let unheard = self.locked_soon(|state| {
            // Bytes or a helm that were left while this ran are asked for anew when the lock is
            // released.
            state.tended.listed = next.is_some();
            state.tended.ticks &= next.is_some();
            self.tend_unheard(state, now)
        });
        if let Some(commands) = unheard {
            self.tell_unheard(commands);
        }
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

    /// Cuts a connection whose stop outlasts the grace period: the peer began the stop and says no
    /// more, or no thread here waits for it. A thread that waits for the stop has a deadline of its
    /// own, which passes earlier.
    fn tend_stop(&self, state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
        let since = state.goodbye.stop_since().filter(|_| !state.is_closed())?;
        let most = self.limits.grace.saturating_add(STOP_MARGIN);
        let left = most.saturating_sub(now.saturating_duration_since(since));
        if left.is_zero() {
            // The peer's goodbye may have come and be unread.
            state.look();
            state.close(Ending::here(EndReason::GraceOver, ""));
            return Some(LINGER_TICK);
        }
        // The connection stays on the list: while it is there, a helm that is left free is not
        // asked for again.
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
                // The last words have been said; this ends the other thread's read.
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
            // A thread that waits to read the rest finds the helm free now.
            state.wake(|sleep| sleep == Sleep::End);
        }
        Linger::On
    }
}

/// What a connection that lingers after its end needs.
enum Linger {
    /// The connection has lingered for long enough, or the peer has ended its side.
    Over,
    /// The connection is looked at again.
    On,
    /// A thread that has no answer to wait for any more is still blocked in a read.
    HeldUp,
}

fn tend_helm(state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
    if state.is_closed() || state.goodbye.end_of_input {
        state.tended.helm_left_free = false;
        state.tended.quiet_since = None;
        return None;
    }
    if !state.is_helm_free() {
        // Another thread reads. If it does so for short times only, the helm is soon left free
        // again.
        let comes_and_goes = state.tended.passes != state.passes;
        state.tended.passes = state.passes;
        state.tended.helm_left_free &= comes_and_goes;
        state.tended.quiet_since = None;
        return comes_and_goes.then_some(UNREAD);
    }
    // A stop waits for the peer's goodbye, and no other thread may be reading.
    let unread = if state.goodbye.is_stopping() { LINGER_TICK } else { UNREAD };
    let passes = state.passes;
    // A pass since the last look means that another thread reads.
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

/// Reads at a helm that no thread has used for `quiet`, which is at least `unread`.
fn read_unread(
    state: &mut Locked<'_>,
    now: Instant,
    quiet: Duration,
    unread: Duration,
) -> Option<Duration> {
    let reader = state.take_helm_anyway()?;
    let read = state.read_ready(reader, READ_BUDGET);
    // The rest of the frame may have come while this process was stopped: it is read first.
    let overdue = |reader: &mut Reader| read == 0 && reader.inbox.is_overdue(now);
    if state.idle_reader().is_some_and(overdue) {
        state.close(Ending::here(EndReason::SlowFrame, ""));
        return Some(LINGER_TICK);
    }
    // The watchman's own pass does not count as another thread reading.
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
