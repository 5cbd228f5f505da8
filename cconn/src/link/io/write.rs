//! Writing: the flusher empties the outbox, and never blocks in a write without reading.

use std::io;
use std::time::{Duration, Instant};

use super::lock::Locked;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::goodbye::lost;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::threads::wait::is_past;
use crate::sync::{Deadline, Rule, holds};
use crate::transport::Ready;
use crate::wire::EndReason;

/// Bytes read at most while a write is blocked, before the write is tried again.
const READ_BUDGET: usize = 1 << 20;

/// A burst of messages is written out when it has grown to this many bytes.
const BURST: u64 = 32 << 10;

/// Messages that follow each other within this time are a burst: they share a write.
const BURST_GAP: Duration = Duration::from_micros(50);

/// A blocked write is tried again after this part of the write deadline, and then whenever the
/// time without progress has doubled, whatever the socket says. It is called writable only once a
/// third of its buffer is free: a slow peer that reads all the time may take longer for that than
/// the deadline. What a full socket still takes of a peer that does not read, it takes early.
const FIRST_TRY: u32 = 64;

/// Both directions.
const EITHER: Ready = Ready { readable: true, writable: true };

/// What a flusher would wait for if it did not read.
const WRITABLE: Ready = Ready { readable: false, writable: true };

impl Link {
    /// Writes the outbox out, unless somebody else is at it.
    ///
    /// Blocks while the socket is full, reading meanwhile; gives up at the deadline (the rest
    /// stays in the outbox) and cuts a peer that takes nothing for the write deadline.
    pub(in super::super) fn flush<'a>(
        &'a self,
        mut state: Locked<'a>,
        deadline: &mut Deadline,
    ) -> Locked<'a> {
        while state.is_unflushed() {
            state.flusher = true;
            let own = state.outbox.end();
            let gave_up;
            (state, gave_up) = self.write_on(state, own, deadline);
            if gave_up {
                break;
            }
        }
        state
    }

    /// The flusher writes until nothing is left, or others may go on behind `own`; says whether
    /// it gave up instead.
    pub(in super::super) fn write_on<'a>(
        &'a self,
        mut state: Locked<'a>,
        own: u64,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, bool) {
        let share = own.saturating_add(self.limits.flush_share);
        while !state.outbox.is_empty() && state.can_write() {
            if state.outbox.sent() >= share && state.hand_over_flush() {
                return (self.end_flush(state), true);
            }
            let sent;
            (state, sent) = self.write_once(state);
            let Err(error) = sent else { continue };
            let gave_up;
            (state, gave_up) = self.write_failed(state, &error, deadline);
            if gave_up {
                return (state, true);
            }
        }
        (self.end_flush(state), false)
    }

    /// The socket took nothing: waits for room, or gives up; says whether it did.
    pub(in super::super) fn write_failed<'a>(
        &'a self,
        mut state: Locked<'a>,
        error: &io::Error,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, bool) {
        if error.kind() != io::ErrorKind::WouldBlock {
            state = self.end_flush(state);
            return (self.give_up_writing(state, error), true);
        }
        if deadline.has_passed() {
            state = self.end_flush(state);
            state.leave_unflushed();
            return (state, true);
        }
        (self.wait_for_room(state, deadline), false)
    }

    /// After a message nobody waits for: a lone one is written at once, one of a burst is left to
    /// be written with those that follow, by the watchman within a millisecond at the latest.
    pub(in super::super) fn flush_burst<'a>(
        &'a self,
        mut state: Locked<'a>,
        deadline: &mut Deadline,
    ) -> Locked<'a> {
        if self.may_leave(&state) && !state.goodbye.stopping {
            if state.tended.left_unflushed {
                // The burst goes on, and the watchman knows of it.
                if self.is_kept_in_mind() {
                    return state;
                }
            } else {
                let now = crate::sync::now();
                let last = state.last_message.replace(now);
                let is_burst =
                    last.is_some_and(|last| now.saturating_duration_since(last) < BURST_GAP);
                if is_burst && self.begin_leaving(&mut state) {
                    return state;
                }
            }
        }
        self.flush(state, deadline)
    }

    /// Before a command runs: nobody enters user code with bytes left that nobody owns. A few
    /// finished answers are left to the watchman, to share a write with those that follow.
    pub(in super::super) fn flush_before_command<'a>(
        &'a self,
        mut state: Locked<'a>,
    ) -> Locked<'a> {
        if !state.is_unflushed() {
            return state;
        }
        if self.may_leave(&state) {
            let goes_on = state.tended.left_unflushed && self.is_kept_in_mind();
            if goes_on || self.begin_leaving(&mut state) {
                return state;
            }
        }
        self.flush(state, &mut Deadline::Never)
    }

    /// Leaves bytes to the watchman, unless he is the parent's of this process, or this thread ends
    /// and nobody would write them if the process ended with it.
    fn begin_leaving(&self, state: &mut State) -> bool {
        let watched = self.watch.as_ref().is_some_and(|watch| watch.is_of_this_process());
        if !watched || !self.is_kept_in_mind() {
            return false;
        }
        state.tended.left_unflushed = true;
        self.set_left(true);
        true
    }

    /// Whether bytes may wait for others: there is a watchman, and they are few.
    fn may_leave(&self, state: &State) -> bool {
        let is_watched = self.watch.as_ref().is_some_and(|watch| watch.is_there());
        is_watched && state.outbox.bytes() < BURST
    }

    /// Writes what can be written without blocking; a sleeper or the watchman sees to the rest.
    pub(in super::super) fn flush_ready<'a>(&'a self, mut state: Locked<'a>) -> Locked<'a> {
        while state.is_unflushed() {
            state.flusher = true;
            let sent;
            (state, sent) = self.write_once(state);
            state = self.end_flush(state);
            match sent {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    state.leave_unflushed();
                    break;
                }
                Err(error) => return self.give_up_writing(state, &error),
            }
        }
        state
    }

    /// One write of the whole outbox, outside the lock.
    fn write_once<'a>(&'a self, mut state: Locked<'a>) -> (Locked<'a>, io::Result<usize>) {
        let batch = state.outbox.take();
        drop(state);
        let sent = batch.send(&*self.io);
        state = self.lock();
        let written = *sent.as_ref().unwrap_or(&0);
        state.outbox.give_back(batch, written);
        let large = state.outbox.take_large();
        if large.capacity() > 0 {
            drop(state.keep_long(large));
        }
        state.note_sent(&sent);
        (state, sent)
    }

    #[inline]
    fn end_flush<'a>(&'a self, mut state: Locked<'a>) -> Locked<'a> {
        state.flusher = false;
        state.blocked = false;
        if state.is_closed() {
            // Whoever closed left the last words to the thread that was writing.
            drop(state);
            self.say_goodbye();
            return self.lock();
        }
        state.advance_goodbye();
        state
    }

    /// The socket is full: waits until it takes more, and reads meanwhile, for the peer may be
    /// waiting for us to read before it reads.
    pub(in super::super) fn wait_for_room<'a>(
        &'a self,
        mut state: Locked<'a>,
        deadline: &mut Deadline,
    ) -> Locked<'a> {
        state.blocked = true;
        let cut = self.write_cut(&state);
        if is_past(cut) {
            // The peer may have said why it reads no more.
            state = self.look(state);
            state.close(Ending::here(EndReason::SlowPeer, ""));
            return state;
        }
        let until = cut.into_iter().chain(self.next_try(&state)).chain(deadline.moment()).min();
        if !holds(Rule::WriterReads) {
            return self.wait_unread(state, until);
        }
        if state.waste.is_much()
            && let Some(wasted) = state.waste.until(crate::sync::now())
        {
            return self.wait_unread(state, until.into_iter().chain([wasted]).min());
        }
        if let Some(inbox) = state.take_helm() {
            drop(state);
            let ready = self.io.poll(EITHER, until).unwrap_or(EITHER);
            state = self.lock();
            if ready.readable {
                (state, _) = self.read_ready(state, inbox, READ_BUDGET);
            } else {
                state.put_helm(inbox);
            }
            state.pass_on();
            return state;
        }
        let passes = state.passes;
        drop(state);
        let ready = self.io.poll(EITHER, until).unwrap_or(EITHER);
        state = self.lock();
        let still_held = state.inbox.is_none() && state.passes == passes;
        if ready.readable && !ready.writable && still_held && !state.is_closed() {
            // The holder of the helm is about to read that input; its pass ends this sleep.
            (state, _) = self.sleep(state, Sleep::Pass, until);
        }
        state
    }

    /// When a blocked write is tried again, whatever the socket says.
    fn next_try(&self, state: &State) -> Option<Instant> {
        let since = state.stuck_since?;
        let stuck = crate::sync::now().saturating_duration_since(since);
        let first = self.limits.write_deadline.checked_div(FIRST_TRY).unwrap_or_default();
        since.checked_add(stuck.saturating_mul(2).max(first))
    }

    /// When the peer is cut if its socket takes nothing until then.
    pub(in super::super) fn write_cut(&self, state: &State) -> Option<Instant> {
        state.stuck_since?.checked_add(self.limits.write_deadline)
    }

    /// What a writer must not do for long: wait without reading.
    fn wait_unread<'a>(&'a self, state: Locked<'a>, until: Option<Instant>) -> Locked<'a> {
        drop(state);
        let _ready = self.io.poll(WRITABLE, until);
        self.lock()
    }

    /// A write failed: nothing more can be said, but the peer's last words may still be there to
    /// read, and they say why.
    fn give_up_writing<'a>(&'a self, mut state: Locked<'a>, error: &io::Error) -> Locked<'a> {
        state.broken.get_or_insert_with(|| format!("writing failed: {}", lost(error)).into());
        state.outbox.clear();
        state.wake(|sleep| sleep == Sleep::Room);
        let Some(inbox) = state.inbox.take() else {
            drop(state);
            // Whoever reads comes to the end of what is there, and closes.
            self.io.shutdown();
            return self.lock();
        };
        (state, _) = self.read_ready(state, inbox, usize::MAX);
        // An end like that of the input: what came before the peer's adieu still runs.
        state.end_input(Ending::cut(error));
        state
    }

    /// The last words after an end of this side's making: what is complete and the goodbye, as
    /// far as the socket takes it now. Then the end of the stream.
    pub(in super::super) fn say_goodbye(&self) {
        let mut state = self.lock();
        if state.flusher {
            let blocked = state.blocked;
            drop(state);
            if blocked {
                // The flusher sleeps because the peer takes nothing: nothing can be said.
                self.io.shutdown();
            }
            return;
        }
        // One at a time: another thread's end of the stream would come before these words.
        state.flusher = true;
        while !state.outbox.is_empty() {
            let batch = state.outbox.take();
            drop(state);
            let sent = batch.send_last(&*self.io);
            state = self.lock();
            match sent {
                Ok(n) => state.outbox.give_back(batch, n),
                Err(_) => break,
            }
        }
        state.flusher = false;
        state.outbox.clear();
        drop(state);
        self.end_stream();
    }
}

impl State {
    /// What a write came to, for those who wait for room and for the write deadline.
    #[inline]
    pub(in super::super) fn note_sent(&mut self, sent: &io::Result<usize>) {
        match sent {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.stuck_since.get_or_insert_with(crate::sync::now);
            }
            _ => self.stuck_since = None,
        }
        if !self.is_above_high_water() {
            self.wake(|sleep| sleep == Sleep::Room);
        }
    }

    /// Leaves what is not written to somebody who sleeps here, else to the watchman.
    pub(in super::super) fn leave_unflushed(&mut self) {
        if self.is_unflushed() && !self.hand_over_flush() {
            self.tended.left_unflushed = true;
        }
    }

    /// Wakes a sleeping thread to go on writing, if there is one.
    fn hand_over_flush(&mut self) -> bool {
        let next = self
            .sleepers
            .take(|sleep| !matches!(sleep, Sleep::Pass | Sleep::Wasted | Sleep::Several));
        let found = next.is_some();
        if let Some(parker) = next {
            self.due.wake(parker);
        }
        found
    }
}
