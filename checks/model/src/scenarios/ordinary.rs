//! Scenarios that end once everything is done: calls, messages, and calls inside calls.

use super::Act::{Call, Send};
use super::acts::{
    CATCHING_UP, DEFERRED, FORWARDS, LARGE, MIXED, MORE_PARALLEL, NESTED, ONE_WAYS, PARALLEL,
};
use super::{ACROSS, CALLS_ONLY, PLAIN, Scenario};
use crate::op::Op;

pub(super) fn ordinary() -> Vec<Scenario> {
    let large = Scenario { acts: LARGE, capacity: 60, max_frame: 340, high_water: 200, ..PLAIN };
    vec![
        Scenario { name: "calls", ..PLAIN },
        Scenario { name: "one-ways", acts: ONE_WAYS, acts_each: 6, ..PLAIN },
        Scenario { name: "large", ..large },
        Scenario { name: "mixed", acts: MIXED, share: 20, ..PLAIN },
        Scenario { name: "hops", acts: &[Send(Op::Hop, 2, 0), Send(Op::Hop, 1, 40)], ..PLAIN },
        Scenario { name: "deferred", acts: DEFERRED, acts_each: 4, ..PLAIN },
        Scenario { name: "parallel", acts: PARALLEL, ..PLAIN },
        Scenario {
            name: "more parallel than may run",
            acts: MORE_PARALLEL,
            by_number: true,
            callers: [4, 0],
            acts_each: 1,
            ..PLAIN
        },
        Scenario { name: "client that only calls", ..CALLS_ONLY },
        Scenario {
            name: "client that only calls, with room",
            capacity: 200,
            high_water: 200,
            ..CALLS_ONLY
        },
        Scenario { name: "flushers in turn", acts: MIXED, flush_share: 20, ..PLAIN },
        Scenario { name: "catching up", acts: CATCHING_UP, ..PLAIN },
        Scenario {
            name: "catching up of a client that only calls",
            acts: CATCHING_UP,
            ..CALLS_ONLY
        },
        Scenario { name: "three callers a side", acts: MIXED, callers: [3, 3], ..PLAIN },
    ]
}

pub(super) fn nested() -> Vec<Scenario> {
    let deep = Scenario { callers: [1, 0], acts_each: 2, ..PLAIN };
    vec![
        Scenario { name: "nested", acts: NESTED, acts_each: 2, max_waiting: 2, ..PLAIN },
        Scenario {
            name: "nested to the limit",
            acts: &[Call(Op::Nest, 6, 0)],
            must_not_refuse: true,
            ..deep
        },
        Scenario {
            name: "nested beyond it",
            acts: &[Call(Op::Nest, 7, 0)],
            must_refuse: true,
            ..deep
        },
        Scenario { name: "nested, one may wait", acts: NESTED, max_waiting: 1, ..PLAIN },
        Scenario {
            name: "a handler that needs another",
            acts: &[Call(Op::Nest, 1, 0), Call(Op::Meet, 0, 0), Call(Op::Release, 0, 0)],
            by_number: true,
            callers: [3, 0],
            acts_each: 1,
            ..PLAIN
        },
        Scenario {
            name: "client that only calls, nested",
            acts: NESTED,
            callers: [2, 0],
            ..CALLS_ONLY
        },
        Scenario {
            name: "two connections",
            connections: 2,
            acts: FORWARDS,
            acts_each: 2,
            max_waiting: 2,
            ..PLAIN
        },
        Scenario {
            name: "two connections, clients that only call",
            connections: 2,
            acts: FORWARDS,
            acts_each: 2,
            callers: [2, 0],
            ..CALLS_ONLY
        },
        Scenario { name: "the first of two connections", ..ACROSS },
        Scenario {
            name: "the first of two connections, clients that only call",
            executes: [false, true],
            ..ACROSS
        },
    ]
}
