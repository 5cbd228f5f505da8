//! Reading: one pass of whoever has the helm.

use std::io;
use std::time::Instant;

use super::lock::Locked;
use super::reader::Reader;
use super::sleep::is_past;
use crate::copy;
use crate::link::Link;
use crate::link::core::goodbye::Ending;
use crate::link::core::inbox::{Idle, Inbox};
use crate::link::core::route::{Router, Routing};
use crate::link::core::sleepers::Sleep;
use crate::sync::Deadline;

/// Bytes read at most by a look at what is there: a peer that sends all the time is no reason to
/// outlast a deadline.
pub(in super::super) const LOOK_BUDGET: usize = 1 << 20;

impl Link {
    #[inline]
    pub(in super::super) fn routing(&self, router: Router) -> Routing<'_> {
        let max_unclaimed = self.limits.max_unclaimed;
        Routing { commands: &*self.commands, router, max_unclaimed }
    }

    /// Routes the frames that came right behind the greeting: no read would return them again.
    pub(in super::super) fn route_rest(&self) {
        let mut state = self.lock();
        if let Some(mut reader) = state.take_helm_anyway() {
            let more = state.route(&mut reader.inbox, self.routing(Router::Waits));
            state = self.route_on(state, &mut reader.inbox, more, Router::Waits);
            state.put_helm(reader);
        }
    }

    /// Routes what one slice has left, with the lock free for others after each.
    #[inline]
    fn route_on<'a>(
        &'a self,
        state: Locked<'a>,
        inbox: &mut Inbox,
        more: bool,
        router: Router,
    ) -> Locked<'a> {
        if more { self.route_slices(state, inbox, router) } else { state }
    }

    #[cold]
    fn route_slices<'a>(
        &'a self,
        mut state: Locked<'a>,
        inbox: &mut Inbox,
        router: Router,
    ) -> Locked<'a> {
        let mut more = true;
        while more {
            drop(state);
            // Whoever sleeps for the lock would find it taken again.
            crate::sync::yield_now();
            self.give_way();
            state = self.lock();
            more = state.route(inbox, self.routing(router));
        }
        state
    }

    /// Waits at the helm while too much came that changes nothing; says whether the deadline has
    /// passed, or nothing is read any more.
    #[cold]
    fn hold_back<'a>(
        &'a self,
        mut state: Locked<'a>,
        deadline: &mut Deadline,
    ) -> (Locked<'a>, bool) {
        while let Some(until) = state.waste.until(crate::sync::now()) {
            let until = deadline.moment().into_iter().fold(until, Instant::min);
            (state, _) = self.sleep(state, Sleep::Wasted, Some(until));
            if state.is_closed() || deadline.has_passed() {
                return (state, true);
            }
        }
        (state, false)
    }

    /// Takes a large buffer back that a body had for itself, so that a row of large messages is
    /// read into the same memory.
    #[cold]
    pub(in super::super) fn take_back(&self, buf: Vec<u8>) {
        let mut state = self.lock();
        let not_wanted = match state.idle_reader() {
            Some(reader) => reader.inbox.buffer.take_back(buf),
            None => buf,
        };
        drop(state);
        drop(not_wanted);
    }

    /// Takes the place of a long byte string back, which the next one is read to.
    #[cold]
    pub(in super::super) fn keep_long(&self, buf: Vec<u8>) {
        let not_wanted = if buf.capacity() > 0 { self.lock().keep_long(buf) } else { buf };
        drop(not_wanted);
    }

    /// Reads once, blocking, routes what came and gives the helm back; says whether the deadline
    /// passed instead.
    #[inline]
    pub(in super::super) fn read_pass<'a>(
        &'a self,
        mut state: Locked<'a>,
        mut reader: Box<Reader>,
        deadline: &mut Deadline,
        router: Router,
    ) -> (Locked<'a>, bool) {
        if state.waste.is_much() {
            let over;
            (state, over) = self.hold_back(state, deadline);
            if over {
                state.put_helm(reader);
                return (state, deadline.has_passed());
            }
        }
        reader.others_keep_much = state.outbox.keeps_much() || copy::keeps_spare();
        drop(state);
        let result = reader.fill(&*self.io, deadline);
        let expired = matches!(result, Err(Idle::Deadline));
        let mut state = self.lock();
        let more = state.input(&mut reader.inbox, result, self.routing(router));
        state = self.route_on(state, &mut reader.inbox, more, router);
        state.put_helm(reader);
        (state, expired)
    }

    /// Reads what is there without blocking until `budget` bytes have come; routes it; gives the
    /// helm back. Returns how many bytes came.
    pub(in super::super) fn read_ready<'a>(
        &'a self,
        mut state: Locked<'a>,
        mut reader: Box<Reader>,
        budget: usize,
    ) -> (Locked<'a>, usize) {
        let mut total = 0_usize;
        while total < budget {
            drop(state);
            let result = reader.try_fill(&*self.io);
            state = self.lock();
            let n = match &result {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(_) | Ok(0) => 0,
                Ok(n) => *n,
            };
            let result = result.map_err(Idle::Broken);
            let mut more = state.input(&mut reader.inbox, result, self.routing(Router::Waits));
            while more {
                // Not as `route_on`: this thread may be the watchman, or one with a deadline, and
                // where many are ready to run it would be long before it is its turn again.
                drop(state);
                state = self.lock();
                more = state.route(&mut reader.inbox, self.routing(Router::Waits));
            }
            if n == 0 {
                break;
            }
            total = total.saturating_add(n);
        }
        state.put_helm(reader);
        (state, total)
    }

    /// After the end: reads and discards until the peer ends its side too, so that closing the
    /// socket resets nothing the peer has still to read. A peer that ended the connection, or was
    /// lost, reads nothing more, and whoever saw that has shut the stream.
    pub(in super::super) fn drain(&self, deadline: Option<Instant>) {
        let mut state = self.lock();
        if matches!(state.ended().map(|e| &**e), Some(Ending::Peer { .. } | Ending::Cut { .. })) {
            return;
        }
        while !state.goodbye.end_of_input && !is_past(deadline) {
            let Some(mut reader) = state.take_helm_anyway() else {
                (state, _) = self.sleep(state, Sleep::End, deadline);
                continue;
            };
            drop(state);
            reader.inbox.discard();
            let result = reader.fill(&*self.io, &mut deadline.into());
            state = self.lock();
            state.goodbye.end_of_input |= !matches!(result, Ok(1..) | Err(Idle::Quiet));
            state.put_helm(reader);
        }
        drop(state);
        self.close_stream();
    }

    /// Takes in what is there to read, without waiting, unless somebody else is at the helm: he
    /// takes it in. Nor is a look in vain a sign for the watchman that somebody reads here.
    #[cold]
    pub(in super::super) fn look<'a>(&'a self, state: Locked<'a>) -> Locked<'a> {
        self.look_at(state, LOOK_BUDGET)
    }

    /// The same, until so many bytes have come.
    #[cold]
    pub(in super::super) fn look_at<'a>(
        &'a self,
        mut state: Locked<'a>,
        budget: usize,
    ) -> Locked<'a> {
        let Some(reader) = state.take_helm() else { return state };
        let passes = state.passes;
        let read;
        (state, read) = self.read_ready(state, reader, budget);
        if read == 0 {
            state.passes = passes;
        }
        state
    }
}
