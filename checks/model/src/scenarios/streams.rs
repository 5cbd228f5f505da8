//! Scenarios of streams.

use super::Act::{self, Call, GiveUpStream, Send, Take};
use super::{End, PLAIN, Scenario};
use crate::op::Op;

/// Each stream is taken to its end.
const STREAMS: &[Act] = &[
    Take(Op::Stream, 0, 9),
    Take(Op::Stream, 1, 9),
    Take(Op::Stream, 6, 9),
    Take(Op::ParallelStream, 4, 9),
    Call(Op::Echo, 0, 0),
    Send(Op::Echo, 0, 40),
];

const STREAMS_CALLING: &[Act] =
    &[Take(Op::StreamCalling, 4, 9), Take(Op::Stream, 4, 9), Call(Op::Take, 3, 0)];

/// Streams are dropped early. A drop waits for nothing: in a full pipe it leaves the stop to the
/// watchman.
const STREAMS_DROPPED: &[Act] = &[
    Take(Op::Stream, 6, 9),
    Take(Op::Stream, 6, 6),
    Take(Op::Stream, 6, 2),
    Take(Op::Stream, 6, 0),
    Take(Op::StreamCalling, 4, 1),
    Take(Op::ParallelStream, 4, 3),
    Call(Op::Echo, 0, 0),
    Call(Op::Take, 3, 0),
    GiveUpStream(Op::Stream, 6),
    GiveUpStream(Op::StreamCalling, 3),
];

/// The iterator needs the command behind it.
const STREAMS_ATTENDING: &[Act] = &[Take(Op::StreamAttend, 2, 9), Call(Op::Release, 0, 0)];

pub(super) fn streams() -> Vec<Scenario> {
    let streams = Scenario { acts: STREAMS, ..PLAIN };
    let calling = Scenario { acts: STREAMS_CALLING, acts_each: 2, max_waiting: 4, ..PLAIN };
    let dropped = Scenario { acts: STREAMS_DROPPED, max_waiting: 4, ..PLAIN };
    let room = Scenario { capacity: 4000, high_water: 4000, varies: false, ..dropped };
    let watched = Scenario { watch: true, clock: true, ..dropped };
    let only_calls = |of: Scenario| Scenario { executes: [false, true], callers: [3, 0], ..of };
    vec![
        Scenario { name: "streams", share: 20, ..streams },
        Scenario { name: "streams and calls in them", share: 20, ..calling },
        Scenario {
            name: "an iterator that needs another command",
            acts: STREAMS_ATTENDING,
            by_number: true,
            callers: [2, 0],
            acts_each: 1,
            ..PLAIN
        },
        Scenario { name: "streams of a client that only calls", ..only_calls(streams.clone()) },
        Scenario {
            name: "streams and calls in them, client that only calls",
            ..only_calls(calling.clone())
        },
        Scenario { name: "streams dropped, with room", share: 20, ..room.clone() },
        Scenario {
            name: "streams dropped, with room, client that only calls",
            ..only_calls(room.clone())
        },
        Scenario { name: "streams dropped, stop at any time", end: End::StopAnyTime, ..room },
        Scenario { name: "streams, stop at any time", end: End::StopAnyTime, ..streams.clone() },
        Scenario { name: "streams, both stop at any time", end: End::StopBothAnyTime, ..calling },
        Scenario { name: "streams, close at any time", end: End::Close, ..dropped.clone() },
        Scenario { name: "streams, cut at any time", end: End::Cut, share: 20, ..dropped },
        Scenario { name: "streams, watched", ..watched.clone() },
        Scenario {
            name: "streams, watched, client that only calls",
            ..only_calls(watched.clone())
        },
        Scenario { name: "streams, watched, stop", end: End::StopAnyTime, ..watched.clone() },
        Scenario {
            name: "streams, watched, both stop",
            end: End::StopBothAnyTime,
            ..watched.clone()
        },
        Scenario { name: "streams, watched, cut", end: End::Cut, ..watched },
    ]
}
