//! Writing: the flusher empties the outbox, and never blocks in a write without reading.

use std::io;
use std::time::Instant;

use super::channel::Channel;
use super::lock::Locked;
use super::reader::Reader;
use super::sleep::is_past;
use crate::link::core::goodbye::Ending;
use crate::link::core::goodbye::lost;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::sync::{Deadline, Rule, holds};
use crate::transport::Ready;
use crate::wire::EndReason;

/// The most bytes read while a write is blocked, before the write is tried again.
const READ_BUDGET: usize = 1 << 20;

/// A blocked write is tried again after this part of the write deadline, and from then on whenever
/// the time without progress has doubled, even if the socket is not called writable. The kernel
/// calls a socket writable only once a third of its buffer is free, which may take a slow but
/// steady peer longer than the deadline. For a peer that does not read at all, a full socket takes
/// what it can early on.
const FIRST_TRY: u32 = 64;

/// Either direction.
const EITHER: Ready = Ready { readable: true, writable: true };

/// What a flusher would wait for if it did not read.
const WRITABLE: Ready = Ready { readable: false, writable: true };

impl Channel {
    /// When the peer is cut if its socket takes nothing until then.
    pub(in super::super) fn write_cut(&self, state: &State) -> Option<Instant> {
        state.writer.stuck_since()?.checked_add(self.limits.write_deadline)
    }

    /// When a blocked write is tried again, even if the socket is not called writable.
    fn next_try(&self, state: &State) -> Option<Instant> {
        let since = state.writer.stuck_since()?;
        let stuck = crate::sync::now().saturating_duration_since(since);
        let first = self.limits.write_deadline.checked_div(FIRST_TRY).unwrap_or_default();
        since.checked_add(stuck.saturating_mul(2).max(first))
    }

    /// Says the last words after this side ended the connection: whole frames and the goodbye, as
    /// far as the socket takes them now, and then the end of the stream.
    pub(in super::super) fn say_goodbye(&self) {
        match self.locked(|state| state.write_last_words()) {
            Said::Written => self.end_stream(),
            Said::ByAnother => {}
            // The flusher sleeps because the peer takes nothing, so nothing can be said.
            Said::Blocked => self.io.shutdown(),
        }
    }

    /// Ends the writing side. If the peer has ended its own side, the stream is closed.
    pub(in super::super) fn end_stream(&self) {
        self.io.shutdown_write();
        if self.locked(|state| state.goodbye.end_of_input) {
            self.close_stream();
        }
    }
}

/// What became of the last words.
enum Said {
    /// As much of the last words is written as the socket took.
    Written,
    /// Another thread is writing, and goes on to say the last words.
    ByAnother,
    /// Another thread waits for the socket to take something.
    Blocked,
}

impl Locked<'_> {
    /// Writes the outbox out, unless another thread is at it.
    ///
    /// Blocks while the socket is full, reading meanwhile; gives up at the deadline (the rest
    /// stays in the outbox) and cuts a peer that takes nothing for the write deadline.
    pub(in super::super) fn flush(&mut self, deadline: &mut Deadline) {
        while self.is_unflushed() {
            self.writer.begin();
            let own = self.outbox.end();
            if self.write_on(own, deadline) {
                return;
            }
        }
    }

    /// Writes what can be written without waiting; a sleeper or the watchman sees to the rest.
    pub(in super::super) fn flush_ready(&mut self) {
        self.flush(&mut { Deadline::NO_TIME });
    }

    /// Writes as the flusher until nothing is left. True if it stopped earlier: at the deadline,
    /// after an error, or because another thread goes on with the bytes behind `own`.
    pub(super) fn write_on(&mut self, own: u64, deadline: &mut Deadline) -> bool {
        let share = own.saturating_add(self.channel.limits.flush_share);
        while !self.outbox.is_empty() && self.can_write() {
            if self.outbox.sent() >= share && self.hand_over_flush() {
                self.end_flush();
                return true;
            }
            if let Err(error) = self.write_once()
                && self.write_failed(&error, deadline)
            {
                return true;
            }
        }
        self.end_flush();
        false
    }

    /// After a write that failed or took nothing: waits for room, or gives up. True if it gave up.
    pub(super) fn write_failed(&mut self, error: &io::Error, deadline: &mut Deadline) -> bool {
        if error.kind() != io::ErrorKind::WouldBlock {
            self.end_flush();
            self.give_up_writing(error);
            return true;
        }
        if deadline.has_passed() {
            self.end_flush();
            self.leave_unflushed();
            return true;
        }
        self.wait_for_room(deadline);
        false
    }

    /// Writes once from the outbox, with nothing locked.
    fn write_once(&mut self) -> io::Result<usize> {
        let (channel, batch) = (self.channel, self.outbox.take());
        let sent = self.unlocked(|| batch.send_with(|parts| channel.io.try_send(parts)));
        let written = *sent.as_ref().unwrap_or(&0);
        self.outbox.give_back(batch, written);
        // A large buffer that was written out can take the next long byte string.
        let large = self.outbox.take_large();
        if large.capacity() > 0 {
            drop(self.keep_long(large));
        }
        self.note_sent(is_full(&sent));
        sent
    }

    #[inline]
    fn end_flush(&mut self) {
        self.writer.end();
        if self.is_closed() {
            // The thread that closed the connection left the last words to this thread, because it
            // was writing.
            let channel = self.channel;
            return self.unlocked(|| channel.say_goodbye());
        }
        self.advance_goodbye();
    }

    /// Waits until a full socket takes more, and reads meanwhile, because the peer may be waiting
    /// for us to read before it reads.
    pub(super) fn wait_for_room(&mut self, deadline: &mut Deadline) {
        self.writer.block();
        let channel = self.channel;
        let cut = channel.write_cut(self);
        if is_past(cut) {
            // The peer may have sent the reason why it no longer reads.
            self.look();
            return self.close(Ending::here(EndReason::SlowPeer, ""));
        }
        let until = cut.into_iter().chain(channel.next_try(self)).chain(deadline.moment()).min();
        if !holds(Rule::WriterReads) {
            return self.wait_unread(until);
        }
        // A flood that changes nothing is not read faster because a write is blocked.
        if self.waste.is_much()
            && let Some(wasted) = self.waste.until(crate::sync::now())
        {
            return self.wait_unread(until.into_iter().chain([wasted]).min());
        }
        match self.take_helm() {
            Some(reader) => self.wait_and_read(reader, until),
            None => self.wait_beside_reader(until),
        }
    }

    /// Waits for room or input, and reads the input.
    fn wait_and_read(&mut self, reader: Box<Reader>, until: Option<Instant>) {
        let channel = self.channel;
        let ready = self.unlocked(|| channel.io.poll(EITHER, until).unwrap_or(EITHER));
        if ready.readable {
            self.read_ready(reader, READ_BUDGET);
        } else {
            self.put_helm(reader);
        }
        // Threads that wanted the helm meanwhile are asleep.
        self.pass_on();
    }

    /// Waits for room, or for the pass of the thread that has the helm.
    fn wait_beside_reader(&mut self, until: Option<Instant>) {
        let (channel, passes) = (self.channel, self.passes);
        let ready = self.unlocked(|| channel.io.poll(EITHER, until).unwrap_or(EITHER));
        let still_held = !self.is_helm_free() && self.passes == passes;
        if ready.readable && !ready.writable && still_held && !self.is_closed() {
            // The thread at the helm is about to read that input; the end of its pass ends this
            // sleep.
            self.sleep(Sleep::Pass, until);
        }
    }

    /// Waits for room without reading, which a writer must not do for long.
    fn wait_unread(&mut self, until: Option<Instant>) {
        let channel = self.channel;
        let _ready = self.unlocked(|| channel.io.poll(WRITABLE, until));
    }

    /// Gives up writing after an error. Nothing more can be said, but the peer's last words may
    /// still be unread, and they tell why.
    fn give_up_writing(&mut self, error: &io::Error) {
        self.writer.break_off(|| format!("writing failed: {}", lost(error)).into());
        self.outbox.clear();
        // Senders that wait for room find out that nothing is sent any more.
        self.wake(|sleep| sleep == Sleep::Room);
        let channel = self.channel;
        let Some(reader) = self.take_helm_anyway() else {
            // The thread at the helm reads to the end of the input, and closes.
            return self.unlocked(|| channel.io.shutdown());
        };
        self.read_ready(reader, usize::MAX);
        // The connection ends as if by its input: commands that came before the peer's `adieu`
        // still run.
        self.end_input(Ending::cut(error));
    }

    fn write_last_words(&mut self) -> Said {
        if !self.writer.is_idle() {
            return if self.writer.is_blocked() { Said::Blocked } else { Said::ByAnother };
        }
        // One thread at a time: the end of the stream by another thread would come before these
        // words.
        self.writer.begin();
        let channel = self.channel;
        while !self.outbox.is_empty() {
            let batch = self.outbox.take();
            let sent = self.unlocked(|| batch.send_with(|parts| channel.io.try_send_last(parts)));
            match sent {
                Ok(n) => self.outbox.give_back(batch, n),
                Err(_) => break,
            }
        }
        self.writer.end();
        self.outbox.clear();
        Said::Written
    }
}

/// Whether a write has taken nothing because the socket is full.
#[inline]
pub(super) fn is_full(sent: &io::Result<usize>) -> bool {
    matches!(sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
}
