//! Writing: the flusher empties the outbox, and never blocks in a write without reading.

use std::io;
use std::time::Instant;

use super::lock::Locked;
use super::sleep::is_past;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::goodbye::lost;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::sync::{Deadline, Rule, holds};
use crate::transport::Ready;
use crate::wire::EndReason;

/// Bytes read at most while a write is blocked, before the write is tried again.
const READ_BUDGET: usize = 1 << 20;

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
        let sent = batch.send_with(|parts| self.io.try_send(parts));
        state = self.lock();
        let written = *sent.as_ref().unwrap_or(&0);
        state.outbox.give_back(batch, written);
        let large = state.outbox.take_large();
        if large.capacity() > 0 {
            drop(state.keep_long(large));
        }
        state.note_sent(is_full(&sent));
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
        if let Some(reader) = state.take_helm() {
            drop(state);
            let ready = self.io.poll(EITHER, until).unwrap_or(EITHER);
            state = self.lock();
            if ready.readable {
                (state, _) = self.read_ready(state, reader, READ_BUDGET);
            } else {
                state.put_helm(reader);
            }
            state.pass_on();
            return state;
        }
        let passes = state.passes;
        drop(state);
        let ready = self.io.poll(EITHER, until).unwrap_or(EITHER);
        state = self.lock();
        let still_held = !state.is_helm_free() && state.passes == passes;
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
        let Some(reader) = state.take_helm_anyway() else {
            drop(state);
            // Whoever reads comes to the end of what is there, and closes.
            self.io.shutdown();
            return self.lock();
        };
        (state, _) = self.read_ready(state, reader, usize::MAX);
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
            let sent = batch.send_with(|parts| self.io.try_send_last(parts));
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

/// Whether a write has taken nothing because the socket is full.
#[inline]
pub(super) fn is_full(sent: &io::Result<usize>) -> bool {
    matches!(sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
