//! The scenarios: who is there, what they send, how it ends.

use std::time::Duration;

use crate::commands::Op;
use crate::link::smallest_window;
use crate::world::random;

/// One thing that a caller does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// The command, its count, bytes of padding.
    Call(Op, u8, usize),
    Send(Op, u8, usize),
    /// An echo that may not wait.
    SendAtOnce,
    /// Deferred, settled after everything else.
    Defer(Op, u8),
    /// Deferred, and awaited as a future by a thread that the core knows nothing of.
    Await(Op, u8),
    /// A call whose command sends messages back, which are waited for after its answer.
    CatchUp,
    /// A stream: its command, how many items it has, and how many of them are taken at most.
    Take(Op, u8, u8),
    /// A deferred call of a stream that is given up at once.
    GiveUpStream(Op, u8),
}
use Act::{Await, Call, CatchUp, Defer, GiveUpStream, Send, SendAtOnce, Take};

/// How the connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// One side stops once the callers are done.
    Stop,
    StopBoth,
    /// One side stops while the callers are at work.
    StopAnyTime,
    StopBothAnyTime,
    Close,
    /// One side sends the other away while the callers are at work.
    Expel,
    Cut,
    /// It may be ended because a peer reads too slowly.
    Slow,
}

/// What one model is.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Its share of the schedules, against 10 of an ordinary one.
    pub(crate) share: u64,
    /// Connections in a row: two have a program in the middle that is an end of both.
    pub(crate) connections: usize,
    /// Bytes in each pipe.
    pub(crate) capacity: usize,
    pub(crate) max_frame: u32,
    /// The window is one frame smaller than it must be.
    pub(crate) small_window: bool,
    pub(crate) max_waiting: usize,
    pub(crate) high_water: u64,
    pub(crate) flush_share: u64,
    /// Capacity and high water are taken at random from around the given ones.
    pub(crate) varies: bool,
    pub(crate) executes: [bool; 2],
    pub(crate) callers: [usize; 2],
    pub(crate) acts_each: usize,
    pub(crate) acts: &'static [Act],
    /// Callers have both connections.
    pub(crate) across: bool,
    /// The n-th caller does the n-th act, and not any.
    pub(crate) by_number: bool,
    pub(crate) end: End,
    /// Deferred calls may be given up.
    pub(crate) gives_up: bool,
    /// How long each call may take.
    pub(crate) patience: Option<Duration>,
    pub(crate) write_deadline: Option<Duration>,
    /// Time passes.
    pub(crate) clock: bool,
    pub(crate) watch: bool,
    /// One stand-in in so many can't be started.
    pub(crate) spawn_fails: u64,
    /// Some wait must be refused because too many wait.
    pub(crate) must_refuse: bool,
    /// None may be.
    pub(crate) must_not_refuse: bool,
    /// Both sides must know that the program closed the connection.
    pub(crate) must_tell: bool,
}

impl Scenario {
    /// The smallest window for that frame, or one too small.
    pub(crate) fn window(&self) -> u64 {
        let smallest = smallest_window(self.max_frame);
        if self.small_window { smallest / 2 } else { smallest }
    }

    /// Whether nothing but an orderly stop may end it.
    pub(crate) fn is_orderly(&self) -> bool {
        let closes = self.acts.iter().any(|act| matches!(act, Call(Op::Close, ..)));
        !closes && !matches!(self.end, End::Close | End::Expel | End::Cut | End::Slow)
    }

    /// The scenario of one run.
    pub(crate) fn varied(mut self) -> Self {
        if self.varies {
            self.capacity = self.capacity / 2 + random(self.capacity as u64 * 3 / 2) as usize;
            self.high_water = random(self.high_water * 2);
        }
        self
    }
}

const PLAIN: Scenario = Scenario {
    name: "",
    share: 10,
    connections: 1,
    capacity: 40,
    max_frame: 100,
    small_window: false,
    max_waiting: 3,
    high_water: 60,
    flush_share: 1 << 20,
    varies: true,
    executes: [true, true],
    callers: [2, 2],
    acts_each: 3,
    acts: &[Call(Op::Echo, 0, 0)],
    across: false,
    by_number: false,
    end: End::Stop,
    gives_up: false,
    patience: None,
    write_deadline: None,
    clock: false,
    watch: false,
    spawn_fails: 0,
    must_refuse: false,
    must_not_refuse: false,
    must_tell: false,
};

/// A client without an executor: it runs commands only while its threads wait.
const CALLS_ONLY: Scenario =
    Scenario { acts: MIXED, executes: [false, true], callers: [3, 0], ..PLAIN };

/// Callers who wait for the first answer of two connections.
const ACROSS: Scenario = Scenario {
    connections: 2,
    across: true,
    acts: DEFERRED,
    acts_each: 4,
    callers: [2, 1],
    // A full pipe is tried again after a while.
    clock: true,
    ..PLAIN
};

const WATCHED: Scenario = Scenario { acts: HASTY, watch: true, clock: true, ..PLAIN };

const MIXED: &[Act] = &[
    Call(Op::Echo, 0, 0),
    Call(Op::Echo, 0, 60),
    Call(Op::Busy, 0, 0),
    Call(Op::Nest, 1, 0),
    Call(Op::Fail, 0, 0),
    Send(Op::Echo, 0, 0),
    Send(Op::Echo, 0, 60),
    Send(Op::Hop, 1, 0),
    Send(Op::Fail, 0, 0),
    Defer(Op::Echo, 0),
    Defer(Op::Parallel, 1),
];

/// With what leaves bytes to the watchman.
const HASTY: &[Act] = &[
    Call(Op::Echo, 0, 0),
    Call(Op::Echo, 0, 60),
    Call(Op::Nest, 1, 0),
    Send(Op::Echo, 0, 60),
    Send(Op::Hop, 1, 0),
    Defer(Op::Busy, 0),
    Defer(Op::Parallel, 1),
    SendAtOnce,
];

const ONE_WAYS: &[Act] = &[Send(Op::Echo, 0, 0), Send(Op::Echo, 0, 60), Send(Op::Busy, 0, 20)];

const NESTED: &[Act] = &[Call(Op::Nest, 2, 0), Call(Op::Nest, 1, 0), Call(Op::Nest, 3, 0)];

const LARGE: &[Act] = &[Call(Op::Echo, 0, 300), Send(Op::Echo, 0, 300), Call(Op::Echo, 0, 150)];

const DEFERRED: &[Act] =
    &[Defer(Op::Echo, 0), Defer(Op::Busy, 0), Defer(Op::Nest, 1), Call(Op::Echo, 0, 0)];

/// Nobody of the program reads, or somebody leaves the reading to those that only await.
const AWAITED: &[Act] = &[Await(Op::Echo, 0), Await(Op::Busy, 0), Await(Op::Nest, 1)];

const AWAITED_BESIDE: &[Act] = &[
    Await(Op::Echo, 0),
    Await(Op::Nest, 1),
    Call(Op::Echo, 0, 0),
    Call(Op::Nest, 1, 0),
    Send(Op::Echo, 0, 60),
    Defer(Op::Busy, 0),
];

const PARALLEL: &[Act] = &[
    Defer(Op::Parallel, 0),
    Defer(Op::Parallel, 1),
    Call(Op::Echo, 0, 0),
    Call(Op::Parallel, 1, 0),
];

/// The last lets the others go on, of whom only two may run.
const MORE_PARALLEL: &[Act] = &[
    Call(Op::ParallelAttend, 0, 0),
    Call(Op::ParallelAttend, 0, 0),
    Call(Op::ParallelAttend, 0, 0),
    Call(Op::Release, 0, 0),
];

const CATCHING_UP: &[Act] =
    &[CatchUp, CatchUp, Send(Op::Hop, 1, 0), Defer(Op::Parallel, 1), Call(Op::Nest, 1, 0)];

const STOPS: &[Act] =
    &[Call(Op::Echo, 0, 0), Call(Op::Nest, 1, 0), Send(Op::Echo, 0, 40), Call(Op::Stop, 0, 0)];

const CLOSES: &[Act] =
    &[Call(Op::Echo, 0, 0), Call(Op::Nest, 1, 0), Send(Op::Echo, 0, 40), Call(Op::Close, 0, 0)];

const FORWARDS: &[Act] =
    &[Call(Op::Forward, 0, 0), Call(Op::Forward, 1, 0), Call(Op::Forward, 2, 0)];

const STOPS_OTHER: &[Act] =
    &[Call(Op::StopOther, 0, 0), Call(Op::Forward, 0, 0), Call(Op::Forward, 1, 0)];

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

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = ordinary();
    all.extend(nested());
    all.extend(stops());
    all.extend(broken_off());
    all.extend(streams());
    all.extend(timed());
    all.extend(awaited());
    all.extend(asked());
    all
}

/// Calls whose deadline is near: the peer is asked where they are.
fn asked() -> Vec<Scenario> {
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
fn awaited() -> Vec<Scenario> {
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

fn ordinary() -> Vec<Scenario> {
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

fn nested() -> Vec<Scenario> {
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

fn stops() -> Vec<Scenario> {
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

fn broken_off() -> Vec<Scenario> {
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

fn streams() -> Vec<Scenario> {
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

fn timed() -> Vec<Scenario> {
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
