//! What the watchman does for one connection, and when a connection asks for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::after::TELL_AGAIN;
use super::gone::let_go;
use super::watch::Attended;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::tended::{LINGER_TICK, UNREAD, WRITE_TICK};
use crate::link::core::tending::{BytesLook, HelmLook, LingerLook};
use crate::link::io::lock::Locked;
use crate::link::io::reader::{QUIET, Reader};
use crate::wire::EndReason;

/// How much longer than the grace period a stop may last if no thread waits for it.
const STOP_MARGIN: Duration = Duration::from_millis(250);

/// Bytes read from one connection before the others are looked at.
pub(in super::super) const READ_BUDGET: usize = 32 << 10;

/// How soon a connection that brought as much is read again; writing comes first.
const MORE_TICK: Duration = Duration::from_millis(2);

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
            state.end_look(next.is_some());
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
        let followed = tend_followed(state, now);
        let reports = tend_reports(state, now);
        [written, read, stopped, idle, followed, reports].into_iter().flatten().min()
    }

    fn tend_closed(&self, now: Instant) -> Option<Duration> {
        if self.locked_soon(|state| state.take_end_unreported()) {
            self.tell_end();
        }
        let unreported = self.locked_soon(|state| state.is_end_unreported());
        self.tend_linger(now).into_iter().chain(unreported.then_some(TELL_AGAIN)).min()
    }

    fn tend_outbox(&self, state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
        if let BytesLook::None(again) = state.look_for_bytes() {
            return again;
        }
        state.flush_ready();
        if !state.is_unflushed() {
            return Some(WRITE_TICK);
        }
        Some(state.look_at_full_socket(self.limits.write_deadline, now))
    }

    /// Cuts a connection whose stop outlasts the grace period: the peer began the stop and says no
    /// more, or no thread here waits for it. A thread that waits for the stop has a deadline of its
    /// own, which passes earlier.
    fn tend_stop(&self, state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
        let most = self.limits.grace.saturating_add(STOP_MARGIN);
        let left = state.stop_left(most, now)?;
        if left.is_zero() {
            // The peer's goodbye may have come and be unread.
            state.look();
            state.end_grace();
            return Some(LINGER_TICK);
        }
        if left.saturating_mul(2) <= self.limits.grace {
            state.all_are_unwanted();
        }
        // The connection stays on the list: while it is there, a helm that is left free is not
        // asked for again.
        Some(left.min(UNREAD))
    }

    fn tend_linger(&self, now: Instant) -> Option<Duration> {
        match self.locked_soon(|state| self.linger_step(state, now)) {
            LingerLook::Over => {
                self.close_stream();
                None
            }
            LingerLook::On => Some(LINGER_TICK),
            LingerLook::HeldUp => {
                // The last words have been said; this ends the other thread's read.
                self.io.shutdown();
                Some(LINGER_TICK)
            }
        }
    }

    fn linger_step(&self, state: &mut Locked<'_>, now: Instant) -> LingerLook {
        let linger = state.look_at_linger(self.limits.linger, now);
        if linger != LingerLook::On {
            return linger;
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
            if !goes_on {
                state.note_input_over();
            }
            state.put_helm(reader);
            state.note_lingering_read();
        }
        LingerLook::On
    }
}

/// Wakes the followers of calls that are late. Returns when the next call will be.
fn tend_followed(state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
    state.expire_followed(now);
    Some(state.note_followed_look()?.saturating_duration_since(now))
}

/// Sends reports of progress that are due. Returns when the next one will be.
fn tend_reports(state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
    if !state.has_reports_to_send() {
        return None;
    }
    let next = state.send_due_reports(now);
    state.flush_ready();
    next
}

fn tend_helm(state: &mut Locked<'_>, now: Instant) -> Option<Duration> {
    match state.look_at_helm(now) {
        HelmLook::Leave => None,
        HelmLook::LookIn(after) => Some(after),
        HelmLook::Read { quiet, unread } => read_unread(state, now, quiet, unread),
    }
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
    state.note_own_pass();
    if read == 0 && quiet >= QUIET {
        state.shrink();
        if let Some(reader) = state.idle_reader() {
            reader.inbox.shrink();
        }
    }
    state.pass_on();
    state.flush_ready();
    Some(next_read(read, quiet.max(unread).min(state.longest_look())))
}
