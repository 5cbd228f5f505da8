//! Writing: the flusher empties the outbox, and never blocks in a write without reading.

use std::io;
use std::time::{Duration, Instant};

use super::channel::Channel;
use super::lock::Locked;
use super::read::TO_THE_END;
use super::reader::Reader;
use super::sleep::is_past;
use super::telling::is_telling;
use crate::link::core::goodbye::{Ending, lost};
use crate::link::core::sleepers::Sleep;
use crate::link::core::writing::Speaker;
use crate::sync::{Deadline, Rule, holds};
use crate::transport::Ready;
use crate::wire::EndReason;

/// The most bytes read while a write is blocked, before the write is tried again.
const READ_BUDGET: usize = 1 << 20;

/// How long a writer over TLS waits for room before it looks at the helm again. The end of a pass
/// of the helm does not wake that writer.
const HELM_TICK: Duration = Duration::from_millis(1);

/// Either direction.
const EITHER: Ready = Ready { readable: true, writable: true };

/// What a flusher would wait for if it did not read.
const WRITABLE: Ready = Ready { readable: false, writable: true };

impl Channel {
    /// Says the last words after this side ended the connection: whole frames and the goodbye, as
    /// far as the socket takes them now, and then the end of the stream.
    pub(in super::super) fn say_goodbye(&self) {
        match self.locked(|state| state.write_last_words()) {
            Speaker::Caller => self.end_stream(),
            Speaker::Another => {}
            // The flusher sleeps because the peer takes nothing, so nothing can be said.
            Speaker::Blocked => self.io.shutdown(),
        }
    }

    /// Ends the writing side. If the peer has ended its own side, the stream is closed.
    pub(in super::super) fn end_stream(&self) {
        self.io.shutdown_write();
        if self.locked(|state| state.has_input_ended()) {
            self.close_stream();
        }
    }
}

impl Locked<'_> {
    /// Writes the outbox out, unless another thread is at it.
    ///
    /// Blocks while the socket is full, reading meanwhile; gives up at the deadline (the rest
    /// stays in the outbox) and cuts a peer that takes nothing for the write deadline.
    #[inline]
    pub(in super::super) fn flush(&mut self, deadline: &mut Deadline) {
        if self.is_unflushed() {
            self.flush_out(deadline);
        }
    }

    fn flush_out(&mut self, deadline: &mut Deadline) {
        while self.is_unflushed() {
            let own = self.begin_flush();
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
        while self.has_to_write() {
            if self.hands_over(share) {
                self.leave_flush();
                return true;
            }
            if self.leaves_items(share) {
                self.leave_flush();
                self.leave_unflushed();
                return true;
            }
            if let Err(error) = self.write_once()
                && self.write_failed(&error, deadline)
            {
                return true;
            }
        }
        self.leave_flush();
        false
    }

    /// After a write that failed or took nothing: waits for room, or gives up. True if it gave up.
    pub(super) fn write_failed(&mut self, error: &io::Error, deadline: &mut Deadline) -> bool {
        if error.kind() != io::ErrorKind::WouldBlock {
            self.leave_flush();
            self.give_up_writing(error);
            return true;
        }
        if deadline.has_passed() || is_telling() {
            self.leave_flush();
            self.leave_unflushed();
            return true;
        }
        self.wait_for_room(deadline);
        false
    }

    /// Writes once from the outbox, with nothing locked.
    fn write_once(&mut self) -> io::Result<usize> {
        let (channel, batch) = (self.channel, self.take_batch());
        let sent = self.unlocked(|| batch.send_with(|parts| channel.io.try_send(parts)));
        let written = *sent.as_ref().unwrap_or(&0);
        // A large buffer that was written out can take the next long byte string.
        let large = self.give_batch_back(batch, written, full_at(&sent));
        if large.capacity() > 0 {
            drop(self.reuse_long(large));
        }
        sent
    }

    #[inline]
    fn leave_flush(&mut self) {
        if self.end_flush() {
            let channel = self.channel;
            self.unlocked(|| channel.say_goodbye());
        }
    }

    /// Waits until a full socket takes more, and reads meanwhile, because the peer may be waiting
    /// for us to read before it reads.
    pub(super) fn wait_for_room(&mut self, deadline: &mut Deadline) {
        self.block_flush();
        let patience = self.channel.limits.write_deadline;
        let cut = self.write_cut(patience);
        if is_past(cut) {
            // The peer may have sent the reason why it no longer reads.
            self.look();
            return self.close(Ending::here(EndReason::SlowPeer, ""));
        }
        let next = self.next_try(patience, crate::sync::now());
        let until = cut.into_iter().chain(next).chain(deadline.moment()).min();
        if !holds(Rule::WriterReads) {
            return self.wait_unread(until);
        }
        // A flood that changes nothing is not read faster because a write is blocked.
        if self.is_flooded()
            && let Some(wasted) = self.held_until(crate::sync::now())
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
        let (channel, before) = (self.channel, self.read_so_far());
        let ready = self.unlocked(|| channel.io.poll(EITHER, until).unwrap_or(EITHER));
        let still_held = !self.is_helm_free() && !self.has_read_since(before);
        if ready.readable && !ready.writable && still_held && !self.is_closed() {
            if self.channel.io.receives_in_steps() {
                return self.wait_for_room_or_helm(until);
            }
            // The thread at the helm is about to read that input; the end of its pass ends this
            // sleep.
            self.sleep(Sleep::Pass, until);
        }
    }

    /// Waits for room, at most for `HELM_TICK`; then the caller looks at the helm again.
    ///
    /// On a stream that receives in steps the thread at the helm may take the input that is there,
    /// find no whole record in it, and wait for more without ending its pass. This thread would
    /// then sleep for that end until `until`, though the socket has room.
    fn wait_for_room_or_helm(&mut self, until: Option<Instant>) {
        let tick = crate::sync::now().checked_add(HELM_TICK);
        self.wait_unread(until.into_iter().chain(tick).min());
    }

    /// Waits for room without reading, which a writer must not do for long.
    fn wait_unread(&mut self, until: Option<Instant>) {
        let channel = self.channel;
        let _ready = self.unlocked(|| channel.io.poll(WRITABLE, until));
    }

    /// Gives up writing after an error. Nothing more can be said, but the peer's last words may
    /// still be unread, and they tell why.
    fn give_up_writing(&mut self, error: &io::Error) {
        self.break_writing(|| format!("writing failed: {}", lost(error)).into());
        let channel = self.channel;
        let Some(reader) = self.take_helm_anyway() else {
            // The thread at the helm reads to the end of the input, and closes.
            return self.unlocked(|| channel.io.shutdown());
        };
        self.read_ready(reader, TO_THE_END);
        // The connection ends as if by its input: commands that came before the peer's `adieu`
        // still run.
        self.end_input(Ending::cut(error));
    }

    fn write_last_words(&mut self) -> Speaker {
        let speaker = self.begin_last_words();
        if speaker != Speaker::Caller {
            return speaker;
        }
        let channel = self.channel;
        while let Some(batch) = self.next_last_words() {
            let sent = self.unlocked(|| batch.send_with(|parts| channel.io.try_send_last(parts)));
            match sent {
                Ok(n) => self.said_last_words(batch, n),
                Err(_) => break,
            }
        }
        self.end_last_words();
        speaker
    }
}

/// The present moment, if a write has taken nothing because the socket is full.
#[inline]
pub(super) fn full_at(sent: &io::Result<usize>) -> Option<Instant> {
    let is_full = matches!(sent, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
    is_full.then(crate::sync::now)
}
