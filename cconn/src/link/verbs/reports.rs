//! Calls that are told how far their command has come, and commands that say so.

use crate::link::Link;
use crate::link::core::calls::Answer;
use crate::link::core::failure::Failure;
use crate::link::core::report::Report;
use crate::link::core::sleepers::Sleep;
use crate::link::core::state::State;
use crate::link::io::telling::may_wait;
use crate::link::threads::wait::Waited;
use crate::sync::{Deadline, now};
use crate::wire::{CallId, Outgoing};

/// What a wait has brought.
enum News {
    Report(Report),
    Outcome(Result<Answer, Failure>),
}

/// A call that wants reports; given up when it is dropped before its outcome has come.
struct Reported<'a> {
    link: &'a Link,
    call: CallId,
    /// The outcome has come. Where that is a stream, it goes on.
    is_over: bool,
}

impl Drop for Reported<'_> {
    #[inline]
    fn drop(&mut self) {
        self.link.locked_soon(|state| state.forget_reports(self.call));
        if !self.is_over {
            self.link.give_up(self.call);
        }
    }
}

impl Link {
    /// Sends a call that wants reports, and waits for its answer; `told` is called for each report.
    /// `silence`: the deadline begins anew with each of them, and is this long.
    // [progress.silence]
    #[inline]
    pub(crate) fn call_reported(
        &self,
        frame: &mut Outgoing<&[u8]>,
        (deadline, silence): (Deadline, Option<Deadline>),
        told: &mut dyn FnMut(Report),
    ) -> Result<Answer, Failure> {
        may_wait()?;
        let call = self.defer_with(frame, deadline, State::want_reports)?;
        // The closure may panic.
        let mut reported = Reported { link: self, call, is_over: false };
        let mut until = deadline;
        loop {
            match self.next_news(call, &mut until)? {
                News::Outcome(outcome) => {
                    reported.is_over = true;
                    return outcome;
                }
                News::Report(report) => {
                    told(report);
                    until = silence.unwrap_or(until);
                }
            }
        }
    }

    /// Waits for the next report of a call, or for its outcome.
    #[inline]
    fn next_news(&self, call: CallId, until: &mut Deadline) -> Result<News, Failure> {
        self.locked_aside(|state, from_handler| {
            state.begin_awaiting(call);
            let caller = !from_handler || !self.is_inside();
            state.begin_calling(caller);
            state.offer_turn();
            let news = |state: &State| state.is_answered(call) || state.has_report(call);
            let waited = state.wait_working(self, Sleep::Answer(call), until, news);
            state.end_calling(caller);
            state.end_awaiting(call);
            // The last report comes before the outcome.
            let news = match state.take_report(call) {
                Some(report) => News::Report(report),
                None => News::Outcome(state.outcome(call).unwrap_or_else(|| match waited {
                    Waited::Unwanted => Err(super::answers::abandon(state, call)),
                    _ => Err(state.give_up_late(call, !self.ends_with_handles)),
                })),
            };
            state.flush(until);
            Ok(news)
        })
    }

    /// Says how far the command of this connection has come that the calling thread works for, if
    /// its caller wants to know. Never waits.
    #[inline]
    pub(crate) fn report(&self, report: impl FnOnce() -> Report) {
        let Some(call) = self.call_worked_for() else { return };
        if !self.locked(|state| state.wants_reports(call)) {
            return;
        }
        let report = report();
        self.locked_soon(|state| {
            state.report(call, report, now());
            state.flush_ready();
        });
    }
}
