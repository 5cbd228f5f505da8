//! Tests of the turn alone, without threads.

use super::*;
use crate::link::core::bytes::Bytes;

fn command(call: u64, parallel: bool) -> Command {
    Command {
        depth: 0,
        call: Some(CallId(call)),
        name: 0,
        fingerprint: 0,
        body: Bytes::copy(&[]),
        parallel,
        charge: 64,
        carried: None,
        number: 0,
    }
}

fn turn(commands: &[(u64, bool)]) -> Turn {
    let mut turn = Turn::new(1, 1);
    turn.executors = 1;
    for (call, parallel) in commands {
        turn.push(command(*call, *parallel));
    }
    turn
}

fn started(turn: &mut Turn, runner: RunnerKind) -> Option<u64> {
    match turn.start(runner)? {
        Work::Command(command) => command.call.map(|call| call.0),
        Work::Notice(_) => None,
    }
}

#[test]
fn one_at_a_time_in_order() {
    // [order.one-at-a-time]
    let mut turn = turn(&[(1, false), (2, false)]);
    assert_eq!(started(&mut turn, RunnerKind::Executor), Some(1));
    assert_eq!(started(&mut turn, RunnerKind::StandIn), None);
    turn.finish(Some(CallId(1)), false);
    assert_eq!(started(&mut turn, RunnerKind::StandIn), Some(2));
}

#[test]
fn a_waiting_handler_lets_the_next_start_and_the_limit_holds() {
    // [order.waiting]
    let mut turn = turn(&[(1, false), (2, false), (3, false)]);
    started(&mut turn, RunnerKind::Executor);
    assert!(!turn.needs_stand_in(), "nothing can be started");
    turn.leave(false).unwrap();
    assert!(turn.needs_stand_in());
    turn.stand_ins = 1;
    assert_eq!(started(&mut turn, RunnerKind::StandIn), Some(2));
    assert_eq!(turn.leave(false), Err(Crowded), "one waits already");
    turn.come_back(false);
    assert_eq!(turn.occupied(), 2, "it overlaps the one that runs");
    assert_eq!(turn.startable(), Startable::Nothing);
}

#[test]
fn parallel_commands_leave_the_turn_free_up_to_their_limit() {
    let mut turn = turn(&[(1, true), (2, true)]);
    assert_eq!(started(&mut turn, RunnerKind::Executor), None);
    assert!(turn.needs_stand_in());
    turn.stand_ins = 1;
    assert_eq!(started(&mut turn, RunnerKind::StandIn), Some(1));
    assert_eq!(turn.startable(), Startable::Nothing, "the limit of one");
    turn.push(command(3, false));
    turn.push(command(4, true));
    assert_eq!(started(&mut turn, RunnerKind::Executor), Some(3), "who waits aside is passed");
    assert!(turn.is_line_empty() && !turn.is_queue_empty());
    turn.finish(Some(CallId(1)), true);
    assert_eq!(started(&mut turn, RunnerKind::StandIn), Some(2));
    assert!(matches!(turn.cancel(CallId(4)), Cancelled::Unstarted(_)));
    assert!(turn.is_queue_empty());
}

#[test]
fn a_cancelled_call_is_dropped_or_told() {
    // [cancel.unstarted] [cancel.running]
    let mut turn = turn(&[(1, false), (2, false)]);
    started(&mut turn, RunnerKind::Executor);
    assert!(matches!(turn.cancel(CallId(1)), Cancelled::Running) && turn.is_cancelled(CallId(1)));
    assert!(matches!(turn.cancel(CallId(2)), Cancelled::Unstarted(_)));
    assert!(matches!(turn.cancel(CallId(3)), Cancelled::Nothing));
    assert!(turn.is_queue_empty());
}

#[test]
fn without_anyone_listening_commands_wait() {
    let mut turn = turn(&[(1, false)]);
    turn.executors = 0;
    assert_eq!(turn.startable(), Startable::Nothing);
    turn.callers = 1;
    assert!(turn.needs_stand_in());
}

#[test]
fn the_executor_takes_what_was_started_for_it_and_else_the_front() {
    let mut turn = turn(&[]);
    let mut place = None;
    assert!(!turn.start_next(&mut place), "there is nothing");
    turn.push_to_executor(command(1, false));
    turn.push_to_executor(command(2, false));
    let call = |place: &Option<Command>| place.as_ref().and_then(|command| command.call);
    assert!(turn.start_next(&mut place));
    assert_eq!(call(&place), Some(CallId(1)));
    assert!(!turn.start_next(&mut place), "the first runs");
    assert_eq!(call(&place), Some(CallId(1)), "and keeps its place");
    turn.finish(Some(CallId(1)), false);
    turn.push(command(3, true));
    assert!(turn.start_next(&mut place));
    assert_eq!(call(&place), Some(CallId(2)));
    turn.finish(Some(CallId(2)), false);
    assert!(!turn.start_next(&mut place), "a parallel one is for a stand-in");
    assert_eq!((turn.occupied(), turn.is_queue_empty()), (0, false));
}
