//! The threads that run commands: which of them starts what, and what becomes of a command for
//! which no thread can be had.

use super::command::Command;
use super::notices::Notice;
use super::sleepers::Sleep;
use super::state::State;
use super::turn::{Crowded, RunnerKind, Startable, Work};
use crate::sync::{Rule, holds};
use crate::wire::{self, FailureCode};

/// What became of the command in front, for which a thread was asked for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// No command was refused: a notice in front waits until there is a thread again.
    Kept,
    /// The command was refused, and no other one needs a thread.
    Refused,
    /// The command was refused, and the next one needs a thread too, which is counted as started.
    RefusedBeforeAnother,
}

impl State {
    /// Makes the calling thread the executor; false if there is one, or if commands are held back.
    pub(crate) fn become_executor(&mut self) -> bool {
        let begins = self.turn.executors == 0 && !self.turn.held;
        if begins {
            self.turn.executors = 1;
        }
        begins
    }

    /// Makes commands wait from now on until `admit_commands`.
    pub(crate) fn hold_commands(&mut self) {
        self.turn.held = true;
    }

    /// Lets commands start, including those that waited for it; the calling thread becomes an
    /// executor.
    pub(crate) fn admit_commands(&mut self) {
        self.turn.held = false;
        self.turn.executors = self.turn.executors.saturating_add(1);
    }

    /// Notes that the connection has no executor any more.
    #[inline]
    pub(crate) fn end_executor(&mut self) {
        self.turn.executors = 0;
    }

    /// Starts the next command in order for the executor, if it may start and no notice is before
    /// it. True if `place` then holds a command.
    #[inline]
    pub(crate) fn start_next(&mut self, place: &mut Option<Command>) -> bool {
        self.turn.start_next(place)
    }

    /// Takes the next piece of work, if that kind of runner may do it.
    #[inline]
    pub(crate) fn start(&mut self, runner: RunnerKind) -> Option<Work> {
        self.turn.start(runner)
    }

    /// Whether the executor may read, though it could then not run a command at once.
    #[inline]
    pub(crate) fn may_executor_read(&self) -> bool {
        self.turn.is_line_empty() || !holds(Rule::IdleRunnerReads)
    }

    /// Whether the answer of a command that has returned is written at once: no bytes are before it,
    /// and no command follows whose answer could share the write.
    #[inline]
    pub(crate) fn writes_answer_at_once(&self) -> bool {
        self.is_writable_at_once() && self.turn.is_line_empty()
    }

    /// Notes that the hook for a notice has returned.
    pub(crate) fn finish_notice(&mut self) {
        self.turn.finish(None, false);
        self.turn.noticing = false;
        self.advance_goodbye();
    }

    /// Counts a notice for which no thread could be had.
    pub(crate) fn lose_notice(&mut self) {
        self.turn.notices.lose();
    }

    /// Gives up the turn of a handler that is about to wait for a peer, and passes the baton. An
    /// error if too many handlers wait already.
    pub(crate) fn leave_turn(&mut self, parallel: bool) -> Result<(), Crowded> {
        self.turn.leave(parallel)?;
        if self.goodbye.is_stopping() {
            // A stop that runs inside what this command has asked for must not wait for this
            // command.
            self.wake(|sleep| sleep == Sleep::End);
        }
        self.pass_on();
        Ok(())
    }

    /// Notes that a handler's wait has ended: it goes on at once, whatever else runs.
    pub(crate) fn take_turn_back(&mut self, parallel: bool) {
        self.turn.come_back(parallel);
    }

    /// Notes that a waiting handler makes an item of an argument of its call, with its turn.
    pub(crate) fn begin_item(&mut self, parallel: bool) {
        self.turn.begin_item(parallel);
    }

    /// Notes that the handler waits on.
    pub(crate) fn end_item(&mut self, parallel: bool) {
        self.turn.end_item(parallel);
        self.pass_on();
    }

    /// Whether only handlers that wait are left. They may be waiting for a command that one of them
    /// has asked for.
    pub(crate) fn only_handlers_wait(&self) -> bool {
        self.turn.only_waits()
    }

    /// The number of threads that are inside a command.
    pub(crate) fn threads_inside(&self) -> usize {
        self.turn.occupied()
    }

    /// Whether a stand-in runs, or is being started.
    pub(crate) fn has_stand_ins(&self) -> bool {
        self.turn.stand_ins > 0
    }

    /// Notes that a stand-in ends.
    pub(crate) fn end_stand_in(&mut self) {
        self.turn.stand_ins = self.turn.stand_ins.saturating_sub(1);
        self.pass_on();
        self.wake(|sleep| sleep == Sleep::End);
    }

    /// Refuses the command in front, because the stand-in that was counted for it could not be
    /// started.
    pub(crate) fn refuse_front(&mut self) -> Front {
        self.turn.stand_ins = self.turn.stand_ins.saturating_sub(1);
        if self.turn.startable_command() == Startable::Nothing {
            return Front::Kept;
        }
        let Some(command) = self.turn.refuse() else { return Front::Kept };
        self.take_up(command.charge);
        self.handled(command.number);
        let (code, text) = (FailureCode::NoResources, "no thread could be had");
        if command.call.is_none() {
            let (command, text) = (command.name, text.into());
            self.turn.notices.push(Notice { command, code, text, here: true, lost: 0 });
        }
        let (call, name, peer) = (command.call, command.name, self.peer);
        self.append_with(|out| wire::write_failure(out, peer, call, name, code, text));
        self.advance_goodbye();
        let next = self.turn.startable_command() != Startable::Nothing;
        if next && self.turn.needs_stand_in() {
            self.turn.stand_ins = self.turn.stand_ins.saturating_add(1);
            return Front::RefusedBeforeAnother;
        }
        self.pass_on();
        Front::Refused
    }
}
