//! The peer's calls that run here, and which of them the peer has given up.

use super::command::Command;
use crate::sync::{Rule, holds};
use crate::table::Table;
use crate::wire::CallId;

/// The most promises of one connection that may be open: each keeps a place in a table, and
/// whatever the program keeps with it.
pub(crate) const MOST_PROMISES: usize = 1 << 16;

/// What a cancel has met.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// A call that had not started, and never will.
    Unstarted(Command),
    /// A call that runs and was wanted until now.
    Running,
    Nothing,
}

/// What became of the promise of a call, if its command was given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Promise {
    None,
    /// It was not kept yet. `returned`: the command has returned, and the promise is what is left
    /// of the call.
    Open {
        returned: bool,
    },
    Kept,
    /// The command itself has let go of it.
    Dropped,
}

/// What this side owes to the caller of a command that was given a promise, when the command
/// returns or fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owed {
    Nothing,
    /// The outcome of the command.
    Outcome,
}

/// A call that runs.
#[derive(Debug)]
struct Running {
    cancelled: bool,
    /// The peer has asked where the call is.
    asked: bool,
    /// How many more calls run under the same id, which their sender should not have given them.
    again: usize,
    promise: Promise,
}

impl Running {
    const NEW: Self = Running { cancelled: false, asked: false, again: 0, promise: Promise::None };
}

/// The peer's calls that run here. On most connections one call runs at a time, and of that one no
/// more is kept than its id.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// A call that runs, if the peer has neither given it up nor asked about it.
    plain: Option<CallId>,
    /// All other calls.
    others: Table<Running>,
    /// How many of them have a promise that is open.
    promises: usize,
}

impl Served {
    /// Notes that a command begins to run; it is a one-way message if `call` is `None`.
    #[inline]
    // [call.id-any]
    pub(crate) fn begin(&mut self, call: Option<CallId>) {
        if call.is_some() {
            if self.plain.is_some() {
                self.keep();
            }
            self.plain = call;
        }
    }

    /// Notes that a command has ended.
    #[inline]
    pub(crate) fn end(&mut self, call: Option<CallId>) {
        if let Some(call) = call {
            if self.plain == Some(call) {
                self.plain = None;
            } else {
                self.end_other(call);
            }
        }
    }

    fn end_other(&mut self, call: CallId) {
        let Some(running) = self.others.get_mut(call.0) else { return };
        match running.again.checked_sub(1) {
            Some(again) => running.again = again,
            None => match &mut running.promise {
                Promise::Open { returned } if holds(Rule::PromiseOutlivesItsCommand) => {
                    *returned = true;
                }
                _ => drop(self.others.remove(call.0)),
            },
        }
    }

    /// Keeps the plain call with the others.
    fn keep(&mut self) {
        if let Some(call) = self.plain.take() {
            match self.others.get_mut(call.0) {
                Some(running) => running.again = running.again.saturating_add(1),
                None => self.others.insert(call.0, Running::NEW),
            }
        }
    }

    fn find(&mut self, call: CallId) -> Option<&mut Running> {
        if self.plain == Some(call) {
            self.keep();
        }
        self.others.get_mut(call.0)
    }

    /// Marks a running call as given up by the peer; true if it was not before, `None` if no such
    /// call runs.
    // [cancel.running]
    pub(crate) fn cancel(&mut self, call: CallId) -> Option<bool> {
        let running = self.find(call)?;
        Some(!std::mem::replace(&mut running.cancelled, true))
    }

    /// Notes that the peer asks about a call: whether it does so for the first time. `None` if no
    /// such call runs.
    pub(crate) fn ask(&mut self, call: CallId) -> Option<bool> {
        let running = self.find(call)?;
        Some(!std::mem::replace(&mut running.asked, true))
    }

    /// Whether a call runs.
    pub(crate) fn has(&self, call: CallId) -> bool {
        self.plain == Some(call) || self.others.has(call.0)
    }

    /// How many promises are open.
    #[inline]
    pub(crate) fn promises(&self) -> usize {
        self.promises
    }

    /// Gives a running call a promise. False if as many are open as may be, or if it has one
    /// already, as calls under one id may.
    pub(crate) fn promise(&mut self, call: CallId) -> bool {
        if self.promises >= MOST_PROMISES {
            return false;
        }
        let Some(running) = self.find(call) else { return false };
        if running.promise != Promise::None {
            return false;
        }
        running.promise = Promise::Open { returned: false };
        self.promises = self.promises.saturating_add(1);
        true
    }

    /// Takes the right to answer a call out of its promise; false if there is none, because the
    /// call has its outcome or the connection has ended.
    pub(crate) fn keep_promise(&mut self, call: CallId) -> bool {
        self.end_promise(call, Promise::Kept)
    }

    /// Notes that the command itself, which has not returned, has let go of its promise.
    pub(crate) fn drop_promise(&mut self, call: CallId) {
        self.end_promise(call, Promise::Dropped);
    }

    fn end_promise(&mut self, call: CallId, by: Promise) -> bool {
        let Some(running) = self.others.get_mut(call.0) else { return false };
        let Promise::Open { returned } = running.promise else { return false };
        running.promise = by;
        self.promises = self.promises.saturating_sub(1);
        if returned {
            self.others.remove(call.0);
        }
        true
    }

    /// Whether a command has returned and left its answer to its promise, which was not kept yet.
    pub(crate) fn is_promised(&self, call: CallId) -> bool {
        let promise = self.others.get(call.0).map(|running| running.promise);
        promise == Some(Promise::Open { returned: true })
    }

    /// What is owed to the caller of a command that has returned and left its answer to its
    /// promise: nothing, unless the promise was dropped.
    pub(crate) fn left_to_promise(&self, call: CallId) -> Owed {
        let promise = self.others.get(call.0).map(|running| running.promise);
        if promise == Some(Promise::Dropped) { Owed::Outcome } else { Owed::Nothing }
    }

    /// What is owed to the caller of a command that has failed. Its promise, if it has one that is
    /// open, is void.
    pub(crate) fn failed(&mut self, call: CallId) -> Owed {
        let promise = self.others.get(call.0).map(|running| running.promise);
        if promise == Some(Promise::Kept) {
            return Owed::Nothing;
        }
        self.end_promise(call, Promise::None);
        Owed::Outcome
    }

    /// Makes every promise void: nothing can be answered any more.
    pub(crate) fn void_promises(&mut self) {
        if self.promises == 0 {
            return;
        }
        self.promises = 0;
        self.others.retain(|running| {
            let promise = std::mem::replace(&mut running.promise, Promise::None);
            promise != Promise::Open { returned: true }
        });
    }

    /// Whether the peer has given that running call up.
    pub(crate) fn is_cancelled(&self, call: CallId) -> bool {
        self.others.get(call.0).is_some_and(|running| running.cancelled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of many ids that differ in their high bits too.
    fn spread(call: u64) -> CallId {
        CallId((call << 50) | call)
    }

    #[test]
    fn each_of_many_calls_is_found_by_its_id() {
        // [call.id-any] [cancel.running]
        let mut served = Served::default();
        for call in 0..10_000 {
            served.begin(Some(spread(call)));
        }
        let last = spread(9_999);
        assert_eq!(served.cancel(last), Some(true), "the one that began last");
        assert_eq!(served.cancel(spread(5)), Some(true));
        assert_eq!(served.cancel(spread(5)), Some(false));
        assert_eq!(served.cancel(CallId(5)), None);
        assert!(served.is_cancelled(spread(5)) && !served.is_cancelled(CallId(0)));
        for call in 0..10_000 {
            served.end(Some(spread(call)));
        }
        assert!(served.plain.is_none() && served.others.is_empty());
        served.begin(None);
        assert!(
            served.plain.is_none() && served.others.is_empty(),
            "one-way messages are not kept"
        );
    }

    #[test]
    fn calls_under_one_id_end_one_by_one() {
        // [call.id-any]
        let mut served = Served::default();
        (0..3).for_each(|_| served.begin(Some(CallId(7))));
        assert_eq!(served.cancel(CallId(7)), Some(true));
        served.end(Some(CallId(7)));
        served.end(Some(CallId(7)));
        assert!(served.is_cancelled(CallId(7)), "the last of them still runs");
        served.end(Some(CallId(7)));
        served.end(Some(CallId(7)));
        assert!(served.cancel(CallId(7)).is_none() && served.others.is_empty());
    }

    #[test]
    fn a_promise_is_kept_once_and_whoever_comes_first() {
        let call = CallId(1);
        let begun = || {
            let mut served = Served::default();
            served.begin(Some(call));
            assert!(served.promise(call) && !served.promise(call));
            assert_eq!(served.promises(), 1);
            served
        };
        let mut later = begun();
        assert_eq!(later.left_to_promise(call), Owed::Nothing);
        later.end(Some(call));
        assert_eq!((later.promises(), later.others.len()), (1, 1), "it is open");
        assert!(later.keep_promise(call) && !later.keep_promise(call));
        assert!(later.others.is_empty());

        let mut at_once = begun();
        assert!(at_once.keep_promise(call));
        assert_eq!(at_once.left_to_promise(call), Owed::Nothing);
        assert_eq!(at_once.failed(call), Owed::Nothing, "a panic behind the answer");
        at_once.end(Some(call));
        assert!(at_once.others.is_empty());

        let mut panicked = begun();
        assert_eq!(panicked.failed(call), Owed::Outcome);
        assert!(!panicked.keep_promise(call), "it is void");
        panicked.end(Some(call));
        assert!(panicked.others.is_empty());

        let mut dropped = begun();
        dropped.drop_promise(call);
        assert_eq!(dropped.left_to_promise(call), Owed::Outcome);
        dropped.end(Some(call));
        assert!(dropped.others.is_empty() && dropped.promises() == 0);
    }

    #[test]
    fn as_many_promises_are_open_as_may_be_and_one_more_is_refused() {
        let mut served = Served::default();
        let mut begin = |call: u64| {
            served.begin(Some(spread(call)));
            let is_given = served.promise(spread(call));
            served.end(Some(spread(call)));
            is_given
        };
        assert!((0..MOST_PROMISES as u64).all(&mut begin));
        assert!(!begin(1 << 16));
        assert!(served.keep_promise(spread(9)));
        served.begin(Some(CallId(3)));
        assert!(served.promise(CallId(3)), "there is room again");
    }

    #[test]
    fn ten_thousand_promises_are_open_and_void_at_the_end() {
        let mut served = Served::default();
        for call in 0..10_000 {
            served.begin(Some(spread(call)));
            assert!(served.promise(spread(call)));
            served.end(Some(spread(call)));
        }
        assert_eq!(served.promises(), 10_000);
        assert_eq!(served.cancel(spread(7)), Some(true), "and can be given up");
        served.begin(Some(spread(10_000)));
        assert!(served.promise(spread(10_000)));
        served.void_promises();
        assert_eq!((served.promises(), served.others.len()), (0, 1), "that one still runs");
        assert!(!served.keep_promise(spread(7)) && !served.keep_promise(spread(10_000)));
        assert_eq!(served.failed(spread(10_000)), Owed::Outcome);
        served.end(Some(spread(10_000)));
        assert!(served.others.is_empty());
    }

    #[test]
    fn a_call_is_asked_about_once() {
        let mut served = Served::default();
        served.begin(Some(CallId(1)));
        assert_eq!(served.ask(CallId(1)), Some(true));
        assert_eq!(served.ask(CallId(1)), Some(false));
        assert_eq!(served.ask(CallId(2)), None);
        served.end(Some(CallId(1)));
        assert_eq!(served.ask(CallId(1)), None);
    }
}
