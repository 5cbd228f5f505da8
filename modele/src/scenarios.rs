//! The scenarios: who is there, what they send, how it ends.

use std::time::Duration;

use crate::commands::Op;
use crate::lien::smallest_window;

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
}
use Act::{Call, Defer, Send, SendAtOnce};

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
    Cut,
}

/// What one model is.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    /// Its share of the schedules, against 10 of an ordinary one.
    pub(crate) share: u64,
    /// Bytes in each pipe.
    pub(crate) capacity: usize,
    pub(crate) max_frame: u32,
    /// The window is one frame smaller than it must be.
    pub(crate) small_window: bool,
    pub(crate) max_waiting: usize,
    pub(crate) high_water: u64,
    pub(crate) executes: [bool; 2],
    pub(crate) callers: [usize; 2],
    pub(crate) acts_each: usize,
    pub(crate) acts: &'static [Act],
    pub(crate) end: End,
    /// Deferred calls may be given up.
    pub(crate) gives_up: bool,
    /// How long each call may take.
    pub(crate) patience: Option<Duration>,
    /// Time passes.
    pub(crate) clock: bool,
    pub(crate) watch: bool,
    /// One stand-in in so many can't be started.
    pub(crate) spawn_fails: u64,
    /// Some wait must be refused because too many wait.
    pub(crate) must_refuse: bool,
    /// None may be.
    pub(crate) must_not_refuse: bool,
}

impl Scenario {
    /// The smallest window for that frame, or one too small.
    pub(crate) fn window(&self) -> u64 {
        let smallest = smallest_window(self.max_frame);
        if self.small_window { smallest / 2 } else { smallest }
    }
}

const PLAIN: Scenario = Scenario {
    name: "",
    share: 10,
    capacity: 40,
    max_frame: 100,
    small_window: false,
    max_waiting: 3,
    high_water: 60,
    executes: [true, true],
    callers: [2, 2],
    acts_each: 3,
    acts: &[Call(Op::Echo, 0, 0)],
    end: End::Stop,
    gives_up: false,
    patience: None,
    clock: false,
    watch: false,
    spawn_fails: 0,
    must_refuse: false,
    must_not_refuse: false,
};

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

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = ordinary();
    all.extend(ends());
    all.extend(hard());
    all
}

fn ordinary() -> Vec<Scenario> {
    vec![
        Scenario { name: "calls", ..PLAIN },
        Scenario { name: "one-ways", acts: ONE_WAYS, acts_each: 6, ..PLAIN },
        Scenario {
            name: "large",
            acts: LARGE,
            capacity: 60,
            max_frame: 340,
            high_water: 200,
            ..PLAIN
        },
        Scenario { name: "mixed", acts: MIXED, ..PLAIN },
        Scenario { name: "hops", acts: &[Send(Op::Hop, 2, 0), Send(Op::Hop, 1, 40)], ..PLAIN },
        Scenario { name: "nested", acts: NESTED, acts_each: 2, max_waiting: 2, ..PLAIN },
        Scenario {
            name: "nested to the limit",
            acts: &[Call(Op::Nest, 6, 0)],
            callers: [1, 0],
            acts_each: 2,
            must_not_refuse: true,
            ..PLAIN
        },
        Scenario {
            name: "nested beyond it",
            acts: &[Call(Op::Nest, 7, 0)],
            callers: [1, 0],
            acts_each: 2,
            must_refuse: true,
            ..PLAIN
        },
        Scenario {
            name: "deferred",
            acts: &[Defer(Op::Echo, 0), Defer(Op::Busy, 0), Defer(Op::Nest, 1), Call(Op::Echo, 0, 0)],
            acts_each: 4,
            ..PLAIN
        },
        Scenario {
            name: "parallel",
            acts: &[Defer(Op::Parallel, 0), Defer(Op::Parallel, 1), Call(Op::Echo, 0, 0), Call(Op::Parallel, 1, 0)],
            acts_each: 3,
            ..PLAIN
        },
        Scenario { name: "client that only calls", acts: MIXED, executes: [false, true], callers: [3, 0], ..PLAIN },
        Scenario {
            name: "client that only calls, nested",
            acts: NESTED,
            executes: [false, true],
            callers: [2, 0],
            ..PLAIN
        },
    ]
}

fn ends() -> Vec<Scenario> {
    const STOPS: &[Act] =
        &[Call(Op::Echo, 0, 0), Call(Op::Nest, 1, 0), Send(Op::Echo, 0, 40), Call(Op::Stop, 0, 0)];
    const CLOSES: &[Act] =
        &[Call(Op::Echo, 0, 0), Call(Op::Nest, 1, 0), Send(Op::Echo, 0, 40), Call(Op::Close, 0, 0)];
    vec![
        Scenario { name: "stop from both sides", acts: MIXED, end: End::StopBoth, ..PLAIN },
        Scenario { name: "stop at any time", acts: MIXED, end: End::StopAnyTime, share: 20, ..PLAIN },
        Scenario {
            name: "stop at any time, one-ways",
            acts: ONE_WAYS,
            acts_each: 6,
            end: End::StopAnyTime,
            ..PLAIN
        },
        Scenario {
            name: "both stop at any time",
            acts: MIXED,
            end: End::StopBothAnyTime,
            ..PLAIN
        },
        Scenario { name: "stop from inside", acts: STOPS, ..PLAIN },
        Scenario {
            name: "stop of a client that only calls",
            acts: MIXED,
            executes: [false, true],
            callers: [3, 0],
            end: End::StopAnyTime,
            ..PLAIN
        },
        Scenario { name: "close at any time", acts: MIXED, end: End::Close, ..PLAIN },
        Scenario {
            name: "close with room",
            acts: MIXED,
            capacity: 4000,
            high_water: 4000,
            end: End::Close,
            ..PLAIN
        },
        Scenario { name: "close from inside", acts: CLOSES, ..PLAIN },
        Scenario {
            name: "close of a client that only calls",
            acts: MIXED,
            executes: [false, true],
            callers: [3, 0],
            end: End::Close,
            ..PLAIN
        },
        Scenario { name: "cut at any time", acts: MIXED, end: End::Cut, share: 20, ..PLAIN },
        Scenario {
            name: "cut of a client that only calls",
            acts: MIXED,
            executes: [false, true],
            callers: [3, 0],
            end: End::Cut,
            ..PLAIN
        },
    ]
}

fn hard() -> Vec<Scenario> {
    let patience = Some(Duration::from_millis(150));
    vec![
        Scenario { name: "deadlines", acts: HASTY, patience, watch: true,
            clock: true, ..PLAIN },
        Scenario {
            name: "deadlines, large",
            acts: LARGE,
            capacity: 60,
            max_frame: 340,
            high_water: 200,
            patience,
            watch: true,
            clock: true,
            ..PLAIN
        },
        Scenario {
            name: "deadlines and stop",
            acts: HASTY,
            patience,
            watch: true,
            clock: true,
            end: End::StopAnyTime,
            ..PLAIN
        },
        Scenario { name: "watchman", acts: HASTY, gives_up: true, watch: true,
            clock: true, ..PLAIN },
        Scenario {
            name: "watchman and deadlines",
            acts: HASTY,
            gives_up: true,
            watch: true,
            clock: true,
            patience,
            end: End::StopAnyTime,
            ..PLAIN
        },
        Scenario {
            name: "watchman, client that only calls",
            acts: HASTY,
            executes: [false, true],
            callers: [3, 0],
            watch: true,
            clock: true,
            end: End::StopAnyTime,
            ..PLAIN
        },
        Scenario {
            name: "watchman and close",
            acts: HASTY,
            watch: true,
            clock: true,
            end: End::Close,
            ..PLAIN
        },
        Scenario { name: "no threads to be had", acts: HASTY, spawn_fails: 2, watch: true, clock: true, ..PLAIN },
    ]
}
