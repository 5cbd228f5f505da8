//! Reports of how far a command has come: those that this side sends, and the latest that has come
//! for each of its own calls.
//!
//! A report that may not be sent yet waits in one place, where a later one replaces it.

use std::time::{Duration, Instant};

use super::report::{Report, Told};
use super::sleepers::Sleep;
use super::state::State;
use crate::sync::{Rule, holds};
use crate::wire::{CallId, Features, Frame, MAX_TEXT, shorten};

/// The shortest time after which a report that could not be sent is tried again.
const TRY_AGAIN: Duration = Duration::from_millis(10);

impl State {
    // What this side sends.

    /// Notes that a call of the peer's starts which wants reports.
    // [features.used]
    pub(crate) fn begin_reports(&mut self, call: CallId) {
        if self.peer.has(Features::PROGRESS) {
            self.reports.told.get_or_insert_with(call.0, Told::default);
        }
    }

    /// Notes that a call of the peer's has its outcome, or is about to: a report that waits is not
    /// sent any more.
    // [progress.until]
    pub(crate) fn end_reports(&mut self, call: CallId) {
        self.reports.told.remove(call.0);
        if self.reports.told.is_empty() {
            self.reports.line.clear();
        }
    }

    /// Whether a call of the peer's wants reports and has no outcome yet.
    // [progress.asked] [progress.until]
    pub(crate) fn wants_reports(&self, call: CallId) -> bool {
        self.reports.told.has(call.0)
    }

    /// Sends a report of a call that wants reports, now or later; an earlier one that still waits is
    /// dropped.
    pub(crate) fn report(&mut self, call: CallId, report: Report, now: Instant) {
        let has_room = self.has_room_for_reports();
        let Some(told) = self.reports.told.get_mut(call.0) else { return };
        let replaces = told.waits.replace(report).is_some();
        let pause = told.pause(now);
        if pause.is_zero() && has_room {
            return self.send_report(call, now);
        }
        // The watchman comes already for one that was replaced.
        if !replaces && holds(Rule::LatestReportIsSent) {
            self.reports.line.push_back(call);
            self.due.watch_in(pause.max(TRY_AGAIN));
        }
    }

    /// Whether there are reports that wait for their time.
    pub(crate) fn has_reports_to_send(&self) -> bool {
        !self.reports.line.is_empty()
    }

    /// Sends the reports that are due. Returns when the next one will be; `None` if none waits.
    pub(crate) fn send_due_reports(&mut self, now: Instant) -> Option<Duration> {
        let mut next: Option<Duration> = None;
        for _ in 0..self.reports.line.len() {
            let has_room = self.has_room_for_reports();
            let Some(call) = self.reports.line.pop_front() else { break };
            let told = self.reports.told.get(call.0).filter(|told| told.waits.is_some());
            let Some(told) = told else { continue };
            let pause = told.pause(now);
            if pause.is_zero() && has_room {
                self.send_report(call, now);
                continue;
            }
            self.reports.line.push_back(call);
            let again = pause.max(TRY_AGAIN);
            next = Some(next.map_or(again, |next| next.min(again)));
        }
        next
    }

    /// Whether reports may be sent: those for a peer that reads nothing would wait in the outbox.
    // [progress.full]
    fn has_room_for_reports(&self) -> bool {
        !self.is_above_high_water()
    }

    fn send_report(&mut self, id: CallId, now: Instant) {
        let report = self.reports.told.get_mut(id.0).and_then(|told| told.take(now));
        if let Some(Report { done, total, ref text }) = report {
            self.append_frame(&Frame::Progress { id, done, total, text });
        }
    }

    // What comes.

    /// Notes that a call of this side wants reports.
    pub(crate) fn want_reports(&mut self, call: CallId) {
        self.reports.wanted.insert(call.0, None);
    }

    /// Notes that nobody takes reports of that call any more.
    pub(crate) fn forget_reports(&mut self, call: CallId) {
        self.reports.wanted.remove(call.0);
    }

    /// Whether a report of that call has come.
    pub(crate) fn has_report(&self, call: CallId) -> bool {
        self.reports.wanted.get(call.0).is_some_and(Option::is_some)
    }

    /// Takes the latest report of that call.
    pub(crate) fn take_report(&mut self, call: CallId) -> Option<Report> {
        self.reports.wanted.get_mut(call.0)?.take()
    }

    /// Takes in a report.
    // [progress.dropped]
    pub(super) fn report_came(&mut self, call: CallId, [done, total]: [u64; 2], text: &str) {
        let is_over = self.is_answered(call);
        let place = self.reports.wanted.get_mut(call.0).filter(|_| !is_over);
        let Some(place) = place else {
            return self.waste.note();
        };
        let text = shorten(text, MAX_TEXT).into();
        if place.replace(Report { done, total, text }).is_some() {
            // It replaces one that nobody has taken, and may be one of a flood.
            self.waste.note();
        } else if holds(Rule::ReportWakesCaller) {
            self.wake(|sleep| matches!(sleep, Sleep::Answer(waits) if waits == call));
        }
    }
}
