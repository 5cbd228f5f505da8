//! The table of calls: ids, answers that are kept, and calls that others have overtaken.

use super::*;
use crate::wire::Standing;

const MOST: usize = 100;

fn asked(at: u64) -> Asked {
    Asked { at, command: at, credit: 0, told: Told::Unasked }
}

fn value(size: usize) -> Answer {
    Answer::Value(Bytes::copy(&vec![7; size]))
}

#[test]
fn a_call_is_answered_and_claimed_once() {
    let mut calls = Calls::default();
    let call = calls.open(asked(0), false);
    assert!(calls.claim(call).is_none());
    assert_eq!(calls.answer(call, value(3), MOST), Met::Waiting);
    assert_eq!(calls.answer(call, value(3), MOST), Met::Late);
    assert!(calls.claim(call).is_some());
    assert!(calls.claim(call).is_none());
    assert_eq!((calls.waiting(), calls.unclaimed), (0, 0));
}

#[test]
fn ids_are_never_used_twice() {
    // [call.id]
    let mut calls = Calls::default();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..1000 {
        let call = calls.open(asked(0), false);
        assert!(seen.insert(call));
        calls.give_up(call);
    }
    assert_eq!(calls.entries.len(), 1);
}

#[test]
fn late_answers_are_told_from_impossible_ones() {
    // [outcome.late] [outcome.never]
    let mut calls = Calls::default();
    let call = calls.open(asked(5), false);
    assert_eq!(calls.give_up(call).map(|asked| asked.at), Some(5));
    assert_eq!(calls.answer(call, value(1), MOST), Met::Late);
    assert_eq!(calls.late, 1);
    let never = CallId(call.0 + (2 << 32));
    assert_eq!(calls.answer(never, value(1), MOST), Met::Never);
    assert_eq!(calls.answer(CallId(call.0 + 1), value(1), MOST), Met::Never);
}

#[test]
fn a_call_waits_behind_the_oldest_that_nothing_has_passed() {
    let mut calls = Calls::default();
    let first = calls.open(asked(0), true);
    let second = calls.open(asked(30), true);
    let _third = calls.open(asked(60), true);
    let before = |calls: &Calls, at| calls.first_before(at).map(|asked| asked.command);
    assert_eq!((before(&calls, 0), before(&calls, 60)), (None, Some(0)));
    calls.give_up(first);
    calls.may_go_on(first, asked(0));
    assert_eq!(before(&calls, 60), Some(0), "the peer may still be at it");
    calls.may_go_on(second, asked(30));
    assert_eq!(before(&calls, 60), Some(0), "the older one comes first");
    calls.answer(first, value(0), MOST);
    assert_eq!(before(&calls, 60), Some(30));
    calls.answer(second, value(0), MOST);
    assert_eq!((before(&calls, 60), before(&calls, 90)), (None, Some(60)));
}

#[test]
fn a_call_is_asked_about_once_and_a_withdrawn_one_settles_nothing() {
    // [question.expired] [standing.unasked]
    let mut calls = Calls::default();
    let call = calls.open(asked(50), true);
    let unstarted = Standing::Unstarted { behind: 7 };
    assert!(!calls.tell(call, unstarted), "nobody asked");
    assert!(calls.begin_question(call).is_some() && calls.begin_question(call).is_none());
    assert!(!calls.end_withdrawn(call), "the peer has said nothing yet");
    assert!(calls.tell(call, unstarted) && !calls.tell(call, Standing::Running));
    assert!(calls.end_withdrawn(call) && !calls.end_withdrawn(call));
    assert!(calls.is_answered(call) && calls.claim(call).is_none());
    assert_eq!((calls.waiting(), calls.answered(), calls.settled()), (0, 0, 0));
    assert_eq!(calls.answer(call, value(1), MOST), Met::Late);
    assert!(calls.claim_withdrawn(call).is_some() && calls.claim_withdrawn(call).is_none());
    assert!(!calls.is_answered(call));
    let running = calls.open(asked(60), true);
    assert!(calls.begin_question(running).is_some() && calls.tell(running, Standing::Running));
    assert!(!calls.end_withdrawn(running), "what runs is not withdrawn");
}

#[test]
fn unclaimed_answers_are_bounded_exactly() {
    let mut calls = Calls::default();
    let (a, b) = (calls.open(asked(0), false), calls.open(asked(0), false));
    calls.answer(a, value(MOST), MOST);
    calls.answer(b, value(1), MOST);
    assert!(matches!(calls.claim(a), Some(Answer::Value(_))));
    let code = FailureCode::AnswerDropped;
    assert!(matches!(calls.claim(b), Some(Answer::Failure { code: c, .. }) if c == code));
}

#[test]
fn an_answer_that_a_thread_waits_for_is_kept_whatever_its_size() {
    let mut calls = Calls::default();
    let (deferred, called, late) =
        (calls.open(asked(0), false), calls.open(asked(0), true), calls.open(asked(0), false));
    calls.answer(deferred, value(MOST), MOST);
    calls.answer(called, value(MOST + 1), MOST);
    assert_eq!((calls.kept, calls.unclaimed), (2 * MOST + 1, MOST));
    assert!(matches!(calls.claim(called), Some(Answer::Value(_))));
    calls.set_awaited(late, true);
    calls.answer(late, value(MOST + 1), MOST);
    assert!(matches!(calls.claim(late), Some(Answer::Value(_))));
    let given_up = calls.open(asked(0), false);
    calls.set_awaited(given_up, true);
    calls.set_awaited(given_up, false);
    calls.answer(given_up, value(1), MOST);
    assert!(matches!(calls.claim(given_up), Some(Answer::Failure { .. })), "nobody waits");
    assert!(matches!(calls.claim(deferred), Some(Answer::Value(_))));
    assert_eq!((calls.kept, calls.unclaimed, calls.waiting), (0, 0, 0));
}

#[test]
fn a_place_whose_generations_are_used_up_is_not_reused() {
    let mut calls = Calls::default();
    let first = calls.open(asked(0), false);
    calls.entries[0].generation = u32::MAX;
    calls.give_up(id(u32::MAX, 0));
    assert_ne!(index(calls.open(asked(0), false)), index(first));
}
