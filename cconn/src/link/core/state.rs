//! The state of one connection and every decision about it, without a socket.
//!
//! One lock guards all of it. No method blocks, writes or runs user code: what must happen outside
//! the lock (waking threads, starting stand-ins, sending the last words) is left in `due`.

use std::sync::Arc;
use std::time::Instant;

use super::alarm::Alarms;
use super::calls::Calls;
use super::command::Ran;
use super::due::Due;
use super::followed::Followed;
use super::goodbye::{Ending, Goodbye};
use super::lanes::Lanes;
use super::limits::{Limits, PeerLimits};
use super::outbox::Outbox;
use super::outlet::Outlets;
use super::report::Reports;
use super::sleepers::{Sleep, Sleepers};
use super::tended::Tended;
use super::turn::Turn;
use super::waste::Waste;
use super::window::Window;
use super::writer::Writer;
use crate::copy;
use crate::wire::{Answering, Features, Outgoing};

/// Whether a thread reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Helm {
    Free,
    Taken,
}

/// One connection.
///
/// The thread at the helm is the only reader, the flusher the only writer.
#[derive(Debug)]
pub(crate) struct State {
    helm: Helm,
    /// The number of read passes that have ended.
    pub(super) passes: u64,
    pub(super) turn: Turn,
    pub(super) calls: Calls,
    /// Calls that no thread waits for, but a waker of the program.
    pub(super) followed: Followed,
    pub(super) outbox: Outbox,
    pub(super) writer: Writer,
    /// When the last one-way message was sent.
    pub(super) last_message: Option<Instant>,
    /// Outbox position behind the last one-way message.
    pub(super) last_one_way: u64,
    pub(super) window: Window,
    /// Outbox positions before the last two grants.
    pub(super) grants_at: [Option<u64>; 2],
    /// Frames that came and changed nothing.
    pub(super) waste: Waste,
    pub(super) goodbye: Goodbye,
    pub(super) sleepers: Sleepers,
    pub(super) due: Due,
    pub(super) tended: Tended,
    /// What is run when commands become unwanted.
    pub(super) alarms: Alarms,
    pub(super) reports: Reports,
    pub(super) high_water: u64,
    /// The sending ends of streams, and messages in slots; `None` until there is a first one.
    pub(super) outlets: Option<Box<Outlets>>,
    /// The receiving ends of argument streams; `None` until there is a first one.
    pub(super) lanes: Option<Box<Lanes>>,
    /// What the peer's greeting declares.
    pub(super) peer: Features,
}

impl State {
    #[inline]
    pub(crate) fn new(limits: &Limits, peer: PeerLimits, watched: bool) -> Self {
        State {
            helm: Helm::Free,
            passes: 0,
            turn: Turn::new(limits.max_waiting, limits.max_parallel),
            calls: Calls::default(),
            followed: Followed::default(),
            outbox: Outbox::default(),
            writer: Writer::default(),
            last_message: None,
            last_one_way: 0,
            window: Window::new(limits.window, peer.window),
            grants_at: [None; 2],
            waste: Waste::default(),
            goodbye: Goodbye::default(),
            sleepers: Sleepers::default(),
            due: Due::default(),
            tended: Tended::new(watched),
            alarms: Alarms::default(),
            reports: Reports::default(),
            high_water: limits.high_water,
            outlets: None,
            lanes: None,
            peer: peer.features,
        }
    }

    /// Why the connection ends, once that is known.
    #[inline]
    pub(crate) fn ended(&self) -> Option<&Arc<Ending>> {
        self.goodbye.ended()
    }

    /// Whether the connection is being stopped, or has ended.
    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        self.goodbye.is_stopping()
    }

    /// Whether a thread of this side's program asked for the stop.
    pub(crate) fn is_stop_asked_here(&self) -> bool {
        self.goodbye.is_asked_here()
    }

    /// Whether nothing is left to be written or run.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.goodbye.is_closed()
    }

    /// Whether nothing runs here and the peer has started every one-way message that was sent. The
    /// latter is known once a call sent after the last of them has been answered, because commands
    /// start in order.
    pub(crate) fn is_all_taken_up(&self) -> bool {
        let all_taken_up = self.last_one_way <= self.calls.settled();
        self.turn.is_idle() && self.calls.waiting() == 0 && all_taken_up
    }

    /// Whether one-way messages were sent of which nothing is known to have been started.
    pub(crate) fn may_be_unhandled(&self) -> bool {
        self.last_one_way > self.calls.settled()
    }

    // The helm.

    /// Whether no thread reads.
    #[inline]
    pub(crate) fn is_helm_free(&self) -> bool {
        self.helm == Helm::Free
    }

    /// Notes that a thread begins to read.
    #[inline]
    pub(crate) fn begin_pass(&mut self) {
        self.helm = Helm::Taken;
    }

    /// Notes that a read pass has ended: the helm is free.
    #[inline]
    pub(crate) fn end_pass(&mut self) {
        self.helm = Helm::Free;
        self.passes = self.passes.wrapping_add(1);
        if self.writer.is_blocked() || self.is_closed() {
            self.wake_behind_pass();
        }
    }

    /// Wakes the threads that sleep until a read pass has ended.
    #[cold]
    fn wake_behind_pass(&mut self) {
        if self.writer.is_blocked() {
            self.wake(|sleep| sleep == Sleep::Pass);
        }
        if self.is_closed() {
            // After the close nothing is passed on; a thread that reads out the rest takes the helm
            // now.
            self.wake(|sleep| sleep == Sleep::End);
        }
    }

    // The outbox.

    /// How many bytes are not known to be written.
    pub(crate) fn bytes_waiting(&self) -> u64 {
        self.outbox.bytes()
    }

    /// Whether bytes wait to be written and no thread writes.
    #[inline]
    pub(crate) fn is_unflushed(&self) -> bool {
        self.writer.is_idle() && !self.outbox.is_empty() && self.can_write()
    }

    /// Whether a frame may be written from the caller's buffer: nothing is queued before it, and no
    /// thread writes.
    #[inline]
    pub(crate) fn is_writable_at_once(&self) -> bool {
        self.writer.is_idle() && self.outbox.is_empty() && self.can_append()
    }

    /// Whether senders must wait for room in the outbox.
    #[inline]
    pub(crate) fn is_above_high_water(&self) -> bool {
        self.outbox.bytes() > self.high_water && !self.is_closed() && !self.writer.is_broken()
    }

    /// Frees buffers that only a burst needs. Called after a quiet time.
    pub(crate) fn shrink(&mut self) {
        self.outbox.shrink();
        self.turn.shrink();
    }

    /// Appends a whole frame. A frame that can't be written any more is dropped.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call of it costs as much as its plain way")]
    // [window.free]
    pub(crate) fn append(&mut self, frame: &mut Outgoing<&[u8]>) {
        if self.can_append() {
            self.outbox.append_frame(frame);
        }
    }

    /// Appends the frame of an answer, whose payload is moved.
    pub(crate) fn append_answer(&mut self, frame: &mut Answering) {
        if self.can_append() {
            self.outbox.append(&mut frame.bytes);
            if !frame.tail.is_empty() {
                self.outbox.append(&mut frame.tail);
            }
        }
    }

    /// Appends the whole frame of a one-way message, and counts it.
    #[inline]
    pub(crate) fn append_one_way(&mut self, frame: &mut Outgoing<&[u8]>) {
        if self.can_write() {
            self.outbox.append_frame(frame);
        }
        self.last_one_way = self.outbox.end();
        self.turn.notices.sent_one();
    }

    /// Appends a copy of the whole frame of a one-way message, and counts it.
    pub(crate) fn append_copied_one_way(&mut self, frame: [&[u8]; 2]) {
        self.append_with(|out| frame.iter().for_each(|part| copy::append(out, part)));
        self.last_one_way = self.outbox.end();
        self.turn.notices.sent_one();
    }

    /// Appends a control frame.
    pub(crate) fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.can_append() {
            self.outbox.append_with(write);
        }
    }

    /// Whether there is still a peer to write to.
    #[inline]
    pub(crate) fn can_write(&self) -> bool {
        !self.is_closed() && !self.writer.is_broken() && !self.goodbye.end_of_input
    }

    /// Whether a frame may still be appended: behind the last words none may.
    #[inline]
    pub(super) fn can_append(&self) -> bool {
        let goodbye = &self.goodbye;
        goodbye.ended().is_none() && !self.writer.is_broken() && !goodbye.end_of_input
    }

    // Input.

    /// Whether the input has ended.
    #[inline]
    pub(crate) fn has_input_ended(&self) -> bool {
        self.goodbye.end_of_input
    }

    /// Notes that no more input is read.
    pub(crate) fn note_input_over(&mut self) {
        self.goodbye.end_of_input = true;
    }

    /// Whether so much came that changes nothing that reading may have to wait.
    #[inline]
    pub(crate) fn is_flooded(&self) -> bool {
        self.waste.is_much()
    }

    /// Until when reading waits, because too much came that changes nothing.
    pub(crate) fn held_until(&mut self, now: Instant) -> Option<Instant> {
        self.waste.until(now)
    }

    // What is due.

    /// Whether something must happen once the lock is released.
    #[inline]
    pub(crate) fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Takes what must happen once the lock is released.
    #[inline]
    pub(crate) fn take_due(&mut self) -> Option<Due> {
        self.has_due().then(|| std::mem::take(&mut self.due))
    }

    // Commands.

    /// Notes that a handler has returned: it no longer runs, and its command is handled.
    #[inline]
    pub(crate) fn finish(&mut self, ran: Ran) {
        self.turn.finish(ran.call, ran.parallel);
        self.handled(ran.number);
    }

    /// Notes that a command was handled, or never will be.
    #[inline]
    pub(crate) fn handled(&mut self, number: u64) {
        if !self.turn.catching_up.is_empty() && self.turn.catching_up.strike_off(number) {
            self.wake(|sleep| sleep == Sleep::Handled);
        }
    }

    // Sleepers.

    /// Wakes every sleeper for which `wanted` holds, once the lock is released.
    #[inline]
    pub(crate) fn wake(&mut self, wanted: impl Fn(Sleep) -> bool) {
        if !self.sleepers.is_empty() {
            self.wake_some(&wanted);
        }
    }

    fn wake_some(&mut self, wanted: &dyn Fn(Sleep) -> bool) {
        while let Some(parker) = self.sleepers.take(wanted) {
            self.due.wake(parker);
        }
    }
}
