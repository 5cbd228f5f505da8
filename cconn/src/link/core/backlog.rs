//! Commands that have arrived and not started, in two queues: those that start in order, and those
//! that may run beside others.
//!
//! A command that may run beside others keeps its place in the order until every command before it
//! has started. Then it moves to the queue `aside`, where it waits for a thread and holds up no
//! command behind it.

use super::command::Command;
use super::queue::Queue;
use crate::wire::CallId;

/// The two queues. The front of `in_order` is never parallel; every command in `aside` is.
#[derive(Debug, Default)]
pub(crate) struct Backlog {
    in_order: Queue,
    aside: Queue,
    /// Whether a parallel command has been in `in_order` since `in_order` was last empty.
    mixed: bool,
}

impl Backlog {
    #[inline]
    pub(crate) fn push(&mut self, command: Command) {
        if command.parallel {
            return self.push_parallel(command);
        }
        self.in_order.push(command);
    }

    #[inline(never)]
    fn push_parallel(&mut self, command: Command) {
        // Nothing is before it in the order.
        if self.in_order.is_empty() {
            return self.aside.push(command);
        }
        self.mixed = true;
        self.in_order.push(command);
    }

    /// Whether no command waits to start in order.
    #[inline]
    pub(crate) fn is_in_order_empty(&self) -> bool {
        self.in_order.is_empty()
    }

    /// Whether no command waits aside.
    #[inline]
    pub(crate) fn is_aside_empty(&self) -> bool {
        self.aside.is_empty()
    }

    /// The number of commands in both queues.
    pub(crate) fn len(&self) -> usize {
        self.in_order.len().saturating_add(self.aside.len())
    }

    /// The command that has waited aside for longest.
    #[inline]
    pub(crate) fn aside_front(&self) -> Option<&Command> {
        self.aside.front()
    }

    /// The command that starts next in order.
    #[inline]
    pub(crate) fn front(&self) -> Option<&Command> {
        self.in_order.front()
    }

    /// Takes out the command that starts next in order.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Command> {
        if self.mixed {
            return self.pop_mixed();
        }
        self.in_order.pop()
    }

    #[inline(never)]
    fn pop_mixed(&mut self) -> Option<Command> {
        let command = self.in_order.pop();
        self.step_aside();
        command
    }

    /// Takes out the command that has waited aside for longest.
    pub(crate) fn pop_aside(&mut self) -> Option<Command> {
        self.aside.pop()
    }

    /// Takes out a call, in whichever queue it is.
    pub(crate) fn remove(&mut self, call: CallId) -> Option<Command> {
        let command = self.in_order.remove(call).or_else(|| self.aside.remove(call));
        self.step_aside();
        command
    }

    /// Moves the parallel commands at the front of the order aside: nothing is before them any
    /// more.
    #[cold]
    fn step_aside(&mut self) {
        while self.in_order.front().is_some_and(|front| front.parallel) {
            let Some(command) = self.in_order.pop() else { return };
            self.aside.push(command);
        }
        // With nothing left in order `pop` can take its short way again.
        self.mixed &= !self.in_order.is_empty();
    }

    /// Frees the memory of empty queues.
    pub(crate) fn shrink(&mut self) {
        self.in_order.shrink();
        self.aside.shrink();
    }

    pub(crate) fn clear(&mut self) {
        *self = Backlog::default();
    }
}

#[cfg(test)]
mod tests {
    use super::super::bytes::Bytes;
    use super::*;

    fn command(call: u64, parallel: bool) -> Command {
        let (body, call) = (Bytes::copy(&[]), Some(CallId(call)));
        let (depth, name, fingerprint, number) = (0, 0, 0, call.map_or(0, |call| call.0));
        Command {
            depth,
            call,
            name,
            fingerprint,
            body,
            parallel,
            charge: 64,
            number,
            carried: None,
        }
    }

    fn call(command: Option<Command>) -> Option<u64> {
        Some(command?.call?.0)
    }

    #[test]
    fn a_parallel_command_waits_for_earlier_commands_only() {
        let mut backlog = Backlog::default();
        backlog.push(command(1, true));
        backlog.push(command(2, false));
        backlog.push(command(3, true));
        backlog.push(command(4, true));
        backlog.push(command(5, false));
        assert_eq!(call(backlog.pop_aside()), Some(1));
        assert_eq!(call(backlog.pop_aside()), None, "2 has not started");
        assert_eq!(call(backlog.pop()), Some(2));
        assert_eq!(call(backlog.pop()), Some(5));
        assert_eq!((call(backlog.pop_aside()), call(backlog.pop_aside())), (Some(3), Some(4)));
        assert!(backlog.is_in_order_empty() && backlog.is_aside_empty());
    }

    #[test]
    fn a_call_that_is_given_up_lets_those_behind_it_aside() {
        let mut backlog = Backlog::default();
        backlog.push(command(1, false));
        backlog.push(command(2, true));
        backlog.push(command(3, true));
        assert_eq!(call(backlog.remove(CallId(1))), Some(1));
        assert_eq!(call(backlog.remove(CallId(3))), Some(3));
        assert!(backlog.is_in_order_empty());
        assert_eq!(call(backlog.pop_aside()), Some(2));
        assert_eq!(call(backlog.remove(CallId(2))), None);
    }
}
