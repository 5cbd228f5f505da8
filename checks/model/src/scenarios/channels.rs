//! Scenarios of channels.

use super::Act::{self, Call, GiveUpStream, Send, Take};
use super::{End, PLAIN, Scenario};
use crate::op::Op;

/// Channels whose streams are taken to their ends.
const CHANNELS: &[Act] = &[
    Take(Op::Subscribe, 0, 9),
    Take(Op::Subscribe, 1, 9),
    Take(Op::Subscribe, 6, 9),
    Take(Op::Subscribe, 7, 9),
    Take(Op::SubscribeLatest, 7, 9),
    Take(Op::SubscribeFail, 5, 9),
    Take(Op::Stream, 3, 9),
    Call(Op::Echo, 0, 0),
    Send(Op::Echo, 0, 40),
];

/// Channels whose streams are dropped early, or whose calls are given up.
const CHANNELS_DROPPED: &[Act] = &[
    Take(Op::Subscribe, 6, 9),
    Take(Op::Subscribe, 6, 6),
    Take(Op::Subscribe, 6, 2),
    Take(Op::Subscribe, 6, 0),
    Take(Op::SubscribeLatest, 6, 3),
    GiveUpStream(Op::Subscribe, 6),
    Take(Op::Stream, 6, 2),
    Call(Op::Echo, 0, 0),
];

/// Items are pushed inside a command of the connection that the stream goes to.
const CHANNELS_PUBLISHED: &[Act] = &[Take(Op::SubscribePublished, 6, 9), Call(Op::Publish, 6, 0)];

/// Nobody ends them but a stop of the connection.
const CHANNELS_OPEN: &[Act] = &[Take(Op::SubscribeOpen, 1, 9), Take(Op::Subscribe, 3, 9)];

pub(super) fn channels() -> Vec<Scenario> {
    let channels = Scenario { acts: CHANNELS, ..PLAIN };
    let dropped = Scenario { acts: CHANNELS_DROPPED, ..PLAIN };
    let open = Scenario { acts: CHANNELS_OPEN, acts_each: 1, ..PLAIN };
    let room = Scenario { capacity: 4000, high_water: 4000, varies: false, ..dropped };
    let watched = Scenario { watch: true, clock: true, ..dropped };
    let only_calls = |of: Scenario| Scenario { executes: [false, true], callers: [3, 0], ..of };
    let published = Scenario {
        acts: CHANNELS_PUBLISHED,
        by_number: true,
        callers: [2, 0],
        acts_each: 1,
        ..PLAIN
    };
    vec![
        Scenario { name: "channels", share: 20, ..channels.clone() },
        Scenario { name: "channels of a client that only calls", ..only_calls(channels.clone()) },
        Scenario { name: "channels pushed to by a command", ..published.clone() },
        Scenario {
            name: "channels pushed to by a command, client that only calls",
            executes: [false, true],
            ..published
        },
        Scenario { name: "channels dropped, with room", ..room.clone() },
        Scenario { name: "channels, stop at any time", end: End::StopAnyTime, ..channels.clone() },
        Scenario { name: "channels left open, stop", end: End::StopAnyTime, ..open.clone() },
        Scenario {
            name: "channels left open, both stop",
            end: End::StopBothAnyTime,
            ..open.clone()
        },
        Scenario { name: "channels left open, cut", end: End::Cut, ..open.clone() },
        Scenario { name: "channels dropped, stop at any time", end: End::StopAnyTime, ..room },
        Scenario { name: "channels, close at any time", end: End::Close, ..dropped.clone() },
        Scenario { name: "channels, sent away", end: End::Expel, ..dropped.clone() },
        Scenario { name: "channels, cut at any time", end: End::Cut, share: 20, ..dropped },
        Scenario { name: "channels, watched", ..watched.clone() },
        Scenario {
            name: "channels, watched, client that only calls",
            ..only_calls(watched.clone())
        },
        Scenario { name: "channels, watched, stop", end: End::StopAnyTime, ..watched.clone() },
        Scenario { name: "channels, watched, cut", end: End::Cut, ..watched },
    ]
}
