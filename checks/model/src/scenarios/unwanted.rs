//! Commands whose outcome is not wanted any more, and commands that come too late.

use std::time::Duration;

use super::Act::{Call, GiveUp};
use super::acts::FORWARDS;
use super::{End, PLAIN, Scenario};
use crate::op::Op;

/// Commands whose outcome is not wanted any more, and commands that come too late.
pub(super) fn unwanted() -> Vec<Scenario> {
    // The command that the handler calls back ends only when the handler waits no more.
    let given_up = Scenario {
        acts: &[GiveUp(Op::Persist, 0), Call(Op::Echo, 0, 0)],
        callers: [1, 1],
        acts_each: 2,
        gives_up: true,
        ..PLAIN
    };
    let pressed = Scenario {
        acts: &[
            Call(Op::Busy, 0, 0),
            Call(Op::Echo, 0, 0),
            Call(Op::Nest, 1, 0),
            Call(Op::Parallel, 1, 0),
        ],
        patience: Some(Duration::from_millis(40)),
        tells_time: true,
        watch: true,
        clock: true,
        ..PLAIN
    };
    vec![
        Scenario { name: "given up while it calls", ..given_up },
        Scenario { name: "given up at a stop at any time", end: End::StopAnyTime, ..given_up },
        Scenario { name: "given up at a close", end: End::Close, ..given_up },
        Scenario { name: "given up at a cut", end: End::Cut, ..given_up },
        Scenario { name: "with little time left", ..pressed },
        Scenario {
            name: "with little time left, at a stop at any time",
            end: End::StopAnyTime,
            ..pressed
        },
        Scenario { name: "with little time left, at a cut", end: End::Cut, ..pressed },
        Scenario {
            name: "with little time left, over two connections",
            connections: 2,
            acts: FORWARDS,
            ..pressed
        },
    ]
}
