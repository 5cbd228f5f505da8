//! The state of one connection and every decision about it, with no socket in it.
//!
//! All of it stands under one lock. No method blocks, writes or runs user code: what must happen
//! outside the lock (waking threads, starting stand-ins, the last words) is left in `due`.

use std::sync::Arc;
use std::time::Instant;

use super::calls::Calls;
use super::due::{Due, LastWords};
use super::goodbye::{self, Ending, Goodbye};
use super::inbox::Inbox;
use super::limits::{Limits, PeerLimits};
use super::outbox::Outbox;
use super::sleepers::{Sleep, Sleepers};
use super::turn::{Startable, Turn};
use super::waste::Waste;
use super::window::Window;
use crate::link::io::helm::Direct;
use crate::link::threads::tend::Tended;
use crate::wire;

/// One connection.
///
/// The helm is free while `inbox` is there; whoever takes the inbox is the one reader. The
/// flusher is the one writer. `blocked` implies `flusher`.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) inbox: Option<Box<Inbox>>,
    /// What the flusher writes to where it writes one frame from where it is.
    pub(crate) outlet: Direct,
    /// Whoever gives inbox or outlet back lets go of the stream in it.
    pub(crate) stream_is_closed: bool,
    /// Where a long byte string stood that is not needed any more, given back while somebody reads.
    pub(crate) place_for_long: Vec<u8>,
    /// Read passes that have ended.
    pub(crate) passes: u64,
    pub(crate) turn: Turn,
    pub(crate) calls: Calls,
    pub(crate) outbox: Outbox,
    pub(crate) flusher: bool,
    /// The flusher met a full socket.
    pub(crate) blocked: bool,
    /// Since when the socket has taken nothing, whoever tried.
    pub(crate) stuck_since: Option<Instant>,
    /// When the last message was sent that nobody waits for.
    pub(crate) last_message: Option<Instant>,
    /// Outbox position behind the last one-way message.
    pub(crate) last_one_way: u64,
    pub(crate) window: Window,
    /// Outbox positions in front of the last two grants.
    grants_at: [Option<u64>; 2],
    /// What came and changed nothing.
    pub(crate) waste: Waste,
    pub(crate) goodbye: Goodbye,
    /// Why nothing can be written any more, once that is so.
    pub(crate) broken: Option<Box<str>>,
    pub(crate) sleepers: Sleepers,
    pub(crate) due: Due,
    pub(crate) tended: Tended,
    high_water: u64,
}

impl State {
    #[inline]
    pub(crate) fn new(limits: &Limits, peer: PeerLimits, rest: Vec<u8>, watched: bool) -> Self {
        let mut inbox = Inbox::new(limits.max_frame, limits.read_deadline, limits.active_wait);
        inbox.buffer.preload(rest);
        State {
            inbox: Some(Box::new(inbox)),
            outlet: Direct::default(),
            stream_is_closed: false,
            place_for_long: Vec::new(),
            passes: 0,
            turn: Turn::new(limits.max_waiting, limits.max_parallel),
            calls: Calls::default(),
            outbox: Outbox::default(),
            flusher: false,
            blocked: false,
            stuck_since: None,
            last_message: None,
            last_one_way: 0,
            window: Window::new(limits.window, peer.window),
            grants_at: [None; 2],
            waste: Waste::default(),
            goodbye: Goodbye::default(),
            broken: None,
            sleepers: Sleepers::default(),
            due: Due::default(),
            tended: Tended::new(watched),
            high_water: limits.high_water,
        }
    }

    #[inline]
    pub(crate) fn ended(&self) -> Option<&Arc<Ending>> {
        self.goodbye.ended.as_ref()
    }

    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.goodbye.closed
    }

    // The helm.

    /// The baton: what a thread does that stops waiting, running or reading.
    ///
    /// Commands to run wake a runner, a free helm goes to the oldest thread whose wait ends by
    /// input, else to the executor, and bytes that nobody writes to any sleeper.
    #[inline]
    pub(crate) fn pass_on(&mut self) {
        if self.is_closed() {
            return;
        }
        if self.sleepers.is_empty() && self.turn.is_queue_empty() {
            // There is nobody to pass anything on to, and nothing to be run.
            self.leave_helm();
            self.tended.left_unflushed |= self.is_unflushed();
            return;
        }
        self.offer();
        // What was left to the watchman on purpose wakes nobody else.
        if !(self.tended.left_unflushed && self.tended.ticks) {
            self.leave_unflushed();
        }
    }

    /// Offers what others may take: commands to a runner, a free helm to a reader.
    #[inline]
    pub(crate) fn offer(&mut self) {
        if self.sleepers.is_empty() && self.turn.startable() == Startable::Nothing {
            self.leave_helm();
            return;
        }
        self.offer_turn();
        self.offer_helm();
    }

    /// Leaves a free helm to the watchman.
    #[inline]
    fn leave_helm(&mut self) {
        self.tended.helm_left_free = self.inbox.is_some() && !self.goodbye.end_of_input;
    }

    fn offer_helm(&mut self) {
        if self.inbox.is_none() || self.goodbye.end_of_input {
            return;
        }
        let reader = self.sleepers.take(Sleep::reads);
        let reader = match reader {
            None if self.turn.is_line_empty() => {
                self.sleepers.take(|sleep| sleep == Sleep::Executor)
            }
            other => other,
        };
        match reader {
            Some(parker) => self.due.wake(parker),
            None => self.leave_helm(),
        }
    }

    /// Finds a runner for what can be started: one that sleeps, else a new stand-in.
    pub(crate) fn offer_turn(&mut self) {
        let runner = match self.turn.startable() {
            Startable::Nothing => return,
            Startable::ByAnyone => {
                self.sleepers.take(|sleep| matches!(sleep, Sleep::Executor | Sleep::Moment))
            }
            Startable::ByStandIn => None,
        };
        let runner = runner.or_else(|| self.sleepers.take(|sleep| sleep == Sleep::StandIn));
        if let Some(parker) = runner {
            self.due.wake(parker);
        } else if self.turn.needs_stand_in() {
            self.turn.stand_ins = self.turn.stand_ins.saturating_add(1);
            self.due.start_stand_in();
        }
    }

    /// Whether a runner has nothing to start and nothing to write.
    pub(crate) fn is_free_of_work(&self) -> bool {
        let nothing = self.turn.startable() == Startable::Nothing && !self.turn.has_at_once();
        nothing && !self.is_closed() && !self.is_unflushed()
    }

    /// Whether nothing runs here and the peer has started every one-way message that was sent: a
    /// call behind the last one was answered, and commands start in order.
    pub(crate) fn is_all_taken_up(&self) -> bool {
        let all_taken_up = self.last_one_way <= self.calls.settled();
        self.turn.is_idle() && self.calls.waiting() == 0 && all_taken_up
    }

    // The outbox.

    /// Whether something waits to be written and nobody is at it.
    #[inline]
    pub(crate) fn is_unflushed(&self) -> bool {
        !self.flusher && !self.outbox.is_empty() && self.can_write()
    }

    /// Whether a frame may be written from where it is: nothing stands before it, and nobody
    /// writes.
    #[inline]
    pub(crate) fn is_writable_at_once(&self) -> bool {
        !self.flusher && self.outbox.is_empty() && self.can_append()
    }

    /// Whether senders must wait for room.
    #[inline]
    pub(crate) fn is_above_high_water(&self) -> bool {
        self.outbox.bytes() > self.high_water && !self.is_closed() && self.broken.is_none()
    }

    /// Gives buffers up that only a burst needs: nothing came for a while.
    pub(crate) fn shrink(&mut self) {
        self.outbox.shrink();
        self.turn.shrink();
    }

    /// Appends a whole frame. One that can't be written any more is dropped.
    #[inline]
    pub(crate) fn append(&mut self, frame: &mut Vec<u8>) {
        if self.can_append() {
            self.outbox.append(frame);
        }
    }

    /// Appends the whole frame of a one-way message.
    #[inline]
    pub(crate) fn append_one_way(&mut self, frame: &mut Vec<u8>) {
        if self.can_write() {
            self.outbox.append(frame);
        }
        self.last_one_way = self.outbox.end();
        self.turn.notices.sent_one();
    }

    /// Appends a control frame.
    pub(crate) fn append_with(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if self.can_append() {
            self.outbox.append_with(write);
        }
    }

    /// Whether anybody is left to write to.
    #[inline]
    pub(crate) fn can_write(&self) -> bool {
        !self.is_closed() && self.broken.is_none() && !self.goodbye.end_of_input
    }

    /// Whether anything more may be said: behind the last words nothing is.
    #[inline]
    fn can_append(&self) -> bool {
        let goodbye = &self.goodbye;
        goodbye.ended.is_none() && self.broken.is_none() && !goodbye.end_of_input
    }

    // Windows.

    /// A command was started, cancelled or refused: grants what is due.
    #[inline]
    pub(crate) fn take_up(&mut self, charge: u64) {
        if let Some(bytes) = self.window.taken_up(charge) {
            self.grant(bytes);
        }
    }

    /// Grants are for half the window at least. So a peer that keeps to what it was granted has at
    /// most two that it does not know of: one that comes to have a third while the first of them
    /// can't have left yet sends on credit, and grants it never reads would pile up here.
    fn grant(&mut self, bytes: u64) {
        let at = self.outbox.end();
        let [before_last, last] = self.grants_at;
        self.grants_at = [last, Some(at)];
        self.append_with(|out| wire::write_grant(out, 0, bytes));
        if before_last.is_some_and(|at| !self.outbox.may_have_left(at)) {
            let text = "commands came for a grant that had not left yet";
            self.close(Ending::here(wire::EndReason::Window, text));
        }
    }

    // The end.

    /// Begins the orderly stop, if nobody has yet.
    pub(crate) fn begin_stop(&mut self) {
        self.goodbye.stopping = true;
        self.goodbye.stop_since.get_or_insert_with(crate::sync::now);
        self.tended.stops = true;
        self.turn.winding_up = true;
        self.wake(|sleep| matches!(sleep, Sleep::Line | Sleep::Window));
        self.advance_goodbye();
        self.offer_turn();
    }

    /// Does what the goodbye allows next. Called whenever the connection may have become idle.
    #[inline]
    pub(crate) fn advance_goodbye(&mut self) {
        if self.goodbye.stopping {
            self.advance_stop();
        }
    }

    #[cold]
    fn advance_stop(&mut self) {
        if self.goodbye.ended.is_some() {
            return self.advance_end();
        }
        loop {
            let idle = self.turn.is_idle() && self.calls.waiting() == 0;
            let written = self.outbox.bytes() == 0 && !self.flusher;
            match self.goodbye.due(idle, written) {
                goodbye::Due::Nothing => return,
                goodbye::Due::Retrait => {
                    self.goodbye.retrait_at = self.outbox.end();
                    self.append_with(wire::write_retrait);
                    self.goodbye.retired = true;
                }
                goodbye::Due::Adieu => {
                    let reason = wire::EndReason::Finished;
                    self.append_with(|out| wire::write_adieu(out, reason, ""));
                    self.goodbye.bye = true;
                }
                goodbye::Due::Finish => return self.close(Ending::Finished),
            }
        }
    }

    /// The input has ended: an orderly end after the peer's goodbye, a cut before it.
    pub(crate) fn end_input(&mut self, ending: Ending) {
        self.goodbye.end_of_input = true;
        if self.goodbye.ended.is_some() {
            return self.end_input_at_the_end(ending);
        }
        let awaited = self.calls.waiting() > 0 || self.goodbye.senders > 0;
        // What was accepted must have left; who ends the stream in order has had our goodbye.
        let all_left = self.outbox.has_all_left(self.last_one_way);
        if !self.goodbye.peer_bye || awaited || !all_left {
            return self.close(ending);
        }
        // What arrived before the end still runs; nobody is left to write to.
        self.outbox.clear();
        self.wake(|sleep| sleep == Sleep::Room);
        self.advance_goodbye();
    }

    /// Ends the connection: every wait ends, what has not started never will.
    pub(crate) fn close(&mut self, ending: Ending) {
        if self.is_closed() {
            return;
        }
        let words = match &ending {
            _ if self.goodbye.ended.is_some() => self.close_at_the_end(ending),
            Ending::Finished => self.set_ended(ending, LastWords::EndOfStream),
            Ending::Here { reason, text } => {
                self.append_with(|out| wire::write_adieu(out, *reason, text));
                self.set_ended(ending, LastWords::Goodbye)
            }
            Ending::Peer { .. } | Ending::Cut { .. } => self.set_ended(ending, LastWords::None),
        };
        if words == LastWords::Goodbye {
            self.outbox.leave();
        } else {
            self.outbox.clear();
        }
        self.goodbye.closed = true;
        self.turn.clear();
        self.due.say(words);
        self.tended.lingers = words != LastWords::None;
        self.wake(|_| true);
    }

    // Sleepers.

    /// Wakes every sleeper of that sort, once the lock is released.
    #[inline]
    pub(crate) fn wake(&mut self, wanted: impl Fn(Sleep) -> bool) {
        if !self.sleepers.is_empty() {
            self.wake_some(wanted);
        }
    }

    fn wake_some(&mut self, wanted: impl Fn(Sleep) -> bool) {
        while let Some(parker) = self.sleepers.take(&wanted) {
            self.due.wake(parker);
        }
    }
}
