//! The peer's calls that run here, and which of them the peer has given up.

use std::collections::BTreeMap;

use super::command::Command;
use crate::wire::CallId;

/// What a cancel has met.
#[derive(Debug)]
pub(crate) enum Cancelled {
    /// A call that had not started, and never will.
    Unstarted(Command),
    /// A call that runs and was wanted until now.
    Running,
    Nothing,
}

/// A call that runs.
#[derive(Debug)]
struct Running {
    cancelled: bool,
    /// The peer has asked where the call is.
    asked: bool,
    /// How many more calls run under the same id, which their sender should not have given them.
    again: usize,
}

impl Running {
    const NEW: Self = Running { cancelled: false, asked: false, again: 0 };
}

/// The peer's calls that run here. On most connections one call runs at a time, and of that one no
/// more is kept than its id.
#[derive(Debug, Default)]
pub(crate) struct Served {
    /// A call that runs, if the peer has neither given it up nor asked about it.
    plain: Option<CallId>,
    /// All other calls.
    others: BTreeMap<CallId, Running>,
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
        let Some(running) = self.others.get_mut(&call) else { return };
        match running.again.checked_sub(1) {
            Some(again) => running.again = again,
            None => drop(self.others.remove(&call)),
        }
    }

    /// Keeps the plain call with the others.
    fn keep(&mut self) {
        if let Some(call) = self.plain.take() {
            let same = self.others.entry(call);
            let again = |running: &mut Running| running.again = running.again.saturating_add(1);
            same.and_modify(again).or_insert(Running::NEW);
        }
    }

    fn find(&mut self, call: CallId) -> Option<&mut Running> {
        if self.plain == Some(call) {
            self.keep();
        }
        self.others.get_mut(&call)
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
        self.plain == Some(call) || self.others.contains_key(&call)
    }

    /// Whether the peer has given that running call up.
    pub(crate) fn is_cancelled(&self, call: CallId) -> bool {
        self.others.get(&call).is_some_and(|running| running.cancelled)
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
