//! Running commands: the executor, its stand-ins, and one command from queue to answer.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use super::aside::Aside;
use super::chained::Chained;
use super::dispatch::{Incoming, Outcome, Runner};
use super::handler::{self, Marks, Serving};
use crate::link::Link;
use crate::link::core::bytes::{put_scratch, take_scratch};
use crate::link::core::notices::Notice;
use crate::link::core::outgoing::Outgoing;
use crate::link::core::route::Router;
use crate::link::core::sleepers::Sleep;
use crate::link::core::turn::{self, Command, Ran, Startable, Work};
use crate::link::io::lock::Locked;
use crate::sync::{Deadline, Rule, holds};
use crate::wire::{self, FailureCode, Features, Fingerprints, Frame, LENGTH_PREFIX, Output};

/// A stand-in without work ends after this long.
const STAND_IN_PATIENCE: Duration = Duration::from_secs(10);

/// The same where the process has few threads left: others need them.
const SCARCE_PATIENCE: Duration = Duration::from_millis(10);

/// Bytes that a thread keeps between two commands for writing answers into.
const KEPT: usize = 1 << 10;

/// What a thread that runs commands holds in its hands.
struct Hands<'a> {
    runner: Box<dyn Runner + 'a>,
    /// What is to be run, or was run last.
    command: Option<Command>,
    /// The answer is written here.
    frame: Output,
    _serving: Serving,
}

impl<'a> Hands<'a> {
    fn new(link: &'a Arc<Link>) -> Self {
        let runner = link.commands.runner(link);
        Hands { runner, command: None, frame: Output::default(), _serving: handler::serve(link) }
    }

    /// Lets go of what is too large to be kept. What a long answer stood in is a place for the
    /// next long byte string to be read to.
    fn tidy(&mut self, state: &mut Locked<'_>) {
        if self.frame.long.capacity() > 0 {
            drop(state.keep_long(std::mem::take(&mut self.frame.long)));
        }
        self.frame.truncate(0);
        if self.frame.bytes.capacity() > KEPT {
            put_scratch(std::mem::take(&mut self.frame.bytes));
        }
    }
}

impl Link {
    /// Runs the peer's commands until the connection has ended; this thread is the executor.
    ///
    /// Where nothing else is in the way it reads and runs by itself: no other thread takes part
    /// in a command. Returns at once with `false` if another thread is the executor, or if the
    /// calling thread is inside a command of this connection.
    pub(crate) fn execute(self: &Arc<Self>) -> bool {
        if self.is_served_here() {
            return false;
        }
        let begins = self.locked(|state| {
            let begins = state.turn.executors == 0 && !state.turn.held;
            if begins {
                state.turn.executors = 1;
            }
            begins
        });
        if begins {
            self.execute_on();
        }
        begins
    }

    /// From here on commands wait until `admit_and_execute`, whoever could run them.
    pub(crate) fn hold_commands(&self) {
        self.locked(|state| state.turn.held = true);
    }

    /// Runs the peer's commands as `execute` does, those included that had to wait for that.
    pub(crate) fn admit_and_execute(self: &Arc<Self>) {
        self.locked(|state| {
            state.turn.held = false;
            state.turn.executors = state.turn.executors.saturating_add(1);
        });
        self.execute_on();
    }

    fn execute_on(self: &Arc<Self>) {
        // A command of another connection waits here for the end of this one.
        let waits = self.watch.clone().and_then(Chained::begin);
        if let Some(waits) = &waits {
            waits.awaits(vec![self.place()]);
        }
        let _aside = Aside::step();
        self.locked(|state| state.route_rest());
        let mut hands = Hands::new(self);
        self.locked(|state| {
            while !state.is_closed() {
                self.execute_next(state, &mut hands);
            }
            state.turn.executors = 0;
        });
    }

    /// What the executor does next.
    fn execute_next(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) {
        if state.turn.start_next(&mut hands.command) {
            self.run_command(state, hands);
        } else if let Some(work) = state.turn.start(turn::Runner::Executor) {
            self.run(state, work, hands);
        } else if state.is_unflushed() {
            state.flush(&mut Deadline::Never);
        } else if (state.turn.is_line_empty() || !holds(Rule::IdleRunnerReads))
            && let Some(reader) = state.take_helm()
        {
            let answered = state.calls.answered();
            state.read_pass(reader, &mut Deadline::Never, Router::Runs);
            let some = state.calls.answered() != answered;
            self.yield_helm_to_callers(state, some);
        } else {
            state.pass_on();
            state.sleep(Sleep::Executor, None);
        }
    }

    /// After the end: reads out what the peer still sends, for a moment at most.
    pub(crate) fn linger(&self) {
        self.drain(crate::sync::now().checked_add(self.limits.linger));
    }

    /// After a read pass that brought no work: callers that sleep read for themselves, and one
    /// that was just answered finds the helm free if it soon calls again.
    fn yield_helm_to_callers(&self, state: &mut Locked<'_>, answered: bool) {
        if !state.is_free_of_work() {
            return;
        }
        if state.sleepers.any(Sleep::reads) {
            state.pass_on();
            state.sleep(Sleep::Executor, None);
            return;
        }
        let mut yields = answered && !self.limits.moment.is_zero();
        while yields && state.is_free_of_work() {
            let passes = state.passes;
            let moment = crate::sync::now().checked_add(self.limits.moment);
            state.sleep(Sleep::Moment, moment);
            // While others read, the executor is not needed for it.
            yields = state.passes != passes;
        }
    }

    /// Runs commands beside the executor, which waits for a peer or is not there.
    pub(in super::super) fn stand_in(self: &Arc<Self>) {
        let mut hands = Hands::new(self);
        self.locked(|state| {
            let mut idle = false;
            while !state.is_closed() && !idle {
                idle = self.stand_in_once(state, &mut hands);
            }
        });
        drop(hands);
        self.locked(|state| {
            state.turn.stand_ins = state.turn.stand_ins.saturating_sub(1);
            state.pass_on();
            state.wake(|sleep| sleep == Sleep::End);
        });
    }

    /// What a stand-in does next. True once it had nothing to do for long.
    fn stand_in_once(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) -> bool {
        let mut idle = false;
        loop {
            if let Some(work) = state.turn.start(turn::Runner::StandIn) {
                self.run(state, work, hands);
                return false;
            }
            if state.is_unflushed() {
                state.flush(&mut Deadline::Never);
            } else if idle || state.is_closed() {
                return idle;
            } else {
                state.pass_on();
                let scarce = crate::sync::are_threads_scarce();
                let patience = if scarce { SCARCE_PATIENCE } else { STAND_IN_PATIENCE };
                idle = state.sleep(Sleep::StandIn, crate::sync::now().checked_add(patience));
            }
        }
    }

    /// No thread could be started for the command in front: it is refused instead of stuck. Says
    /// whether the next one needs a thread too, which is then counted as started.
    pub(in super::super) fn refuse_front(&self) -> bool {
        self.locked(|state| refuse_front(state, self.peer.features))
    }

    fn run(self: &Arc<Self>, state: &mut Locked<'_>, work: Work, hands: &mut Hands<'_>) {
        match work {
            Work::Command(command) => {
                hands.command = Some(command);
                self.run_command(state, hands);
            }
            Work::Notice(notice) => {
                self.flush_before_command(state);
                state.pass_on();
                state.unlocked(|| {
                    self.run_notice(&notice);
                    self.give_way();
                });
                state.turn.finish(None, false);
                state.turn.noticing = false;
                state.advance_goodbye();
            }
        }
    }

    fn run_notice(self: &Arc<Self>, notice: &Notice) {
        let marks = Marks { depth: 0, call: None, parallel: false };
        handler::inside(marks, || self.commands.notice(self, notice));
    }

    /// Runs the command in these hands, with nothing locked, and sends its answer.
    fn run_command(self: &Arc<Self>, state: &mut Locked<'_>, hands: &mut Hands<'_>) {
        let Some(command) = &hands.command else { return };
        let Command { call, parallel, number, .. } = *command;
        let ran = Ran { call, parallel, number };
        state.take_up(command.charge);
        self.flush_before_command(state);
        state.offer();
        let write = state.unlocked(|| {
            if hands.frame.bytes.capacity() == 0 {
                hands.frame.bytes = take_scratch();
            }
            let write = self.run_unlocked(hands);
            if let Some(command) = &mut hands.command {
                self.recycle(&mut command.body);
            }
            self.give_way();
            write
        });
        if write {
            answer(state, ran, &mut hands.frame);
        } else {
            state.finish(ran);
        }
        hands.tidy(state);
        state.advance_goodbye();
    }

    /// Runs the command and encodes what there is to say of it; false if nothing is.
    #[inline]
    // [outcome.one]
    fn run_unlocked(self: &Arc<Self>, hands: &mut Hands<'_>) -> bool {
        let Hands { runner, command, frame, .. } = hands;
        let Some(command) = command else { return false };
        let Command { depth, call, parallel, .. } = *command;
        let (body, apart) = command.body.parts();
        let incoming = Incoming {
            command: command.name,
            fingerprint: command.fingerprint,
            body,
            apart: Cell::new(apart),
        };
        let start = call.map(|call| wire::begin_answer(&mut frame.bytes, call));
        let header = frame.bytes.len();
        let outcome = handler::inside(Marks { depth, call, parallel }, || {
            // A command holds a handle to its connection, like any part of the program.
            let _handle = self.ends_with_handles.then(|| Handle::new(self));
            runner.run(&incoming, frame)
        });
        let (code, text) = match (outcome, start) {
            (Outcome::Failure(code), _) => (code, text_behind(&frame.bytes, header)),
            // [one-way.no-answer]
            (Outcome::Answer, None) => return false,
            // [one-way.failure]
            (Outcome::UserError, None) => {
                (FailureCode::Handler, "it returned its own error".to_owned())
            }
            (Outcome::Answer | Outcome::UserError, Some(start)) => {
                let size = wire::finish_with(&mut frame.bytes, start, frame.long.len());
                match size.filter(|size| *size <= self.peer.max_frame) {
                    Some(_) if outcome == Outcome::UserError => {
                        // [outcome.result]
                        wire::turn_into_user_error(&mut frame.bytes);
                        return true;
                    }
                    Some(_) => return true,
                    None => (FailureCode::AnswerTooLarge, self.too_large(frame)),
                }
            }
        };
        frame.truncate(0);
        if call.is_none() {
            handler::inside(Marks { depth, call, parallel }, || {
                runner.failed(&incoming, code, &text);
            });
        }
        self.write_failure(command, code, &text, &mut frame.bytes);
        true
    }

    fn write_failure(&self, command: &Command, code: FailureCode, text: &str, out: &mut Vec<u8>) {
        let fingerprint = match code {
            FailureCode::Signature => self.commands.fingerprint(command.name).to_le_bytes(),
            _ => [0; 4],
        };
        let (id, command) = (command.call, command.name);
        let accepted = Fingerprints::one(&fingerprint);
        Frame::Failure { id, command, code, accepted, text }.write(out, self.peer.features);
    }

    fn too_large(&self, frame: &Output) -> String {
        let size = frame.bytes.len().saturating_add(frame.long.len());
        let (size, limit) = (size.saturating_sub(LENGTH_PREFIX), self.peer.max_frame);
        format!("the answer takes {size} bytes, and the caller accepts at most {limit}")
    }
}

/// A handle that is counted while this lives.
struct Handle<'a>(&'a Link);

impl<'a> Handle<'a> {
    fn new(link: &'a Link) -> Self {
        link.add_handle();
        Handle(link)
    }
}

impl Drop for Handle<'_> {
    fn drop(&mut self) {
        if self.0.take_handle_off() {
            // The thread is inside one of its commands, and waits for no end.
            self.0.begin_stop();
        }
    }
}

/// Sends what a command that has returned leads to. The last of what there is to do is written
/// at once; the answers of a row share a write.
#[inline]
fn answer(state: &mut Locked<'_>, ran: Ran, frame: &mut Output) {
    let Output { bytes, long } = frame;
    if state.is_writable_at_once() && state.turn.is_line_empty() {
        state.finish(ran);
        return state.write_from(&Outgoing { frame: bytes, tail: long }, &mut Deadline::Never);
    }
    if state.is_above_high_water() {
        // A peer that reads no answers holds its commands up, and no more of their memory. The
        // wait ends with the room or with the connection.
        let _never_late = state.await_room(&mut Deadline::Never);
    }
    state.append(bytes);
    if !long.is_empty() {
        state.append(long);
    }
    state.finish(ran);
}

fn refuse_front(state: &mut Locked<'_>, peer: Features) -> bool {
    state.turn.stand_ins = state.turn.stand_ins.saturating_sub(1);
    // A notice that stands first is kept, until there is a thread again.
    if state.turn.startable_command() == Startable::Nothing {
        return false;
    }
    let Some(command) = state.turn.refuse() else { return false };
    state.take_up(command.charge);
    state.handled(command.number);
    let (code, text) = (FailureCode::NoResources, "no thread could be had");
    if command.call.is_none() {
        let (command, text) = (command.name, text.into());
        state.turn.notices.push(Notice { command, code, text, here: true, lost: 0 });
    }
    let (call, name) = (command.call, command.name);
    state.append_with(|out| wire::write_failure(out, peer, call, name, code, text));
    state.advance_goodbye();
    let next = state.turn.startable_command() != Startable::Nothing;
    if next && state.turn.needs_stand_in() {
        state.turn.stand_ins = state.turn.stand_ins.saturating_add(1);
        return true;
    }
    state.pass_on();
    state.flush_ready();
    false
}

fn text_behind(frame: &[u8], header: usize) -> String {
    String::from_utf8_lossy(frame.get(header..).unwrap_or(&[])).into_owned()
}
