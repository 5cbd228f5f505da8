//! Reading: the passes of the thread that has the helm.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use super::channel::Channel;
use super::lock::Locked;
use super::reader::Reader;
use super::sleep::is_past;
use crate::copy;
use crate::link::core::bytes::{Bytes, Freed};
use crate::link::core::goodbye::Ending;
use crate::link::core::inbox::{Idle, Inbox};
use crate::link::core::limits::LAST_GRACE;
use crate::link::core::route::{Router, Routing};
use crate::link::core::sleepers::Sleep;
use crate::sync::Deadline;
use crate::transport::Ready;

/// The most bytes that a look reads: a peer that sends all the time must not keep a thread past its
/// deadline.
pub(in super::super) const LOOK_BUDGET: usize = 1 << 20;

/// The budget of a reader that wants the peer's last words, whatever comes before them.
pub(super) const TO_THE_END: usize = usize::MAX;

/// Whether the process is about to end, and has said goodbye to its peers.
static PROCESS_ENDS: AtomicBool = AtomicBool::new(false);

/// From now on no thread learns that a peer has ended its side: that would be the peer's answer to a
/// goodbye which the program knows nothing of, and the process ends before the program could say
/// anything about it.
pub(in super::super) fn let_no_end_be_seen() {
    PROCESS_ENDS.store(true, Ordering::Relaxed);
}

/// The result of a read, unless the process is about to end and the result is the end of the stream.
#[inline]
fn seen<E>(result: Result<usize, E>) -> Result<usize, E> {
    if matches!(result, Ok(0)) {
        outlive_the_process();
    }
    result
}

#[cold]
fn outlive_the_process() {
    if PROCESS_ENDS.load(Ordering::Relaxed) {
        std::thread::sleep(LAST_GRACE);
    }
}

impl Channel {
    #[inline]
    fn routing(&self, router: Router) -> Routing<'_> {
        let max_unclaimed = self.limits.max_unclaimed;
        Routing { commands: &*self.kinds, router, max_unclaimed, clock: crate::sync::now }
    }

    /// Gives the buffer of a body back for the next read: a small one to the thread, a large one to
    /// the connection, so that a row of large messages is read into the same memory.
    #[inline]
    pub(crate) fn recycle(&self, body: &mut Bytes) {
        if let Some(freed) = body.recycle() {
            self.take_back(freed);
        }
    }

    #[cold]
    fn take_back(&self, freed: Freed) {
        let not_wanted = self.locked(|state| match freed {
            Freed::Long(place) => state.reuse_long(place),
            Freed::Buffer(buf) => match state.idle_reader() {
                Some(reader) => reader.inbox.buffer.take_back(buf),
                None => buf,
            },
        });
        drop(not_wanted);
    }

    /// Reads and discards after the end, until the peer ends its side too: closing the socket
    /// earlier would reset the connection and destroy what the peer has still to read. If the peer
    /// ended the connection or was lost, it reads nothing more, and there is nothing to wait for.
    pub(in super::super) fn drain(&self, deadline: Option<Instant>) {
        if self.locked(|state| state.read_out(deadline)) {
            self.close_stream();
        }
    }
}

impl Locked<'_> {
    /// Routes the frames that came right after the greeting: no read would return them again.
    pub(in super::super) fn route_rest(&mut self) {
        if let Some(mut reader) = self.take_helm_anyway() {
            if self.route_slice(&mut reader.inbox, Router::Waits) {
                self.route_slices(&mut reader.inbox, Router::Waits);
            }
            self.put_helm(reader);
        }
    }

    fn route_slice(&mut self, inbox: &mut Inbox, router: Router) -> bool {
        let channel = self.channel;
        self.route(inbox, channel.routing(router))
    }

    /// Routes what the first slice has left. The lock is free for other threads between slices.
    #[cold]
    fn route_slices(&mut self, inbox: &mut Inbox, router: Router) {
        let (channel, mut more) = (self.channel, true);
        while more {
            self.unlocked(|| {
                // A thread that sleeps for the lock would otherwise find it taken again.
                crate::sync::yield_now();
                channel.give_way();
            });
            more = self.route_slice(inbox, router);
        }
    }

    /// Whether reading waits just now, because too much came that changes nothing.
    #[inline]
    pub(in super::super) fn is_held_back(&mut self) -> bool {
        self.is_flooded() && self.held_until(crate::sync::now()).is_some()
    }

    /// Waits at the helm while too much came that changes nothing. True if the deadline has passed,
    /// or if nothing is read any more.
    #[cold]
    fn hold_back(&mut self, deadline: &mut Deadline) -> bool {
        while let Some(until) = self.held_until(crate::sync::now()) {
            let until = deadline.moment().into_iter().fold(until, Instant::min);
            // The helm stays taken, so that no other thread reads meanwhile.
            self.sleep(Sleep::Wasted, Some(until));
            if self.is_closed() || deadline.has_passed() {
                return true;
            }
        }
        false
    }

    /// Reads once, blocking, routes what came and gives the helm back. True if the deadline passed
    /// instead.
    #[inline]
    pub(in super::super) fn read_pass(
        &mut self,
        mut reader: Box<Reader>,
        deadline: &mut Deadline,
        router: Router,
    ) -> bool {
        if self.is_flooded() && self.hold_back(deadline) {
            self.put_helm(reader);
            return deadline.has_passed();
        }
        reader.others_keep_much = self.keeps_much() || copy::keeps_spare();
        let channel = self.channel;
        let result = self.unlocked(|| seen(reader.fill(&*channel.io, deadline)));
        let expired = matches!(result, Err(Idle::Deadline));
        if self.input(&mut reader.inbox, result, channel.routing(router)) {
            self.route_slices(&mut reader.inbox, router);
        }
        self.put_helm(reader);
        expired
    }

    /// Reads what has arrived, without blocking, until `budget` bytes have come; routes it and
    /// gives the helm back. Returns the number of bytes that came.
    pub(in super::super) fn read_ready(&mut self, mut reader: Box<Reader>, budget: usize) -> usize {
        let channel = self.channel;
        let mut total = 0_usize;
        while total < budget {
            let result = self.unlocked(|| seen(reader.try_fill(&*channel.io)));
            let n = match &result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // `input` below handles the end of the stream.
                Err(_) | Ok(0) => 0,
                Ok(n) => *n,
            };
            let result = result.map_err(Idle::Broken);
            let mut more = self.input(&mut reader.inbox, result, channel.routing(Router::Waits));
            while more {
                // Without the pause of `route_slices`: this thread may be the watchman, or may have
                // a deadline, and on a busy machine it would be long before it runs again.
                self.unlocked(|| {});
                more = self.route_slice(&mut reader.inbox, Router::Waits);
            }
            // A flood that changes nothing is not read faster because threads look often.
            if n == 0 || (budget < TO_THE_END && self.is_held_back()) {
                break;
            }
            total = total.saturating_add(n);
        }
        self.put_helm(reader);
        total
    }

    /// Takes in what is there to read, without waiting, unless another thread is at the helm: that
    /// one takes it in.
    #[cold]
    pub(in super::super) fn look(&mut self) {
        self.look_at(LOOK_BUDGET);
    }

    /// Reads like `look`, until `budget` bytes have come. A look that finds nothing does not count
    /// as a read pass: the watchman would take it for a thread that reads here.
    #[cold]
    pub(in super::super) fn look_at(&mut self, budget: usize) {
        let Some(reader) = self.take_helm() else { return };
        let before = self.read_so_far();
        if self.read_ready(reader, budget) == 0 {
            self.forget_pass(before);
        }
    }

    /// Whether the stream holds input just now.
    #[cold]
    pub(in super::super) fn has_input(&mut self, now: Instant) -> bool {
        let channel = self.channel;
        let wanted = Ready { readable: true, writable: false };
        let ready = self.unlocked(|| channel.io.poll(wanted, Some(now)));
        ready.is_ok_and(|ready| ready.readable)
    }

    /// Reads and discards until the input ends or the deadline passes. False if the peer is known
    /// to read nothing more.
    fn read_out(&mut self, deadline: Option<Instant>) -> bool {
        if matches!(self.ended().map(|e| &**e), Some(Ending::Peer { .. } | Ending::Cut { .. })) {
            return false;
        }
        let channel = self.channel;
        while !self.has_input_ended() && !is_past(deadline) {
            // Another thread reads; the end of its pass wakes this one.
            let Some(mut reader) = self.take_helm_anyway() else {
                self.sleep(Sleep::End, deadline);
                continue;
            };
            let result = self.unlocked(|| {
                reader.inbox.discard();
                reader.fill(&*channel.io, &mut deadline.into())
            });
            // Only input, or a quiet time, lets the reading go on.
            if !matches!(result, Ok(1..) | Err(Idle::Quiet)) {
                self.note_input_over();
            }
            self.put_helm(reader);
        }
        true
    }
}
