//! Scenarios of argument streams.

use super::Act::{self, Call, DeferFed, Feed, FeedReported, GiveUp, Send, Take};
use super::{End, PLAIN, Scenario};
use crate::lanes::Source::{Answering, Calling, Channel, Plain};
use crate::op::Op;

/// Each stream is taken to its end.
const LANES: &[Act] = &[
    Feed(Op::Collect, 0, Plain),
    Feed(Op::Collect, 1, Plain),
    Feed(Op::Collect, 6, Plain),
    Feed(Op::ParallelCollect, 4, Plain),
    Feed(Op::Collect, 3, Calling),
    Call(Op::Echo, 0, 0),
    Send(Op::Echo, 0, 40),
];

/// Commands that return early, or let their streams go.
const LANES_DROPPED: &[Act] = &[
    Feed(Op::CollectHalf, 6, Plain),
    Feed(Op::CollectNone, 6, Plain),
    Feed(Op::CollectHalf, 6, Channel),
    Feed(Op::CollectNone, 2, Channel),
    Feed(Op::Collect, 3, Plain),
    Call(Op::Echo, 0, 0),
];

/// Channels have the items.
const LANES_FED: &[Act] = &[
    Feed(Op::Collect, 0, Channel),
    Feed(Op::Collect, 6, Channel),
    Feed(Op::ParallelCollect, 3, Channel),
    Feed(Op::Translate, 4, Channel),
    Call(Op::Echo, 0, 0),
];

/// Both ways at once. What is said next may depend on the answer before.
const BOTH_WAYS: &[Act] = &[
    Feed(Op::Translate, 4, Plain),
    Feed(Op::Translate, 3, Answering),
    Feed(Op::Translate, 2, Calling),
    Take(Op::Stream, 3, 9),
    Call(Op::Echo, 0, 0),
];

/// Commands that feed others.
const NESTED: &[Act] = &[
    Call(Op::Feed, 3, 0),
    Call(Op::FeedCalling, 2, 0),
    Feed(Op::Collect, 2, Calling),
    Call(Op::Nest, 1, 0),
];

/// Calls that are waited for later.
const LATER: &[Act] = &[
    DeferFed(Op::Collect, 3, Plain),
    DeferFed(Op::CollectHalf, 6, Plain),
    DeferFed(Op::CollectNone, 6, Channel),
    DeferFed(Op::Collect, 4, Channel),
    DeferFed(Op::Collect, 2, Calling),
    DeferFed(Op::Translate, 3, Plain),
    DeferFed(Op::PromiseCollect, 2, Plain),
    DeferFed(Op::Fail, 4, Plain),
    DeferFed(Op::Fail, 6, Channel),
    Call(Op::Echo, 0, 0),
];

/// Calls that are told how far their commands have come.
const REPORTED: &[Act] = &[
    FeedReported(Op::CollectReporting, 3, Plain),
    FeedReported(Op::CollectReporting, 4, Channel),
    FeedReported(Op::CollectReporting, 2, Calling),
    FeedReported(Op::CollectHalf, 4, Plain),
    Call(Op::Echo, 0, 0),
];

/// Commands that feed others, and are given up.
const GIVEN_UP: &[Act] = &[GiveUp(Op::Feed, 6), GiveUp(Op::FeedCalling, 6), Call(Op::Echo, 0, 0)];

pub(super) fn lanes() -> Vec<Scenario> {
    let lanes = Scenario { acts: LANES, max_waiting: 4, ..PLAIN };
    let dropped = Scenario { acts: LANES_DROPPED, max_waiting: 4, ..PLAIN };
    let fed = Scenario { acts: LANES_FED, max_waiting: 4, ..PLAIN };
    let both = Scenario { acts: BOTH_WAYS, acts_each: 2, max_waiting: 4, ..PLAIN };
    let nested = Scenario { acts: NESTED, acts_each: 2, ..PLAIN };
    let given_up =
        Scenario { acts: GIVEN_UP, gives_up: true, acts_each: 2, max_waiting: 4, ..PLAIN };
    let room = Scenario { capacity: 4000, high_water: 4000, varies: false, ..dropped.clone() };
    let later = Scenario { acts: LATER, max_waiting: 4, ..PLAIN };
    let reported = Scenario { acts: REPORTED, max_waiting: 4, watch: true, clock: true, ..PLAIN };
    let watched = Scenario { watch: true, clock: true, ..dropped.clone() };
    let only_calls = |of: Scenario| Scenario { executes: [false, true], callers: [3, 0], ..of };
    vec![
        Scenario { name: "arguments", share: 20, ..lanes.clone() },
        Scenario { name: "arguments of a client that only calls", ..only_calls(lanes.clone()) },
        Scenario { name: "arguments dropped", share: 20, ..dropped.clone() },
        Scenario { name: "arguments dropped, with room", ..room },
        Scenario { name: "arguments from channels", ..fed.clone() },
        Scenario { name: "arguments both ways", share: 20, ..both.clone() },
        Scenario {
            name: "arguments both ways, client that only calls",
            ..only_calls(both.clone())
        },
        Scenario { name: "arguments inside handlers", share: 20, ..nested.clone() },
        Scenario {
            name: "arguments inside handlers, few may wait",
            max_waiting: 1,
            ..nested.clone()
        },
        Scenario { name: "arguments of commands that are given up", ..given_up },
        Scenario { name: "arguments, stop at any time", end: End::StopAnyTime, ..lanes.clone() },
        Scenario {
            name: "arguments both ways, stop at any time",
            end: End::StopAnyTime,
            ..both.clone()
        },
        Scenario {
            name: "arguments from channels, both stop",
            end: End::StopBothAnyTime,
            ..fed.clone()
        },
        Scenario {
            name: "arguments inside handlers, both stop",
            end: End::StopBothAnyTime,
            ..nested
        },
        Scenario { name: "arguments, close at any time", end: End::Close, ..dropped.clone() },
        Scenario { name: "arguments, cut at any time", end: End::Cut, share: 20, ..dropped },
        Scenario { name: "arguments both ways, cut", end: End::Cut, ..both },
        Scenario { name: "arguments from channels, cut", end: End::Cut, ..fed },
        Scenario { name: "arguments of deferred calls", share: 20, ..later.clone() },
        Scenario {
            name: "arguments of deferred calls, client that only calls",
            ..only_calls(later.clone())
        },
        Scenario {
            name: "arguments of deferred calls that may be given up",
            gives_up: true,
            ..later.clone()
        },
        Scenario {
            name: "arguments of deferred calls, stop at any time",
            end: End::StopAnyTime,
            ..later.clone()
        },
        Scenario { name: "arguments of deferred calls, cut", end: End::Cut, ..later },
        Scenario { name: "arguments and reports", ..reported.clone() },
        Scenario { name: "arguments and reports, cut", end: End::Cut, ..reported },
        Scenario { name: "arguments, watched", ..watched.clone() },
        Scenario {
            name: "arguments, watched, client that only calls",
            ..only_calls(watched.clone())
        },
        Scenario { name: "arguments, watched, stop", end: End::StopAnyTime, ..watched.clone() },
        Scenario { name: "arguments, watched, cut", end: End::Cut, ..watched },
    ]
}
