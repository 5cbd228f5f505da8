//! Scenarios of the ways in which a connection ends.

use super::acts::{CLOSES, FORWARDS, MIXED, ONE_WAYS, STOPS, STOPS_OTHER};
use super::{ACROSS, CALLS_ONLY, End, PLAIN, Scenario};

pub(super) fn stops() -> Vec<Scenario> {
    let stop = Scenario { acts: MIXED, end: End::StopAnyTime, ..PLAIN };
    vec![
        Scenario { name: "stop from both sides", acts: MIXED, end: End::StopBoth, ..PLAIN },
        Scenario { name: "stop at any time", share: 20, ..stop },
        Scenario { name: "stop at any time, one-ways", acts: ONE_WAYS, acts_each: 6, ..stop },
        Scenario { name: "both stop at any time", end: End::StopBothAnyTime, share: 20, ..stop },
        Scenario { name: "stop from inside", acts: STOPS, ..PLAIN },
        Scenario {
            name: "stop of the other connection from inside",
            connections: 2,
            acts: STOPS_OTHER,
            acts_each: 2,
            callers: [2, 0],
            max_waiting: 4,
            ..PLAIN
        },
        Scenario { name: "stop of a client that only calls", end: End::StopAnyTime, ..CALLS_ONLY },
        Scenario {
            name: "stop of one of two connections",
            connections: 2,
            acts: FORWARDS,
            acts_each: 2,
            max_waiting: 2,
            ..stop
        },
        Scenario {
            name: "stop of one of two connections, both waited for",
            end: End::StopAnyTime,
            ..ACROSS
        },
    ]
}

pub(super) fn broken_off() -> Vec<Scenario> {
    let room = Scenario { capacity: 4000, high_water: 4000, varies: false, ..PLAIN };
    vec![
        Scenario { name: "close at any time", acts: MIXED, end: End::Close, ..PLAIN },
        Scenario { name: "close with room", acts: MIXED, end: End::Close, must_tell: true, ..room },
        Scenario { name: "close from inside", acts: CLOSES, ..PLAIN },
        Scenario { name: "close of a client that only calls", end: End::Close, ..CALLS_ONLY },
        Scenario { name: "sent away at any time", acts: MIXED, end: End::Expel, ..PLAIN },
        Scenario {
            name: "sent away, one-ways",
            acts: ONE_WAYS,
            acts_each: 6,
            end: End::Expel,
            ..PLAIN
        },
        Scenario { name: "sent away, with room", acts: ONE_WAYS, end: End::Expel, ..room },
        Scenario { name: "cut at any time", acts: MIXED, end: End::Cut, share: 20, ..PLAIN },
        Scenario { name: "cut of a client that only calls", end: End::Cut, ..CALLS_ONLY },
        Scenario {
            name: "cut of one of two connections",
            connections: 2,
            acts: FORWARDS,
            acts_each: 2,
            end: End::Cut,
            ..PLAIN
        },
        Scenario {
            name: "cut of one of two connections, both waited for",
            end: End::Cut,
            ..ACROSS
        },
    ]
}
