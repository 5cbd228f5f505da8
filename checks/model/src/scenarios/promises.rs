//! Scenarios of commands that leave their answer to a promise.

use super::Act::{self, Call, Defer, Feed, GiveUp, Send};
use super::{End, PLAIN, Scenario};
use crate::lanes::Source::{Calling, Channel, Plain};
use crate::op::Op;

const PROMISES: &[Act] = &[
    Call(Op::Promise, 0, 0),
    Call(Op::Promise, 1, 0),
    Call(Op::Promise, 2, 0),
    Call(Op::Promise, 3, 40),
    Defer(Op::Promise, 0),
    Send(Op::Promise, 0, 0),
    Call(Op::Echo, 0, 0),
    Call(Op::Nest, 1, 0),
];

const GIVEN_UP: &[Act] = &[
    GiveUp(Op::Promise, 0),
    GiveUp(Op::Promise, 2),
    Call(Op::Promise, 0, 0),
    Defer(Op::Promise, 1),
];

/// Argument streams that outlive their commands.
const WITH_ARGUMENTS: &[Act] = &[
    Feed(Op::PromiseCollect, 0, Plain),
    Feed(Op::PromiseCollect, 6, Plain),
    Feed(Op::PromiseCollect, 2, Calling),
    Feed(Op::PromiseCollect, 3, Channel),
    Feed(Op::Collect, 3, Plain),
    Call(Op::Promise, 0, 0),
    Call(Op::Echo, 0, 0),
];

pub(super) fn promises() -> Vec<Scenario> {
    let promises = Scenario { acts: PROMISES, ..PLAIN };
    let given_up = Scenario { acts: GIVEN_UP, gives_up: true, ..PLAIN };
    let fed = Scenario { acts: WITH_ARGUMENTS, max_waiting: 4, ..PLAIN };
    let watched = Scenario { watch: true, clock: true, ..promises.clone() };
    vec![
        Scenario { name: "promises", share: 20, ..promises.clone() },
        Scenario {
            name: "promises, client that only calls",
            executes: [false, true],
            callers: [3, 0],
            ..promises.clone()
        },
        Scenario { name: "promises given up", ..given_up },
        Scenario { name: "promises, both stop", end: End::StopBoth, ..promises.clone() },
        Scenario { name: "promises, stop at any time", end: End::StopAnyTime, ..promises.clone() },
        Scenario { name: "promises, close at any time", end: End::Close, ..promises.clone() },
        Scenario { name: "promises, sent away", end: End::Expel, ..promises.clone() },
        Scenario { name: "promises, cut at any time", end: End::Cut, ..promises },
        Scenario { name: "promises of commands with arguments", share: 20, ..fed.clone() },
        Scenario {
            name: "promises of commands with arguments, stop at any time",
            end: End::StopAnyTime,
            ..fed.clone()
        },
        Scenario {
            name: "promises of commands with arguments, close",
            end: End::Close,
            ..fed.clone()
        },
        Scenario { name: "promises of commands with arguments, cut", end: End::Cut, ..fed },
        Scenario { name: "promises, watched", ..watched.clone() },
        Scenario { name: "promises, watched, stop", end: End::StopAnyTime, ..watched },
    ]
}
