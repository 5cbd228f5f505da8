//! Scenarios of calls that are told how far their command has come.

use super::Act::{self, Call, CallReported, GiveUp, Send};
use super::{End, PLAIN, Scenario};
use crate::op::Op;

const REPORTED: &[Act] = &[
    CallReported(Op::Report, 0),
    CallReported(Op::Report, 1),
    CallReported(Op::Report, 5),
    CallReported(Op::Nest, 1),
    Call(Op::Report, 3, 0),
    Call(Op::Echo, 0, 40),
    Send(Op::Report, 2, 0),
    GiveUp(Op::Report, 2),
];

pub(super) fn progress() -> Vec<Scenario> {
    let reported = Scenario { acts: REPORTED, watch: true, clock: true, ..PLAIN };
    // The command ends once its caller has the last report, which must wait for its time.
    let awaited = Scenario {
        acts: &[CallReported(Op::ReportAttend, 4), Call(Op::Echo, 0, 0)],
        by_number: true,
        callers: [2, 0],
        acts_each: 1,
        watch: true,
        clock: true,
        ..PLAIN
    };
    vec![
        Scenario { name: "progress that the command waits for", share: 20, ..awaited.clone() },
        Scenario {
            name: "progress that the command waits for, client that only calls",
            executes: [false, true],
            ..awaited
        },
        Scenario { name: "progress", ..reported.clone() },
        Scenario { name: "progress, stop at any time", end: End::StopAnyTime, ..reported.clone() },
        Scenario { name: "progress, close at any time", end: End::Close, ..reported.clone() },
        Scenario { name: "progress, cut at any time", end: End::Cut, ..reported },
    ]
}
