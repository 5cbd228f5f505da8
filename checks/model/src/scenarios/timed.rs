//! Scenarios in which time counts, or a call is awaited as a future.

use std::time::Duration;

use super::Act::{Call, Defer};
use super::acts::{AWAITED, AWAITED_BESIDE, LARGE, MIXED};
use super::{ACROSS, CALLS_ONLY, End, PLAIN, Scenario, WATCHED};
use crate::op::Op;

/// Calls whose deadline is near: the peer is asked where they are.
pub(super) fn asked() -> Vec<Scenario> {
    let hasty = Scenario {
        acts: &[
            Call(Op::Busy, 0, 0),
            Call(Op::Echo, 0, 0),
            Call(Op::Nest, 1, 0),
            Defer(Op::Echo, 0),
        ],
        callers: [4, 1],
        patience: Some(Duration::from_millis(40)),
        watch: true,
        clock: true,
        ..PLAIN
    };
    vec![
        Scenario { name: "asked before a deadline", ..hasty },
        Scenario {
            name: "asked of a side that runs commands only while it waits",
            executes: [false, true],
            callers: [1, 3],
            ..hasty
        },
        Scenario { name: "asked at a stop at any time", end: End::StopAnyTime, ..hasty },
        Scenario { name: "asked at a cut", end: End::Cut, ..hasty },
    ]
}

/// Threads that poll, and sleep where no baton reaches them.
pub(super) fn awaited() -> Vec<Scenario> {
    let alone = Scenario { acts: AWAITED, ..CALLS_ONLY };
    let beside = Scenario { acts: AWAITED_BESIDE, ..CALLS_ONLY };
    vec![
        Scenario { name: "awaited", ..alone },
        Scenario { name: "awaited, both sides run commands", acts: AWAITED, ..PLAIN },
        Scenario { name: "awaited while a caller leaves", ..beside },
        Scenario { name: "awaited and given up", gives_up: true, ..beside },
        Scenario { name: "awaited at a stop at any time", end: End::StopAnyTime, ..beside },
        Scenario { name: "awaited at a close", end: End::Close, ..alone },
        Scenario { name: "awaited at a cut", end: End::Cut, ..alone },
        Scenario {
            name: "awaited, in time",
            gives_up: true,
            patience: Some(Duration::from_millis(150)),
            watch: true,
            clock: true,
            ..beside
        },
        Scenario {
            name: "awaited, and no threads to be had",
            watch: true,
            clock: true,
            spawn_fails: 2,
            ..alone
        },
    ]
}

pub(super) fn timed() -> Vec<Scenario> {
    let patience = Some(Duration::from_millis(150));
    let late = Scenario { patience, ..WATCHED };
    vec![
        Scenario { name: "the first of two connections, in time", patience, watch: true, ..ACROSS },
        Scenario { name: "deadlines", ..late },
        Scenario { name: "deadlines, no watchman", watch: false, ..late },
        Scenario {
            name: "deadlines, large",
            acts: LARGE,
            capacity: 60,
            max_frame: 340,
            high_water: 200,
            ..late
        },
        Scenario { name: "deadlines and stop", end: End::StopAnyTime, ..late },
        Scenario { name: "watchman", gives_up: true, ..WATCHED },
        Scenario { name: "watchman and deadlines", gives_up: true, end: End::StopAnyTime, ..late },
        Scenario {
            name: "watchman, client that only calls",
            executes: [false, true],
            callers: [3, 0],
            end: End::StopAnyTime,
            ..WATCHED
        },
        Scenario { name: "watchman and close", end: End::Close, ..WATCHED },
        Scenario { name: "watchman and cut", end: End::Cut, ..WATCHED },
        Scenario {
            name: "write deadline",
            write_deadline: Some(Duration::from_millis(100)),
            end: End::Slow,
            ..late
        },
        // What may not wait leaves bytes in a full pipe to the watchman, which may not be there.
        Scenario { name: "no threads to be had", acts: MIXED, spawn_fails: 2, ..WATCHED },
    ]
}
