//! Scenarios of messages that wait in slots, of which only the latest counts.

use super::Act::{self, Call, ForgetLatest, Latest, Send};
use super::{CALLS_ONLY, End, PLAIN, Scenario};
use crate::op::Op;

const LATEST: &[Act] = &[
    Latest(Op::Echo, 60),
    Latest(Op::Echo, 60),
    Latest(Op::Busy, 0),
    Latest(Op::Echo, 30),
    ForgetLatest,
    Send(Op::Echo, 0, 60),
    Call(Op::Echo, 0, 40),
];

pub(super) fn latest() -> Vec<Scenario> {
    // What a full pipe does not take is left to the watchman.
    let latest = Scenario { acts: LATEST, acts_each: 6, watch: true, clock: true, ..PLAIN };
    // Here only the window is ever full, so that nobody but the callers reads.
    let lone = Scenario {
        acts: LATEST,
        acts_each: 6,
        capacity: 4000,
        high_water: 4000,
        varies: false,
        ..CALLS_ONLY
    };
    vec![
        Scenario { name: "latest", share: 20, ..latest.clone() },
        Scenario {
            name: "latest, with room",
            executes: [true, true],
            callers: [2, 2],
            ..lone.clone()
        },
        Scenario { name: "latest, client that only calls", ..lone },
        Scenario { name: "latest, stop at any time", end: End::StopAnyTime, ..latest.clone() },
        Scenario { name: "latest, both stop", end: End::StopBothAnyTime, ..latest.clone() },
        Scenario { name: "latest, close at any time", end: End::Close, ..latest.clone() },
        Scenario { name: "latest, sent away at any time", end: End::Expel, ..latest.clone() },
        Scenario { name: "latest, cut at any time", end: End::Cut, ..latest },
    ]
}
