//! Reports of progress: what of them is kept, on both sides, whatever the peer does.

use std::io::IoSlice;

use super::*;
use crate::link::core::state::State;
use crate::wire::Context;

/// Two calls of the peer's that run, of which one wants reports.
const WANTS: CallId = CallId(7);
const DOES_NOT: CallId = CallId(8);

fn report(done: u64) -> Report {
    Report { done, total: 100_000, text: "x".repeat(wire::MAX_TEXT).into() }
}

/// An end whose peer takes a hundred bytes and then reads nothing.
fn stuck() -> (End, Memory) {
    let (ours, hers) = Memory::pair(100);
    let limits = Limits { high_water: 5000, ..Limits::default() };
    (end(Arc::new(ours), &limits), hers)
}

#[test]
fn a_peer_that_reads_nothing_is_owed_one_report_for_each_call() {
    // [progress.full] [progress.rate]
    let (client, _peer) = stuck();
    let mut now = Instant::now();
    client.link.locked(|state| {
        (0..50).for_each(|call| state.begin_reports(CallId(call)));
        for done in 0..100_000 {
            state.report(CallId(done % 50), report(done), now);
            now += Duration::from_millis(5);
        }
        let bytes = state.inside().outbox.bytes();
        assert!(bytes <= 5000 + 1000, "{bytes} bytes wait to be written");
        let [told, line, wanted] = state.inside().reports;
        assert!(told == 50 && line <= 50 && wanted == 0, "{told} {line} {wanted}");
        (0..50).for_each(|call| state.end_reports(CallId(call)));
        assert_eq!(state.send_due_reports(now + Duration::from_secs(1)), None);
        assert_eq!(state.inside().reports, [0; 3]);
    });
}

#[test]
fn the_latest_report_leaves_at_its_time_and_none_for_who_did_not_ask() {
    // [progress.rate] [progress.asked] [progress.until]
    let (ours, _hers) = Memory::pair(100_000);
    let client = end(Arc::new(ours), &Limits::default());
    let begun = Instant::now();
    client.link.locked(|state| {
        let appended = |state: &mut State| state.inside().outbox.bytes();
        let before = appended(state);
        state.report(DOES_NOT, report(1), begun);
        assert!(!state.wants_reports(DOES_NOT) && appended(state) == before);
        state.begin_reports(WANTS);
        state.report(WANTS, report(1), begun);
        let first = appended(state);
        assert!(first > before, "the first leaves at once");
        (2..10).for_each(|done| state.report(WANTS, report(done), begun));
        let tick = Duration::from_millis(1);
        assert_eq!(state.send_due_reports(begun + 99 * tick), Some(10 * tick));
        assert_eq!(appended(state), first, "the others wait");
        assert_eq!(state.send_due_reports(begun + 100 * tick), None);
        let second = appended(state);
        assert_eq!(second - first, first - before, "and one of them leaves");
        state.report(WANTS, report(11), begun + 150 * tick);
        state.end_reports(WANTS);
        assert_eq!(state.send_due_reports(begun + 300 * tick), None);
        assert_eq!(appended(state), second, "none behind the outcome");
    });
}

#[test]
fn of_reports_that_come_one_is_kept_for_each_call_that_asked() {
    // [progress.dropped]
    let (ours, hers) = Memory::pair(4 << 20);
    let client = end(Arc::new(ours), &Limits::default());
    let mut frame = frame(&client.link, ECHO, b"x", true).unwrap();
    let asked = client.link.defer_with(&mut frame, soon().into(), State::want_reports).unwrap();
    let mut flood = Vec::new();
    for done in 0..1000 {
        for id in [asked, CallId(done << 20 | 3)] {
            let text = &*"y".repeat(wire::MAX_TEXT + 50);
            Frame::Progress { id, done, total: 0, text }.write(&mut flood, Features::OURS);
        }
    }
    assert_eq!(hers.try_send(&[IoSlice::new(&flood)]).unwrap(), flood.len());
    client.link.locked(|state| {
        while state.take_report(asked).is_none_or(|report| report.done < 999) {
            let reader = state.take_helm().unwrap();
            state.read_ready(reader, 1);
            assert_eq!(state.inside().reports, [0, 0, 1]);
        }
        state.forget_reports(asked);
        assert_eq!(state.inside().reports, [0; 3]);
    });
}

#[test]
fn a_call_that_asks_is_told_of_reports_until_its_answer_and_then_forgotten() {
    let (client, server) = pair_with(&Limits::default(), Some(1000));
    let mut told = Vec::new();
    let start = Start::plain(0, REPORT, 0);
    let context = Context { progress: true, ..Context::default() };
    let mut frame = Outgoing::in_buffer(Vec::new());
    frame.begin_call(Start { context: Some((&context, Features::OURS)), ..start });
    frame.bytes.extend([3]);
    frame.finish();
    let until = (soon().into(), None);
    client.link.call_reported(&mut frame, until, &mut |report| told.push(report.done)).unwrap();
    assert!(told.is_sorted() && told.first() == Some(&1), "{told:?}");
    for link in [&client.link, &server.link] {
        link.locked(|state| assert_eq!(state.inside().reports, [0; 3]));
    }
}
