//! One command, from the queue to its answer.

use std::cell::Cell;
use std::sync::Arc;

use super::ambient;
use super::dispatch::{Incoming, ItemSink, Outcome, Runner};
use super::handler::{self, Marks, Serving};
use super::leave::Appended;
use super::outcome::text_behind;
use super::pump::Pump;
use super::role::Role;
use crate::link::Link;
use crate::link::core::bytes::{put_scratch, take_scratch};
use crate::link::core::carried::Carried;
use crate::link::core::command::{Command, Ran};
use crate::link::core::notices::Notice;
use crate::link::core::outlet::OutletId;
use crate::link::core::turn::Work;
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds, now};
use crate::wire::{Answering, FailureCode, Frame, LENGTH_PREFIX, StreamEnd};

/// Bytes of the end of a stream before the error that it may carry, at most.
const END_HEAD: usize = 16;

/// The most bytes of buffer that a thread keeps between two commands for writing answers.
const KEPT: usize = 1 << 10;

/// The bytes of a buffer for answers that a thread begins with.
const SMALL: usize = 64;

/// What the caller of a command reads that was not started in time.
const TOO_LATE: &str = "the time that its caller had for it was over before it could start";

/// What a thread that runs commands keeps at hand.
pub(super) struct Hands<'a> {
    runner: Box<dyn Runner + 'a>,
    /// The command to run next, or the one that was run last.
    pub(super) command: Option<Command>,
    /// What this thread does besides running commands.
    pub(super) role: Role,
    /// The frame of the answer.
    frame: Answering,
    _serving: Serving,
}

impl<'a> Hands<'a> {
    pub(super) fn new(link: &'a Arc<Link>, role: Role) -> Self {
        let (runner, frame) = (link.commands.runner(link), Answering::default());
        Hands { runner, command: None, role, frame, _serving: handler::serve(link) }
    }

    /// Frees what is too large to be kept. The `Vec` of a long answer is kept by the connection, to
    /// read the next long byte string into.
    #[inline]
    fn tidy(&mut self, state: &mut Locked<'_>) {
        if self.frame.tail.capacity() > 0 || self.frame.bytes.capacity() > KEPT {
            self.free(state);
        }
        self.frame.bytes.clear();
    }

    #[cold]
    fn free(&mut self, state: &mut Locked<'_>) {
        if self.frame.tail.capacity() > 0 {
            drop(state.reuse_long(std::mem::take(&mut self.frame.tail)));
        }
        if self.frame.bytes.capacity() > KEPT {
            put_scratch(std::mem::take(&mut self.frame.bytes));
        }
    }
}

impl Link {
    pub(super) fn run(self: &Arc<Self>, state: &mut Locked<'_>, work: Work, hands: &mut Hands<'_>) {
        match work {
            Work::Command(command) => {
                hands.command = Some(command);
                self.run_command(state, hands);
            }
            Work::Notice(notice) => {
                self.flush_or_leave(state, Appended::Answers, &mut Deadline::Never);
                state.pass_on();
                state.unlocked(|| {
                    self.run_notice(&notice);
                    self.give_way();
                });
                state.finish_notice();
            }
        }
    }

    fn run_notice(self: &Arc<Self>, notice: &Notice) {
        let marks =
            Marks { depth: 0, call: None, parallel: false, fed: 0, pumping: false, ambient: false };
        handler::inside(marks, || self.commands.notice(self, notice));
    }

    /// Runs the command in `hands`, with nothing locked, and sends its answer.
    pub(super) fn run_command(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) {
        let Some(command) = &hands.command else { return };
        let Command { call, parallel, number, charge, .. } = *command;
        let streams = command.carried.as_deref().is_some_and(Carried::streams);
        // Credit is granted when a command starts: a long command must not hold up the peer's
        // window.
        state.take_up(charge);
        if state.is_unflushed() {
            self.flush_or_leave(state, Appended::Answers, &mut Deadline::Never);
        }
        // This thread is about to enter user code, so other threads get what else may start, and
        // the helm.
        state.offer();
        if streams {
            return self.run_streaming(state, hands);
        }
        let write = state.unlocked(|| self.run_away(hands, None));
        let at_once = write && is_written_at_once(state, &mut hands.frame);
        state.finish(Ran { call, parallel, number });
        if at_once {
            state.write_at_once(hands.frame.parts(), &mut Deadline::Never);
        }
        hands.tidy(state);
        state.advance_goodbye();
    }

    /// Runs a command whose caller expects a stream, or feeds some. If one was opened, what is sent at
    /// last is its end.
    #[cold]
    fn run_streaming(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) {
        let Some(command) = &hands.command else { return };
        let Command { call, name, parallel, number, .. } = *command;
        let credit = command.carried.as_deref().map_or(0, |carried| carried.credit);
        let ran = Ran { call, parallel, number };
        let pump = Pump::new(self, ran, (name, credit), hands.role);
        let write = state.unlocked(|| self.run_pumping(hands, (credit > 0).then_some(&pump)));
        let stream = pump.opened();
        // [cancel.stream]
        let write = write && stream.is_none_or(|stream| state.owes_end(stream));
        let at_once = write && is_written_at_once(state, &mut hands.frame);
        match stream {
            None => state.finish(ran),
            Some(stream) => end_stream(state, ran, stream, hands.role),
        }
        if !pump.is_fed() {
            state.end_lanes(call);
        }
        if at_once {
            state.write_at_once(hands.frame.parts(), &mut Deadline::Never);
        }
        hands.tidy(state);
        state.advance_goodbye();
    }

    #[cold]
    fn run_pumping(self: &Arc<Self>, hands: &mut Hands<'_>, pump: Option<&Pump<'_>>) -> bool {
        self.run_away(hands, pump)
    }

    /// Runs the command with nothing locked; false if there is nothing to send.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "of its two callers one runs every plain command")]
    fn run_away(self: &Arc<Self>, hands: &mut Hands<'_>, pump: Option<&Pump<'_>>) -> bool {
        if hands.frame.bytes.capacity() == 0 {
            hands.frame.bytes = take_scratch();
            // Most answers fit, so that the buffer does not grow piece by piece.
            hands.frame.bytes.reserve(SMALL);
        }
        let write = self.run_unlocked(hands, pump);
        if let Some(command) = &mut hands.command {
            self.recycle(&mut command.body);
        }
        self.give_way();
        write
    }

    /// Runs the command and encodes its outcome; false if there is nothing to send.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "of its two callers one runs every plain command")]
    // [outcome.one]
    fn run_unlocked(self: &Arc<Self>, hands: &mut Hands<'_>, pump: Option<&Pump<'_>>) -> bool {
        let Hands { runner, command, frame, .. } = hands;
        let Some(command) = command else { return false };
        let Command { depth, call, parallel, .. } = *command;
        let marks = Marks { depth, call, parallel, fed: 0, pumping: false, ambient: false };
        let (body, apart) = command.body.parts();
        let incoming = Incoming {
            command: command.name,
            fingerprint: command.fingerprint,
            body,
            apart: Cell::new(apart),
            stream: pump.map(|pump| pump as &dyn ItemSink),
        };
        if let Some(call) = call {
            frame.begin_answer(call);
        }
        let header = frame.bytes.len();
        let outcome = match command.carried.as_deref() {
            None => self.enter(marks, &mut **runner, &incoming, frame),
            Some(carried) => self.enter_carrying((carried, marks), &mut **runner, &incoming, frame),
        };
        if let Some(pump) = pump.filter(|pump| pump.is_decided()) {
            return self.write_end(pump, outcome, header, frame);
        }
        let (code, text) = match (outcome, call) {
            (Outcome::Later, _) => return self.left_to_promise(call, command.name, frame),
            (Outcome::Failure(_), Some(call)) if self.is_kept(call) => return false,
            (Outcome::Failure(code), _) => (code, text_behind(&frame.bytes, header)),
            // [one-way.no-answer]
            (Outcome::Answer, None) => return false,
            // [one-way.failure]
            (Outcome::UserError, None) => {
                (FailureCode::Handler, "it returned its own error".to_owned())
            }
            (Outcome::Answer | Outcome::UserError, Some(_)) => {
                match frame.finish().filter(|size| *size <= self.peer.max_frame) {
                    Some(_) if outcome == Outcome::UserError => {
                        // [outcome.result]
                        frame.turn_into_user_error();
                        return true;
                    }
                    Some(_) => return true,
                    None => self.too_large(runner, &incoming, outcome, frame),
                }
            }
        };
        // The part of an answer that was written is not sent.
        frame.truncate(0);
        if call.is_none() {
            handler::inside(marks, || {
                runner.failed(&incoming, code, &text);
            });
        }
        self.write_failure(call, command.name, (code, &text), &mut frame.bytes);
        true
    }

    /// Runs a command with the thread marked as inside it.
    #[inline]
    fn enter(
        self: &Arc<Self>,
        marks: Marks,
        runner: &mut dyn Runner,
        incoming: &Incoming<'_>,
        frame: &mut Answering,
    ) -> Outcome {
        handler::inside(marks, || self.run_inside(runner, incoming, frame))
    }

    #[inline]
    fn run_inside(
        self: &Arc<Self>,
        runner: &mut dyn Runner,
        incoming: &Incoming<'_>,
        frame: &mut Answering,
    ) -> Outcome {
        // A command holds a handle to its connection, like any other part of the program.
        let _handle = self.ends_with_handles.then(|| Handle::new(self));
        runner.run(incoming, frame)
    }

    /// Like `enter`, for a command that carries more than its arguments. A command whose caller has
    /// no time left is not run.
    // [context.late]
    #[cold]
    fn enter_carrying(
        self: &Arc<Self>,
        (carried, marks): (&Carried, Marks),
        runner: &mut dyn Runner,
        incoming: &Incoming<'_>,
        frame: &mut Answering,
    ) -> Outcome {
        let is_late = carried.until.is_some_and(|until| until <= now());
        if is_late && holds(Rule::LateIsNotRun) {
            frame.bytes.extend(TOO_LATE.bytes());
            return Outcome::Failure(FailureCode::Expired);
        }
        let reported = marks.call.filter(|_| carried.progress);
        if let Some(call) = reported {
            self.locked(|state| state.begin_reports(call));
        }
        let outcome = handler::inside(Marks { fed: carried.fed, ..marks }, || {
            let passed_on = carried.is_passed_on().then(|| ambient::of_command(carried));
            let _ambient = passed_on.map(ambient::enter);
            self.run_inside(runner, incoming, frame)
        });
        if let Some(call) = reported.filter(|_| outcome != Outcome::Later) {
            self.locked(|state| state.end_reports(call));
        }
        outcome
    }

    /// Turns the outcome of a command whose stream is open, which stands behind `header` bytes of
    /// the frame, into the end of the stream. False if none is owed.
    // [stop.end] [end.how] [cancel.stream]
    #[cold]
    fn write_end(
        &self,
        pump: &Pump<'_>,
        outcome: Outcome,
        header: usize,
        frame: &mut Answering,
    ) -> bool {
        let Some(id) = pump.opened() else { return false };
        let mut said = frame.bytes.split_off(header);
        said.append(&mut frame.tail);
        frame.truncate(0);
        let how = match outcome {
            Outcome::Answer => StreamEnd::Complete,
            Outcome::UserError
                if said.len() < (self.peer.max_frame as usize).saturating_sub(END_HEAD) =>
            {
                StreamEnd::UserError(&said)
            }
            Outcome::UserError => {
                StreamEnd::Failure { code: FailureCode::AnswerTooLarge, text: "" }
            }
            Outcome::Failure(code) => {
                let text = std::str::from_utf8(&said).unwrap_or_default();
                StreamEnd::Failure { code, text }
            }
            // A command that opens a stream is given no promise.
            Outcome::Later => StreamEnd::Failure { code: FailureCode::Unanswered, text: "" },
        };
        let (id, lane) = (id.lane.call, id.lane.lane);
        Frame::End { id, lane, how }.write(&mut frame.bytes, self.peer.features);
        true
    }

    /// Refuses an answer that is larger than the caller accepts.
    #[cold]
    fn too_large(
        &self,
        runner: &mut Box<dyn Runner + '_>,
        incoming: &Incoming<'_>,
        outcome: Outcome,
        frame: &Answering,
    ) -> (FailureCode, String) {
        let code = FailureCode::AnswerTooLarge;
        runner.not_sent(incoming, outcome, code);
        let (size, limit) = (frame.len().saturating_sub(LENGTH_PREFIX), self.peer.max_frame);
        (code, format!("the answer takes {size} bytes, and the caller accepts at most {limit}"))
    }
}

/// A counted handle, given back on drop.
struct Handle<'a>(&'a Link);

impl<'a> Handle<'a> {
    fn new(link: &'a Link) -> Self {
        link.add_handle_of_command();
        Handle(link)
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        if self.0.take_handle_of_command_off() {
            // This thread is inside a command of the connection, so it can't wait for the end.
            self.0.begin_stop();
        }
    }
}

/// Whether the answer of a command that has returned is to be written at once, because nothing else
/// is to be done. Else it is appended: the answers of a row of commands share a write.
#[inline(always)]
#[expect(clippy::inline_always, reason = "of its two callers one runs every plain command")]
fn is_written_at_once(state: &mut Locked<'_>, frame: &mut Answering) -> bool {
    if state.writes_answer_at_once() {
        return true;
    }
    if state.is_above_high_water() {
        // A peer that reads no answers holds up its own commands, and costs no more memory than
        // that. The wait ends with room in the outbox or with the connection.
        let _never_late = state.await_room(&mut Deadline::Never);
    }
    state.queue_answer(frame);
    false
}

#[cold]
fn end_stream(state: &mut Locked<'_>, ran: Ran, stream: OutletId, role: Role) {
    state.end_pump(ran, stream);
    if role == Role::Executor {
        state.recall_role();
    }
}
