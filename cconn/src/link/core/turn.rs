//! The turn: the right to run commands, and the commands that have arrived.
//!
//! Commands start in the order of their arrival, and a command starts only if no other handler
//! runs. A handler that waits for a peer gives the turn up. When its wait ends it goes on at once,
//! beside the handler that runs then.

mod arrivals;
mod counts;
mod found;
mod promised;
mod pulling;
mod pumping;
mod role;
mod stand_ins;
#[cfg(test)]
mod tests;
mod unheard;
mod waits;

use self::arrivals::Arrivals;
use self::role::Pumps;
pub(crate) use self::role::{Crowded, StandInTerm};
use super::backlog::Backlog;
use super::catching_up::CatchingUp;
use super::command::Command;
use super::notices::{Notice, Notices};
use super::served::{Cancelled, Served};
use crate::sync::{Rule, holds};
use crate::wire::CallId;

/// A piece of work for a runner.
#[derive(Debug)]
pub(crate) enum Work {
    Command(Command),
    Notice(Notice),
}

/// The kind of thread that asks for work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RunnerKind {
    Executor,
    StandIn,
}

/// Which kind of runner may start the next piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Startable {
    Nothing,
    ByAnyone,
    ByStandIn,
}

/// The queues, and the counts of runners and handlers.
///
/// `waiting <= max_waiting`; `occupied() <= executors + stand_ins`.
#[derive(Debug)]
pub(crate) struct Turn {
    backlog: Backlog,
    pub(crate) notices: Notices,
    /// Handlers that run and hold the turn; more than one only after a waiting handler has come
    /// back.
    running: usize,
    /// Handlers that wait for a peer, with their turn given up.
    waiting: usize,
    /// Handlers that run beside others.
    parallel: usize,
    /// Iterators that are pulled after their commands have returned.
    pumps: Pumps,
    /// Threads whose job is to run commands.
    pub(crate) executors: usize,
    /// Stand-ins: further threads that run commands.
    pub(crate) stand_ins: usize,
    /// Threads of the program that wait on this connection for an answer, for window or for the
    /// end.
    pub(crate) callers: usize,
    /// No command starts yet, because the program has not admitted the peer (`quand_connecte`
    /// runs).
    pub(crate) held: bool,
    /// The connection is being stopped; commands that have arrived are still run.
    pub(crate) winding_up: bool,
    arrivals: Arrivals,
    /// Commands that had arrived and never will be run, because the connection ended first.
    dropped: usize,
    /// Threads that wait until all commands that had arrived are handled.
    pub(crate) catching_up: CatchingUp,
    /// Whether one of the running handlers is the hook for a notice.
    pub(crate) noticing: bool,
    served: Served,
    /// Hash of the command that was started last in order.
    last_started: u64,
    /// A command that the routing thread has started and is about to run itself.
    at_once: Option<Command>,
    max_waiting: usize,
    max_parallel: usize,
}

impl Turn {
    pub(crate) fn new(max_waiting: usize, max_parallel: usize) -> Self {
        Turn {
            backlog: Backlog::default(),
            notices: Notices::default(),
            running: 0,
            waiting: 0,
            parallel: 0,
            pumps: Pumps::default(),
            executors: 0,
            stand_ins: 0,
            callers: 0,
            held: false,
            winding_up: false,
            arrivals: Arrivals::default(),
            dropped: 0,
            catching_up: CatchingUp::default(),
            noticing: false,
            served: Served::default(),
            last_started: 0,
            at_once: None,
            max_waiting,
            max_parallel,
        }
    }

    /// Counts an arrival, and returns its number. The caller pushes a command with that number
    /// next.
    #[inline]
    pub(crate) fn number_arrival(&mut self) -> u64 {
        self.arrivals.number()
    }

    #[inline]
    pub(crate) fn push(&mut self, command: Command) {
        self.backlog.push(command);
    }

    /// Takes in a command that arrived while the executor itself was reading. If nothing is before
    /// it the command starts at once, without a detour through the queue; `start_next` hands it
    /// out.
    #[inline]
    pub(crate) fn push_to_executor(&mut self, command: Command) {
        let alone = self.backlog.is_in_order_empty() && self.notices.is_empty();
        // A parallel command is left to a stand-in: the executor would hold up the commands behind
        // it.
        if !alone || self.running > 0 || command.parallel {
            return self.backlog.push(command);
        }
        self.running = 1;
        self.last_started = command.name;
        self.served.begin(command.call);
        self.at_once = Some(command);
    }

    #[inline]
    pub(crate) fn has_at_once(&self) -> bool {
        self.at_once.is_some()
    }

    /// Whether no command and no notice waits to be started.
    #[inline]
    pub(crate) fn is_queue_empty(&self) -> bool {
        self.backlog.is_aside_empty() && self.is_line_empty()
    }

    /// Whether nothing waits in order. Commands that wait aside do not count: they hold up nothing
    /// behind them, and the reading thread does not run them.
    #[inline]
    pub(crate) fn is_line_empty(&self) -> bool {
        let aside = self.backlog.is_aside_empty() || holds(Rule::ParallelStepsAside);
        self.backlog.is_in_order_empty() && self.notices.is_empty() && aside
    }

    /// Whether no command runs, waits or is queued.
    #[inline]
    pub(crate) fn is_idle(&self) -> bool {
        self.is_queue_empty() && self.occupied() == 0 && self.served.promises() == 0
    }

    /// Threads that are inside a handler.
    #[inline]
    pub(crate) fn occupied(&self) -> usize {
        let handlers = self.running.saturating_add(self.waiting).saturating_add(self.parallel);
        handlers.saturating_add(self.pumps.count).saturating_sub(self.pumps.pulling)
    }

    /// Whether a thread is there for whose sake the command may run: an executor, a thread of the
    /// program that waits here or did so when the command came, a handler that waits, or a stop.
    /// Otherwise commands wait for `lancer`.
    #[inline]
    // [order.keep-reading]
    fn is_listening(&self, front: &Command) -> bool {
        let at_work = self.waiting > 0 || self.pumps.count > 0;
        let now = self.executors > 0 || self.callers > 0 || at_work || self.winding_up;
        (now || self.arrivals.is_owed(front)) && !self.held
    }

    /// Whether only handlers that wait are left. They may be waiting for a command that one of them
    /// has asked for.
    pub(crate) fn only_waits(&self) -> bool {
        let waits = self.waiting > 0 && self.pumps.pulling == 0;
        waits && self.occupied() == self.waiting && self.is_queue_empty()
    }

    /// Whether a thread of the program or a handler waits on this connection.
    pub(crate) fn is_awaited(&self) -> bool {
        self.callers > 0 || self.waiting > 0
    }

    /// Whether a runner can start something now.
    #[inline]
    pub(crate) fn can_start(&self) -> bool {
        !self.is_queue_empty() && self.startable() != Startable::Nothing
    }

    /// Which kind of runner can start the next piece of work now.
    #[inline]
    pub(crate) fn startable(&self) -> Startable {
        // Unlike a command, a notice needs no thread for whose sake it runs.
        if !self.notices.is_empty() && self.running == 0 && !self.held {
            return Startable::ByAnyone;
        }
        self.startable_command()
    }

    /// Which kind of runner can start the next command now, notices not counted.
    #[inline]
    // [order.one-at-a-time]
    pub(crate) fn startable_command(&self) -> Startable {
        let front = if self.running == 0 && self.may_pass() { self.backlog.front() } else { None };
        if front.is_some_and(|front| self.is_listening(front)) {
            Startable::ByAnyone
        } else if self.is_aside_startable() {
            Startable::ByStandIn
        } else {
            Startable::Nothing
        }
    }

    /// Whether the first command that waits aside lacks nothing but a thread.
    #[inline]
    fn is_aside_startable(&self) -> bool {
        let front = self.backlog.aside_front().filter(|_| self.parallel < self.max_parallel);
        front.is_some_and(|front| self.is_listening(front))
    }

    /// Whether commands in order may start before those that wait aside.
    #[inline]
    fn may_pass(&self) -> bool {
        holds(Rule::ParallelStepsAside) || self.backlog.is_aside_empty()
    }

    /// Starts the next command in order for the executor, if it may start and no notice is before
    /// it. True if `place` then holds a command.
    ///
    /// The command is moved as a whole: a load of another size than the store just before it would
    /// wait for that store.
    #[inline]
    pub(crate) fn start_next(&mut self, place: &mut Option<Command>) -> bool {
        if self.at_once.is_some() {
            // `push_to_executor` has started it.
            *place = self.at_once.take();
            return true;
        }
        let Some(front) = self.backlog.front() else { return false };
        let startable = self.running == 0 && self.notices.is_empty() && self.may_pass();
        if !startable || !self.is_listening(front) {
            return false;
        }
        let call = front.call;
        self.last_started = front.name;
        *place = self.backlog.pop();
        // Not reached, because `front` has found a command.
        if place.is_none() {
            return false;
        }
        self.running = 1;
        self.served.begin(call);
        true
    }

    /// Takes the next piece of work, if that kind of runner may do it.
    #[inline]
    pub(crate) fn start(&mut self, runner: RunnerKind) -> Option<Work> {
        if self.is_queue_empty() { None } else { self.start_queued(runner) }
    }

    fn start_queued(&mut self, runner: RunnerKind) -> Option<Work> {
        match self.startable() {
            Startable::Nothing => None,
            Startable::ByStandIn if runner == RunnerKind::Executor => None,
            startable => self.take(startable),
        }
    }

    fn take(&mut self, startable: Startable) -> Option<Work> {
        if self.running == 0
            && let Some(notice) = self.notices.pop()
        {
            self.running = 1;
            self.last_started = 0;
            self.noticing = true;
            return Some(Work::Notice(notice));
        }
        let command = match startable {
            Startable::ByStandIn => self.backlog.pop_aside()?,
            _ => self.backlog.pop()?,
        };
        self.count(command.parallel, 1);
        if !command.parallel {
            self.last_started = command.name;
        }
        self.served.begin(command.call);
        Some(Work::Command(command))
    }

    #[inline]
    fn count(&mut self, parallel: bool, more: usize) {
        let count = if parallel { &mut self.parallel } else { &mut self.running };
        *count = count.saturating_add(more);
    }

    /// Notes that a handler has returned.
    #[inline]
    pub(crate) fn finish(&mut self, call: Option<CallId>, parallel: bool) {
        let count = if parallel { &mut self.parallel } else { &mut self.running };
        *count = count.saturating_sub(1);
        self.served.end(call);
    }

    /// Cancels a call that the peer gave up: marks it if it runs, and takes it out of the queue if
    /// it has not started.
    pub(crate) fn cancel(&mut self, call: CallId) -> Cancelled {
        match self.served.cancel(call) {
            Some(true) => Cancelled::Running,
            Some(false) => Cancelled::Nothing,
            None => self.backlog.remove(call).map_or(Cancelled::Nothing, Cancelled::Unstarted),
        }
    }

    /// Whether the peer has given that running call up.
    pub(crate) fn is_cancelled(&self, call: CallId) -> bool {
        self.served.is_cancelled(call)
    }

    /// Takes out a command that could start, because no thread can be started for it.
    pub(crate) fn refuse(&mut self) -> Option<Command> {
        if self.is_aside_startable() { self.backlog.pop_aside() } else { self.backlog.pop() }
    }

    /// Frees memory that only a burst needs.
    pub(crate) fn shrink(&mut self) {
        self.backlog.shrink();
    }

    /// Drops everything that has not started.
    pub(crate) fn clear(&mut self) {
        self.dropped = self.dropped.saturating_add(self.backlog.len());
        self.backlog.clear();
        self.notices.clear();
        if let Some(command) = self.at_once.take() {
            // `push_to_executor` has counted it as running already.
            self.dropped = self.dropped.saturating_add(1);
            self.finish(command.call, command.parallel);
        }
    }

    /// Decides that every command that has arrived by now is run, even if no thread is left for it.
    #[inline]
    pub(crate) fn owe_what_came(&mut self) {
        self.arrivals.owe_all();
    }

    /// Notes that `callers` threads no longer wait on this connection.
    #[inline]
    pub(crate) fn callers_left(&mut self, callers: usize) {
        self.callers = self.callers.saturating_sub(callers);
        self.owe_what_came();
    }

    /// A thread begins to wait until every command that has arrived is handled. Returns the id of
    /// its mark in `catching_up`.
    pub(crate) fn begin_catching_up(&mut self) -> u64 {
        let (left, below) = self.unhandled();
        self.catching_up.begin(left, below)
    }

    /// How many commands have arrived and are not handled (those that never will be included), and
    /// how many have arrived in all.
    fn unhandled(&self) -> (usize, u64) {
        // The hook for a notice occupies a thread, but is no command.
        let running = self.occupied().saturating_sub(usize::from(self.noticing));
        // A command that has returned its iterator is handled.
        let running = running.saturating_sub(self.pumps.count);
        let left = self.backlog.len().saturating_add(running).saturating_add(self.dropped);
        (left, self.arrivals.count())
    }
}
