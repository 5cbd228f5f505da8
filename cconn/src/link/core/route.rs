//! Decides where received frames go: answers to their calls, commands to the queue, everything else
//! to the state.

mod goodbye;
mod kept;

use std::time::Instant;

use self::kept::Kept;
use super::calls::{Answer, Met};
use super::carried::Carried;
use super::command::Command;
use super::goodbye::Ending;
use super::inbox::{Idle, Inbox};
use super::inlet::Ended;
use super::notices::Notice;
use super::served::Cancelled;
use super::sleepers::Sleep;
use super::state::State;
use super::turn::Startable;
use super::window::{Overrun, charge};
use crate::wire::{self, CallId, ContextBlock, EndReason, FailureCode, Fingerprints, Frame};

/// Frames routed under one hold of the lock, which takes some ten microseconds.
const SLICE: usize = if cfg!(model) { 2 } else { 512 };

/// What routing asks of the commands that are registered here.
pub(crate) trait Kinds: Send + Sync {
    /// Whether that command may run beside others of its connection. Called under the connection's
    /// lock.
    fn is_parallel(&self, command: u64) -> bool;

    /// The name of that command, if it is registered. Called under the connection's lock.
    fn name(&self, _command: u64) -> Option<Box<str>> {
        None
    }
}

/// What the routing thread does afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Router {
    /// The thread runs commands: a command that anyone may start needs no other thread.
    Runs,
    /// The thread waits for something else: commands need another thread.
    Waits,
}

/// What routing needs from outside the state.
#[derive(Clone, Copy)]
pub(crate) struct Routing<'a> {
    pub(crate) commands: &'a dyn Kinds,
    pub(crate) router: Router,
    pub(crate) max_unclaimed: usize,
    /// Asked only for a frame that says how much time is left.
    pub(crate) clock: fn() -> Instant,
}

/// The fields of a command that has come.
struct Head {
    depth: u8,
    call: Option<CallId>,
    name: u64,
    fingerprint: u32,
    /// What the command carries besides its arguments.
    carried: Option<Box<Carried>>,
}

impl State {
    /// Takes in the result of a read pass; true if there is more to `route`.
    #[inline]
    pub(crate) fn input(
        &mut self,
        inbox: &mut Inbox,
        result: Result<usize, Idle>,
        routing: Routing<'_>,
    ) -> bool {
        match result {
            // [cut.inside]
            Ok(0) if inbox.buffer.is_partial() => {
                let text = "in the middle of a message".into();
                self.end_input(self.broken_or(Ending::Cut { text }));
            }
            // [cut.told]
            Ok(0) => self.end_input(self.broken_or(Ending::vanished())),
            Ok(_) => return self.route(inbox, routing),
            Err(Idle::Deadline) => {}
            Err(Idle::Quiet) => self.shrink(),
            Err(Idle::SlowFrame) => self.close(Ending::here(EndReason::SlowFrame, "")),
            Err(Idle::Broken(error)) => self.end_input(self.broken_or(Ending::cut(&error))),
        }
        false
    }

    /// The reason of an end: a failed write tells more than the end of input that follows it.
    fn broken_or(&self, ending: Ending) -> Ending {
        match self.writer.broken() {
            Some(text) => Ending::Cut { text: text.into() },
            None => ending,
        }
    }

    /// Routes whole frames, at most a slice of them; an unfinished frame stays in the inbox. True
    /// if more may be left: the lock is given up between two slices, because other threads wait for
    /// it.
    #[inline]
    pub(crate) fn route(&mut self, inbox: &mut Inbox, routing: Routing<'_>) -> bool {
        let mut left = SLICE;
        while self.ended().is_none() && left > 0 {
            left = left.saturating_sub(1);
            match inbox.next() {
                Ok(None) => break,
                Ok(Some(range)) => {
                    if let Err(ending) = self.route_one(Kept { inbox, range }, routing) {
                        self.end(ending);
                    }
                }
                Err(long) => {
                    self.close(Ending::here(EndReason::FrameTooLarge, long.to_string()));
                }
            }
        }
        if self.ended().is_some() {
            // [error.no-resync]
            // Nothing that came behind the end is wanted.
            inbox.discard();
        }
        self.offer_arrived(routing.router);
        self.advance_goodbye();
        left == 0
    }

    /// Finds a runner for the commands that arrived, if the routing thread is not a runner itself.
    #[inline]
    fn offer_arrived(&mut self, router: Router) {
        if self.turn.is_queue_empty() {
            return;
        }
        if router == Router::Waits || self.turn.startable() == Startable::ByStandIn {
            self.offer_turn();
        }
    }

    #[inline]
    fn route_one(&mut self, kept: Kept<'_>, routing: Routing<'_>) -> Result<(), Ending> {
        let bytes = kept.inbox.buffer.slice(kept.range.clone());
        let frame = wire::parse(bytes, self.peer.incoming())
            // [error.last-word]
            .map_err(|error| Ending::here(EndReason::Protocol, error.to_string()))?;
        match frame {
            Frame::OneWay { depth, command: name, fingerprint, context, body } => {
                let (before, length) = (ContextBlock::size_of(context), body.len());
                let carried = carried(context, false, routing.clock)?;
                let head = Head { depth, call: None, name, fingerprint, carried };
                self.command_came(head, [before, length], kept, routing)
            }
            Frame::Call { depth, id, command: name, fingerprint, context, body } => {
                let (before, length) = (ContextBlock::size_of(context), body.len());
                let carried = carried(context, true, routing.clock)?;
                let head = Head { depth, call: Some(id), name, fingerprint, carried };
                self.command_came(head, [before, length], kept, routing)
            }
            Frame::Answer { id, body } => {
                let length = body.len();
                let body = kept.body(length, self.calls.keeps_none());
                self.answer(id, Answer::Value(body), routing)
            }
            Frame::UserError { id, body } => {
                let length = body.len();
                let body = kept.body(length, self.calls.keeps_none());
                self.answer(id, Answer::UserError(body), routing)
            }
            Frame::Failure { id, command, code, accepted, text } => {
                // [text.of-others]
                // We write no longer texts; of a peer that does, sixty-four would be kept.
                let text = wire::shorten(text, wire::MAX_TEXT).into();
                let Some(call) = id else { return self.message_failed(command, code, text) };
                self.call_failed(call, code, accepted, text, routing)
            }
            Frame::Cancel { id } => self.cancelled(id),
            Frame::Grant { class, bytes } => self.granted(class, bytes),
            Frame::Items { id, lane, rest } => {
                let length = self.items_came(id, lane, rest)?;
                self.keep_row((id, lane), length, kept, routing);
                Ok(())
            }
            Frame::End { id, lane, how } => self.end_came(id, lane, Ended::told(how)),
            Frame::Credit { id, lane, bytes } => self.credit_came(id, lane, bytes),
            Frame::Question { id } => self.asked(id, |hash| routing.commands.name(hash)),
            Frame::Standing { id, standing } => self.told(id, standing),
            Frame::Progress { id, done, total, text } => {
                self.report_came(id, [done, total], text);
                Ok(())
            }
            Frame::Retrait => self.peer_says_retrait(),
            Frame::Adieu { reason, text } => self.peer_says_adieu(reason, text),
        }
    }

    /// Takes in a command, of which `before` bytes of context and a body of `length` bytes came.
    #[inline]
    fn command_came(
        &mut self,
        head: Head,
        [before, length]: [usize; 2],
        kept: Kept<'_>,
        routing: Routing<'_>,
    ) -> Result<(), Ending> {
        let Head { depth, call, name, fingerprint, carried } = head;
        let charge = charge(kept.size(length.saturating_add(before)));
        self.window.arrived(charge).map_err(overrun)?;
        if self.turn.held && self.is_asked_for(depth, call) {
            self.refuse_unadmitted(call, name, charge);
            return Ok(());
        }
        let body = kept.body(length, self.turn.is_line_empty());
        // With all of its fields here the compiler builds the command in its place in the queue.
        // Changed later, it would be moved there.
        let parallel = routing.commands.is_parallel(name);
        let number = self.turn.number_arrival();
        let command =
            Command { depth, call, name, fingerprint, body, parallel, charge, number, carried };
        match routing.router {
            Router::Runs => self.turn.push_to_executor(command),
            Router::Waits => self.turn.push(command),
        }
        Ok(())
    }

    /// Keeps the last `length` bytes of a frame of items.
    fn keep_row(
        &mut self,
        (id, lane): (CallId, u8),
        length: usize,
        kept: Kept<'_>,
        routing: Routing<'_>,
    ) {
        if length > 0 {
            let row = kept.body(length, self.keeps_no_items(id, lane));
            self.keep_items(id, lane, row, routing.max_unclaimed);
        }
    }

    // [grant.zero] [grant.class]
    fn granted(&mut self, class: u8, bytes: u64) -> Result<(), Ending> {
        if class == wire::PADDING_CLASS {
            self.waste.note_padding();
            return Ok(());
        }
        if class != 0 || bytes == 0 {
            self.waste.note();
            return Ok(());
        }
        self.window.granted(bytes).map_err(overrun)?;
        self.send_latest();
        self.wake(|sleep| sleep == Sleep::Window);
        Ok(())
    }

    fn call_failed(
        &mut self,
        call: CallId,
        code: FailureCode,
        accepted: Fingerprints<'_>,
        text: Box<str>,
        routing: Routing<'_>,
    ) -> Result<(), Ending> {
        if self.end_withdrawn(call, code) {
            return Ok(());
        }
        let accepted = accepted.to_vec();
        self.answer(call, Answer::Failure { code, accepted, text }, routing)
    }

    /// A one-way message failed at the peer: the program's hook is queued.
    #[expect(clippy::unnecessary_wraps, reason = "the routes of all kinds of frames look alike")]
    // [failure.unanswered] [failure.never-sent]
    fn message_failed(
        &mut self,
        command: u64,
        code: FailureCode,
        text: Box<str>,
    ) -> Result<(), Ending> {
        // Reports of failed one-ways are not matched with messages, so one may be a flood.
        self.waste.note();
        let notice = Notice { command, code, text, here: false, lost: 0 };
        self.turn.notices.push_from_peer(notice);
        Ok(())
    }

    /// Whether a call comes from inside a command that this side has asked for. This side may then
    /// be waiting for an answer that depends on the call.
    #[cold]
    fn is_asked_for(&self, depth: u8, call: Option<CallId>) -> bool {
        depth > 0 && call.is_some() && self.calls.waiting() > 0
    }

    /// Refuses a call that would wait for the hook, which in turn may wait for the call.
    #[cold]
    fn refuse_unadmitted(&mut self, call: Option<CallId>, name: u64, charge: u64) {
        self.take_up(charge);
        let code = FailureCode::NoResources;
        let text = "commands run once `quand_connecte` has ended there";
        let peer = self.peer;
        self.append_with(|out| wire::write_failure(out, peer, call, name, code, text));
    }

    #[inline]
    fn answer(&mut self, id: CallId, answer: Answer, routing: Routing<'_>) -> Result<(), Ending> {
        match self.calls.answer(id, answer, routing.max_unclaimed) {
            Met::Waiting => {
                self.outcome_ends_arguments(id);
                self.wake_for_answer(id);
                Ok(())
            }
            // [outcome.late]
            Met::Late => {
                if self.calls.are_too_many_late() {
                    self.waste.note();
                }
                Ok(())
            }
            // [outcome.never]
            Met::Never => {
                let text = format!("an answer came to call {:#x}, which was never made", id.0);
                Err(Ending::here(EndReason::Protocol, text))
            }
        }
    }

    /// Notes that the peer gave a call up. A call that has not started never will; its charge is
    /// granted again.
    #[expect(clippy::unnecessary_wraps, reason = "the routes of all kinds of frames look alike")]
    // [cancel.unknown] [cancel.unstarted]
    fn cancelled(&mut self, id: CallId) -> Result<(), Ending> {
        let changed = match self.turn.cancel(id) {
            Cancelled::Unstarted(command) => {
                self.take_up(command.charge);
                self.handled(command.number);
                true
            }
            Cancelled::Running => {
                self.call_is_unwanted(id);
                true
            }
            Cancelled::Nothing => false,
        };
        let halted = self.cancel_stream(id);
        let ended = self.cancel_lanes(id);
        if !(changed || halted || ended) {
            // It may have crossed the outcome of its call.
            let arrived = self.turn.arrived();
            self.waste.note_cancel(arrived);
        }
        Ok(())
    }
}

/// What a command carries besides its arguments.
#[inline]
fn carried(
    context: Option<ContextBlock<'_>>,
    is_call: bool,
    clock: fn() -> Instant,
) -> Result<Option<Box<Carried>>, Ending> {
    match context {
        None => Ok(None),
        Some(block) => read_context(block, is_call, clock).map(Some),
    }
}

// [credit.most]
#[cold]
fn read_context(
    block: ContextBlock<'_>,
    is_call: bool,
    clock: fn() -> Instant,
) -> Result<Box<Carried>, Ending> {
    let mut context = block.read();
    context.stream = context.stream.filter(|_| is_call);
    if context.stream.is_some_and(|credit| i64::from(credit.get()) > wire::MAX_CREDIT) {
        let text = "a call gives more credit to its stream than a stream may have";
        return Err(Ending::here(EndReason::Window, text));
    }
    Ok(Box::new(Carried::of(&context, clock)))
}

fn overrun(overrun: Overrun) -> Ending {
    Ending::here(EndReason::Window, overrun.to_string())
}
