//! Running commands: the executor, its stand-ins, and one command from queue to answer.

use std::sync::Arc;
use std::time::Duration;

use super::bytes::{put_spare, take_spare};
use super::handler::{self, Handler};
use super::lock::Locked;
use super::route::Router;
use super::sleepers::Sleep;
use super::turn::{Command, Notice, Runner, Startable, Work};
use super::{Incoming, Lien, Outcome};
use crate::sync::{Rule, holds};
use crate::wire::{self, FailureCode, LENGTH_PREFIX};

/// A stand-in without work ends after this long.
const STAND_IN_PATIENCE: Duration = Duration::from_secs(10);

impl Lien {
    /// Runs the peer's commands until the connection has ended; this thread is the executor.
    ///
    /// Where nothing else is in the way it reads and runs by itself: no other thread takes part
    /// in a command. Returns at once with `false` if another thread is the executor, or if the
    /// calling thread is inside a command.
    pub(crate) fn execute(self: &Arc<Self>) -> bool {
        let mut state = self.lock();
        if state.turn.executors > 0 || handler::current().is_some() {
            return false;
        }
        state.turn.executors = 1;
        drop(state);
        self.route_rest();
        let mut state = self.lock();
        while !state.is_closed() {
            if let Some(work) = state.turn.start(Runner::Executor) {
                state = self.run(state, work);
            } else if state.is_unflushed() {
                state = self.flush(state, None);
            } else if (state.turn.is_queue_empty() || !holds(Rule::IdleRunnerReads))
                && let Some(inbox) = state.take_helm()
            {
                let answered = state.calls.answered();
                (state, _) = self.read_pass(state, inbox, None, Router::Runs);
                let some = state.calls.answered() != answered;
                state = self.yield_helm_to_callers(state, some);
            } else {
                state.pass_on();
                (state, _) = self.sleep(state, Sleep::Executor, None);
            }
        }
        state.turn.executors = 0;
        true
    }

    /// After the end: reads out what the peer still sends, for a moment at most.
    pub(crate) fn linger(&self) {
        self.drain(crate::sync::now().checked_add(self.limits.linger));
    }

    /// After a read pass that brought no work: callers that sleep read for themselves, and one
    /// that was just answered finds the helm free if it soon calls again.
    fn yield_helm_to_callers<'a>(&'a self, mut state: Locked<'a>, answered: bool) -> Locked<'a> {
        if !state.is_free_of_work() {
            return state;
        }
        if state.sleepers.any(Sleep::reads) {
            state.pass_on();
            (state, _) = self.sleep(state, Sleep::Executor, None);
            return state;
        }
        let mut yields = answered && !self.limits.moment.is_zero();
        while yields && state.is_free_of_work() {
            let passes = state.passes;
            let moment = crate::sync::now().checked_add(self.limits.moment);
            (state, _) = self.sleep(state, Sleep::Moment, moment);
            // While others read, the executor is not needed for it.
            yields = state.passes != passes;
        }
        state
    }

    /// Runs commands beside the executor, which waits for a peer or is not there.
    pub(super) fn stand_in(self: &Arc<Self>) {
        let mut state = self.lock();
        let mut idle = false;
        while !state.is_closed() {
            if let Some(work) = state.turn.start(Runner::StandIn) {
                state = self.run(state, work);
                idle = false;
            } else if state.is_unflushed() {
                state = self.flush(state, None);
            } else if idle {
                break;
            } else {
                state.pass_on();
                let patience = crate::sync::now().checked_add(STAND_IN_PATIENCE);
                (state, idle) = self.sleep(state, Sleep::StandIn, patience);
            }
        }
        state.turn.stand_ins = state.turn.stand_ins.saturating_sub(1);
        state.pass_on();
        state.wake(|sleep| sleep == Sleep::End);
    }

    /// No thread could be started for the command in front: it is refused instead of stuck. Says
    /// whether the next one needs a thread too, which is then counted as started.
    pub(super) fn refuse_front(&self) -> bool {
        let mut state = self.lock();
        state.turn.stand_ins = state.turn.stand_ins.saturating_sub(1);
        if state.turn.startable() == Startable::Nothing {
            return false;
        }
        let Some(command) = state.turn.refuse() else { return false };
        state.take_up(command.charge);
        let code = FailureCode::NoResources;
        state.append_with(|out| wire::write_failure(out, command.call, command.name, code, ""));
        state.advance_goodbye();
        if state.turn.needs_stand_in() {
            state.turn.stand_ins = state.turn.stand_ins.saturating_add(1);
            return true;
        }
        state.pass_on();
        drop(self.flush_ready(state));
        false
    }

    fn run<'a>(self: &'a Arc<Self>, mut state: Locked<'a>, work: Work) -> Locked<'a> {
        match work {
            Work::Command(command) => self.run_command(state, command),
            Work::Notice(notice) => {
                state.pass_on();
                drop(state);
                self.run_notice(&notice);
                state = self.lock();
                state.turn.finish(None, false);
                state.advance_goodbye();
                state
            }
        }
    }

    fn run_notice(self: &Arc<Self>, notice: &Notice) {
        let handler = Handler { lien: self.clone(), depth: 0, call: None, parallel: false };
        handler::inside(handler, || self.commands.notice(self, notice));
    }

    /// Runs one command, with nothing locked, and appends its answer.
    fn run_command<'a>(self: &'a Arc<Self>, mut state: Locked<'a>, command: Command) -> Locked<'a> {
        state.take_up(command.charge);
        state = self.flush_before_command(state);
        state.offer();
        drop(state);
        let mut frame = take_spare();
        let write = self.run_unlocked(&command, &mut frame);
        let Command { call, parallel, body, .. } = command;
        body.recycle();
        state = self.lock();
        if write {
            state.append(&mut frame);
        }
        put_spare(frame);
        if state.is_above_high_water() {
            (state, _) = self.wait(state, Sleep::Room, None, |state| !state.is_above_high_water());
        }
        state.turn.finish(call, parallel);
        state.advance_goodbye();
        state
    }

    /// Runs the command and encodes what there is to say of it; false if nothing is.
    fn run_unlocked(self: &Arc<Self>, command: &Command, frame: &mut Vec<u8>) -> bool {
        let Command { depth, call, parallel, .. } = *command;
        let incoming = Incoming {
            command: command.name,
            fingerprint: command.fingerprint,
            body: command.body.as_slice(),
        };
        let handler = Handler { lien: self.clone(), depth, call, parallel };
        let start = call.map(|call| wire::begin_answer(frame, call));
        let header = frame.len();
        let outcome = handler::inside(handler, || self.commands.run(self, &incoming, frame));
        let (code, text) = match (outcome, start) {
            (Outcome::Failure(code), _) => (code, text_behind(frame, header)),
            (Outcome::Answer, None) => return false,
            (Outcome::UserError, None) => {
                (FailureCode::Handler, "it returned its own error".to_owned())
            }
            (Outcome::Answer | Outcome::UserError, Some(start)) => {
                match wire::finish(frame, start).filter(|size| *size <= self.peer.max_frame) {
                    Some(_) if outcome == Outcome::UserError => {
                        wire::turn_into_user_error(frame);
                        return true;
                    }
                    Some(_) => return true,
                    None => (FailureCode::AnswerTooLarge, self.too_large(frame)),
                }
            }
        };
        frame.clear();
        wire::write_failure(frame, call, command.name, code, &text);
        true
    }

    fn too_large(&self, frame: &[u8]) -> String {
        let (size, limit) = (frame.len().saturating_sub(LENGTH_PREFIX), self.peer.max_frame);
        format!("the answer takes {size} bytes, and the caller accepts at most {limit}")
    }
}

fn text_behind(frame: &[u8], header: usize) -> String {
    String::from_utf8_lossy(frame.get(header..).unwrap_or(&[])).into_owned()
}
