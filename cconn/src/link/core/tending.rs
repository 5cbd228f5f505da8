//! What the watchman decides for one connection at each look: what to write, what to read, and
//! which stop, linger or idleness has lasted for too long.

use std::time::{Duration, Instant};

use super::goodbye::Ending;
use super::sleepers::Sleep;
use super::state::State;
use super::tended::{LINGER_TICK, Progress, Snapshot, UNREAD, WRITE_TICK};
use crate::wire::EndReason;

/// After this many looks in vain the watchman stops looking for bytes. Until then a program that
/// sends in bursts need not wake it for each burst.
const WRITE_PATIENCE: u8 = 32;

/// The longest time between two looks at a quiet connection.
const QUIETEST: Duration = Duration::from_millis(250);

/// How often a helm that no thread uses is looked at while commands wait: their sender may give them
/// up, or ask where they are, which it does 50 ms before a deadline.
const QUEUED_TICK: Duration = Duration::from_millis(20);

/// How long a connection lingers while a thread that waited for an answer is still blocked in a
/// read. Most peers end their side within that time, and the thread must not wait for the others.
const HELD_UP: Duration = Duration::from_millis(30);

/// The longest time between two looks at a full socket.
const STUCK_TICK: Duration = Duration::from_millis(100);

/// A full socket is looked at again after this part of the time for which it has taken nothing.
const STUCK_PART: u32 = 8;

/// What the watchman finds in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BytesLook {
    /// Nothing to write; when to look again, if at all.
    None(Option<Duration>),
    /// Bytes that no thread writes.
    Unwritten,
}

/// What the watchman does about the helm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HelmLook {
    /// Nothing, until it is asked again.
    Leave,
    /// Look again after this time.
    LookIn(Duration),
    /// Read: no thread has for `quiet`, and it is done once that is `unread`.
    Read { quiet: Duration, unread: Duration },
}

/// What a connection that lingers after its end needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LingerLook {
    /// The connection has lingered for long enough, or the peer has ended its side.
    Over,
    /// The connection is read, and looked at again.
    On,
    /// A thread that has no answer to wait for any more is still blocked in a read.
    HeldUp,
}

impl State {
    // What is asked of the watchman.

    /// Whether there is something to ask of the watchman that it does not know yet.
    #[inline]
    pub(crate) fn asks_for_watchman(&self) -> bool {
        self.tended.asks()
    }

    /// Asks for the watchman if something is left to it. Called before the lock is released, if
    /// `asks_for_watchman`.
    pub(crate) fn arrange_watch(&mut self, now: Instant) {
        // A stop that has begun under this lock has its time from now on.
        self.goodbye.note_stop(now);
        let snapshot = Snapshot {
            is_unflushed: self.is_unflushed(),
            is_helm_free: self.is_helm_free(),
            is_closed: self.is_closed(),
            end_of_input: self.goodbye.end_of_input,
            passes: self.passes,
        };
        if let Some(after) = self.tended.arrange(&snapshot, now) {
            self.due.watch_in(after);
        }
    }

    /// Notes that the watchman is about to put the connection on its list.
    pub(crate) fn note_listed(&mut self) {
        self.tended.set_listed();
    }

    /// Notes that the watchman could not be asked: the next release of the lock asks again.
    pub(crate) fn watchman_did_not_hear(&mut self) {
        self.tended.was_not_heard();
        self.followed.was_not_heard();
    }

    /// Ends a look of the watchman. `again`: it looks again by itself. Bytes or a helm that were left
    /// during the look are asked for anew when the lock is released.
    pub(crate) fn end_look(&mut self, again: bool) {
        self.tended.listed = again;
        self.tended.ticks &= again;
    }

    // The end, as the layer above is told of it.

    /// Notes that the layer above must be told of the end again.
    pub(crate) fn note_end_unreported(&mut self) {
        self.tended.end_unreported = true;
    }

    /// Whether the layer above must be told of the end again. Forgets it: the caller tells it now.
    pub(crate) fn take_end_unreported(&mut self) -> bool {
        std::mem::take(&mut self.tended.end_unreported)
    }

    /// Whether the layer above must be told of the end again.
    pub(crate) fn is_end_unreported(&self) -> bool {
        self.tended.end_unreported
    }

    // Writing.

    /// Looks for bytes that were left to the watchman.
    pub(crate) fn look_for_bytes(&mut self) -> BytesLook {
        let left = std::mem::take(&mut self.tended.left_unflushed);
        if !self.is_unflushed() {
            let in_vain = if left { 0 } else { self.tended.in_vain.saturating_add(1) };
            self.tended.in_vain = in_vain;
            self.tended.ticks &= in_vain < WRITE_PATIENCE;
            return BytesLook::None(self.tended.ticks.then_some(WRITE_TICK));
        }
        self.tended.in_vain = 0;
        self.tended.ticks = true;
        BytesLook::Unwritten
    }

    /// When a socket that did not take all bytes is looked at again. Cuts a peer that has taken
    /// nothing for `patience`.
    pub(crate) fn look_at_full_socket(&mut self, patience: Duration, now: Instant) -> Duration {
        if self.write_cut(patience).is_some_and(|cut| cut <= now) {
            self.close(Ending::here(EndReason::SlowPeer, ""));
        }
        self.writer.stuck_since().map_or(WRITE_TICK, |since| stuck_tick(now, since))
    }

    // Reading.

    /// Looks whether any thread uses the helm.
    pub(crate) fn look_at_helm(&mut self, now: Instant) -> HelmLook {
        if self.is_closed() || self.goodbye.end_of_input {
            self.tended.helm_left_free = false;
            self.tended.quiet_since = None;
            return HelmLook::Leave;
        }
        if !self.is_helm_free() {
            // Another thread reads. If it does so for short times only, the helm is soon left free
            // again.
            let comes_and_goes = self.tended.passes != self.passes;
            self.tended.passes = self.passes;
            self.tended.helm_left_free &= comes_and_goes;
            self.tended.quiet_since = None;
            return if comes_and_goes { HelmLook::LookIn(UNREAD) } else { HelmLook::Leave };
        }
        // A stop waits for the peer's goodbye, or a waker for an answer, and no other thread may be
        // reading.
        let hasty = self.goodbye.is_stopping() || self.followed.lacks_reader();
        let unread = if hasty { LINGER_TICK } else { UNREAD.min(self.longest_look()) };
        // A pass since the last look means that another thread reads.
        let since = self.tended.quiet_since.filter(|_| self.tended.passes == self.passes);
        let Some(since) = since else {
            self.tended.passes = self.passes;
            self.tended.quiet_since = Some(now);
            return HelmLook::LookIn(unread);
        };
        let quiet = now.saturating_duration_since(since);
        if quiet < unread {
            return HelmLook::LookIn(unread.saturating_sub(quiet));
        }
        if self.is_flooded()
            && let Some(until) = self.held_until(now)
        {
            return HelmLook::LookIn(until.saturating_duration_since(now).min(QUIETEST));
        }
        HelmLook::Read { quiet, unread }
    }

    /// The longest time until the next look at a helm that no thread uses. While commands wait, the
    /// peer may cancel them or ask where they are.
    pub(crate) fn longest_look(&self) -> Duration {
        if self.turn.is_queue_empty() { QUIETEST } else { QUEUED_TICK }
    }

    /// Notes that the last read pass was the watchman's own: no other thread reads.
    pub(crate) fn note_own_pass(&mut self) {
        self.tended.passes = self.passes;
    }

    /// How many commands have waited for `patience` that no thread runs, if the program was not told
    /// of such commands before.
    pub(crate) fn look_for_unheard(&mut self, patience: Duration, now: Instant) -> Option<usize> {
        if self.tended.unheard_reported {
            return None;
        }
        let waiting = self.turn.unheard();
        if waiting == 0 {
            self.tended.unheard_since = None;
            return None;
        }
        let since = *self.tended.unheard_since.get_or_insert(now);
        let told = now.saturating_duration_since(since) >= patience;
        self.tended.unheard_reported = told;
        told.then_some(waiting)
    }

    // Ends.

    /// How long a stop may still last that may last for `most` in all; `None` if there is none.
    pub(crate) fn stop_left(&mut self, most: Duration, now: Instant) -> Option<Duration> {
        if self.is_closed() {
            return None;
        }
        if self.goodbye.is_rest() {
            if !self.turn.is_queue_empty() {
                return Some(most);
            }
            self.goodbye.end_rest();
        }
        let since = self.goodbye.note_stop(now)?;
        Some(most.saturating_sub(now.saturating_duration_since(since)))
    }

    /// Looks at a connection that has ended and may have to be read for `most` in all. It lingers
    /// because a socket that is closed with unread bytes resets the connection, and the reset
    /// destroys the last words that are still on their way to the peer.
    pub(crate) fn look_at_linger(&mut self, most: Duration, now: Instant) -> LingerLook {
        if !self.tended.lingers || self.goodbye.end_of_input {
            return LingerLook::Over;
        }
        let since = *self.tended.linger_since.get_or_insert(now);
        let lasts = now.saturating_duration_since(since);
        if lasts >= most {
            self.goodbye.end_of_input = true;
            return LingerLook::Over;
        }
        let held_up = !self.is_helm_free() && self.turn.is_awaited() && self.writer.is_idle();
        if held_up && lasts >= HELD_UP { LingerLook::HeldUp } else { LingerLook::On }
    }

    /// Notes that the end was read on: a thread that waits to read the rest finds the helm free.
    pub(crate) fn note_lingering_read(&mut self) {
        self.wake(|sleep| sleep == Sleep::End);
    }

    /// Decides that the connection does not linger after its end.
    pub(crate) fn do_not_linger(&mut self) {
        self.tended.lingers = false;
    }

    /// How much longer this connection may be idle, of `limit` in all; `None` if it has ended. Ends
    /// it if no time is left.
    pub(crate) fn idle_left(&mut self, limit: Duration, now: Instant) -> Option<Duration> {
        if self.ended().is_some() {
            return None;
        }
        let progress = self.progress();
        if self.tended.progress != progress || !self.is_at_rest() {
            self.tended.progress = progress;
            self.tended.idle_since = Some(now);
        }
        let since = *self.tended.idle_since.get_or_insert(now);
        let left = limit.saturating_sub(now.saturating_duration_since(since));
        if left.is_zero() {
            let text = format!("nothing was asked for {limit:?}");
            self.close(Ending::Idle { text: text.into() });
        }
        Some(left)
    }

    /// Whether nothing was ever asked on this connection, and nothing is being asked.
    pub(crate) fn is_unused(&self) -> bool {
        self.progress() == Progress::default() && self.is_at_rest()
    }

    /// A measure of what has happened on this connection, for the watchman to compare.
    fn progress(&self) -> Progress {
        let [held, owed] = self.window.arrived_and_owed();
        [self.outbox.end(), self.calls.settled(), held, owed]
    }

    /// Whether no command runs here, no call waits for an answer, and no channel feeds a stream.
    fn is_at_rest(&self) -> bool {
        self.turn.is_idle() && self.calls.waiting() == 0 && !self.has_channels()
    }
}

/// When a socket that has taken nothing since `since` is looked at again: ever less often.
fn stuck_tick(now: Instant, since: Instant) -> Duration {
    let stuck = now.saturating_duration_since(since).checked_div(STUCK_PART);
    stuck.unwrap_or(STUCK_TICK).clamp(WRITE_TICK, STUCK_TICK)
}
