//! Two connection cores that talk to each other, driven by a sequence of operations: for the fuzz
//! target `core` alone, compiled as a part of `link` where `cfg(fuzzing)` is set.
//!
//! This file plays everything that is outside the core: threads, the stream between the two, the
//! programs on both sides. It looks at what must be true behind every operation. As long as it has
//! said nothing that a core would not say, and cut nothing, neither side may find a fault in the
//! other, every call has its own answer, and in the end nothing is left over.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    dead_code,
    reason = "whatever panics here is a finding, and only the fuzz target uses it"
)]

#[path = "pair/acting.rs"]
mod acting;
#[path = "pair/asking.rs"]
mod asking;
#[path = "pair/carrying.rs"]
mod carrying;
#[path = "pair/serving.rs"]
mod serving;

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::num::NonZeroU32;
use std::time::Duration;

use super::core::calls::Answer;
use super::core::command::{Command, Ran};
use super::core::due::LastWords;
use super::core::feeding::Feeding;
use super::core::flows::Begun;
use super::core::goodbye::Ending;
use super::core::inbox::{Idle, Inbox};
use super::core::inlet::Taken;
use super::core::limits::{Limits, PeerLimits, smallest_window};
use super::core::outbox::{ANSWER, Batch, Item, Lane};
use super::core::outlet::OutletId;
use super::core::report::Report;
use super::core::route::{Kinds, Router, Routing};
use super::core::rows::Row;
use super::core::running::Front;
use super::core::served::Owed;
use super::core::state::State;
use super::core::turn::{RunnerKind, Work};
use super::core::window::charge;
use super::core::writing::Speaker;
use crate::sync::now;
use crate::wire::{
    self, Answering, CallId, Context, EndReason, FailureCode, Features, Fingerprints, Frame,
    Outgoing, Standing, Start, StreamEnd,
};

const MAX_FRAME: u32 = 1024;
const HIGH_WATER: u64 = 2048;
const CREDIT: u32 = 100;
const PUMPS: usize = 2;
const CALLS: usize = 8;

/// What the stream between the two takes before it is full, bytes.
const PIPE: usize = 4096;

/// The most operations of one run.
const OPERATIONS: usize = 400;

/// Rounds in which what is under way must have come to its end.
const ROUNDS: usize = 10_000;

/// Hashes of commands: one that runs in order, and one that may run beside others.
const PLAIN: u64 = 1;
const PARALLEL: u64 = 2;

struct Program;

impl Kinds for Program {
    fn is_parallel(&self, command: u64) -> bool {
        command == PARALLEL
    }

    fn name(&self, command: u64) -> Option<Box<str>> {
        (command == PLAIN).then(|| "plain".into())
    }
}

/// A call of this side.
struct Asked {
    id: CallId,
    /// The first byte of its body.
    tag: u8,
    expects: bool,
    reports: bool,
}

/// A stream that this side takes.
struct Taking {
    id: CallId,
    /// The number of the next item.
    next: u8,
    taken: Taken,
}

/// A command that runs here.
struct Running {
    ran: Ran,
    name: u64,
    tag: u8,
    credit: u32,
    by: RunnerKind,
    waits: bool,
}

/// An iterator that is pulled here.
struct Pumping {
    ran: Ran,
    id: OutletId,
    by: RunnerKind,
    next: u8,
}

struct Side {
    state: State,
    inbox: Inbox,
    /// Bytes on their way to the other side, and whether none follow.
    pipe: VecDeque<u8>,
    hung_up: bool,
    /// What a thread is writing.
    batch: Option<Batch>,
    calls: Vec<Asked>,
    taking: Vec<Taking>,
    running: Vec<Running>,
    pumping: Vec<Pumping>,
    promises: Vec<(CallId, u8)>,
    callers: usize,
    ids: HashSet<u64>,
    ended: Option<String>,
    closed: bool,
    last_words: usize,
    /// Whether threads can be had.
    has_threads: bool,
    /// Nothing that has come was made up.
    trusted: bool,
}

/// Reads the operations.
struct Dice<'a>(&'a [u8]);

impl Dice<'_> {
    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn byte(&mut self) -> u8 {
        self.next().unwrap_or(0)
    }

    fn pick(&mut self, many: usize) -> Option<usize> {
        (many > 0).then(|| usize::from(self.byte()) % many)
    }
}

/// Both sides, and whether all that was done is what a program and a network may do in order.
struct Pair {
    sides: [Side; 2],
    /// No byte was changed or made up.
    honest: bool,
    /// Nothing was cut, closed or sent away.
    whole: bool,
}

/// Runs the operations that the bytes name, and looks at what must be true.
pub(crate) fn run(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let first = dice.byte();
    let mut pair = Pair::new(first);
    for _ in 0..OPERATIONS {
        let Some(op) = dice.next() else { break };
        pair.act(op, &mut dice);
        pair.check();
    }
    pair.finish(first & 4 != 0);
}

impl Pair {
    fn new(first: u8) -> Self {
        let old = first & 1 != 0;
        let features = if old { Features::NONE } else { Features::OURS };
        let sides = [Side::new(features), Side::new(Features::OURS)];
        let mut pair = Pair { sides, honest: true, whole: true };
        pair.sides[0].state.become_executor();
        if first & 2 != 0 {
            pair.sides[1].state.hold_commands();
        } else {
            pair.sides[1].state.become_executor();
        }
        pair
    }

    /// What must be true behind every operation.
    fn check(&mut self) {
        let (honest, whole) = (self.honest, self.whole);
        for side in &mut self.sides {
            side.check(honest, whole);
        }
    }

    /// Ends all that is under way, and then the connection, and looks at what is left.
    fn finish(&mut self, both: bool) {
        for side in &mut self.sides {
            side.has_threads = true;
            if side.state.inside().turn.held {
                side.state.admit_commands();
                side.state.pass_on();
            }
            side.carry_out();
        }
        self.settle();
        if self.honest && self.whole {
            let credits: Vec<u64> =
                self.sides.iter_mut().map(|side| side.state.inside().window.credit()).collect();
            for (at, credit) in credits.into_iter().enumerate() {
                let other = &mut self.sides[1 - at];
                if other.state.ended().is_none() {
                    let [held, owed] = other.state.inside().window.arrived_and_owed();
                    let size = smallest_window(MAX_FRAME);
                    assert_eq!((held, credit + owed), (0, size), "credit is lost, or made up");
                }
            }
            self.sides[0].state.begin_stop_here();
            if both {
                self.sides[1].state.begin_stop_here();
            }
            self.settle();
            for side in &self.sides {
                let ended = side.state.ended().map(|ending| (**ending).clone());
                assert!(matches!(ended, Some(Ending::Finished { .. })), "{ended:?}");
            }
        } else {
            for side in &mut self.sides {
                side.state.close(Ending::here(EndReason::Closed, ""));
                side.carry_out();
            }
            self.settle();
        }
        self.check();
        self.sides.iter_mut().for_each(Side::check_end);
    }

    /// Lets both sides do what is to be done, until nothing is.
    fn settle(&mut self) {
        for round in 0..ROUNDS {
            let mut did = false;
            for at in 0..2 {
                let before = self.sides[1 - at].pipe.len();
                let is_open = !self.sides[at].state.has_input_ended();
                self.deliver(at, usize::MAX, false);
                self.sides[at].carry_out();
                let is_still_open = !self.sides[at].state.has_input_ended();
                did |= before != self.sides[1 - at].pipe.len() || is_open != is_still_open;
                did |= self.sides[at].work();
                self.sides[at].carry_out();
                self.check();
            }
            if !did {
                return;
            }
            assert!(round + 1 < ROUNDS, "it goes on without end");
        }
    }
}

fn routing(router: Router) -> Routing<'static> {
    Routing { commands: &Program, router, max_unclaimed: 1 << 20, clock: now }
}

fn text_of(ending: &Ending) -> String {
    format!("{ending:?}")
}

impl Side {
    fn new(features: Features) -> Self {
        let limits = Limits {
            max_frame: MAX_FRAME,
            window: smallest_window(MAX_FRAME),
            max_waiting: 2,
            max_parallel: 2,
            high_water: HIGH_WATER,
            ..Limits::default()
        };
        let peer = PeerLimits { max_frame: MAX_FRAME, window: limits.window, features };
        Side {
            state: State::new(&limits, peer, true),
            inbox: Inbox::new(MAX_FRAME, Duration::from_secs(30), Vec::new()),
            pipe: VecDeque::new(),
            hung_up: false,
            batch: None,
            calls: Vec::new(),
            taking: Vec::new(),
            running: Vec::new(),
            pumping: Vec::new(),
            promises: Vec::new(),
            callers: 0,
            ids: HashSet::new(),
            ended: None,
            closed: false,
            last_words: 0,
            has_threads: true,
            trusted: true,
        }
    }

    fn is_executor_free(&self) -> bool {
        let by = self.running.iter().map(|running| running.by);
        let by = by.chain(self.pumping.iter().map(|pumping| pumping.by));
        by.filter(|by| *by == RunnerKind::Executor).count() == 0
    }

    fn free_stand_ins(&mut self) -> usize {
        let by = self.running.iter().map(|running| running.by);
        let by = by.chain(self.pumping.iter().map(|pumping| pumping.by));
        let busy = by.filter(|by| *by == RunnerKind::StandIn).count();
        self.state.inside().turn.stand_ins.checked_sub(busy).expect("a stand-in is missing")
    }

    fn check(&mut self, honest: bool, whole: bool) {
        self.trusted = honest;
        let size = smallest_window(MAX_FRAME);
        let inside = self.state.inside();
        let [held, owed] = inside.window.arrived_and_owed();
        assert!(inside.window.credit() <= size && held + owed <= size, "the window");
        // Senders wait above the mark; what is sent without a wait is bounded by the window, since
        // each call may bring a few small frames.
        let most = HIGH_WATER + 4 * size + 16 * u64::from(MAX_FRAME);
        assert!(inside.outbox.bytes() <= most, "{} bytes wait", inside.outbox.bytes());
        let occupied = self.running.len() + self.pumping.len();
        assert_eq!(self.state.threads_inside(), occupied, "who is inside a command");
        assert!(self.state.inside().calls.waiting() <= CALLS, "more calls than may be");
        assert!(self.last_words <= 1, "last words are said once");
        let ended = self.state.ended().map(|ending| text_of(ending));
        if let Some(before) = &self.ended {
            assert_eq!(ended.as_ref(), Some(before), "an end stays what it is");
        }
        assert!(!self.closed || self.state.is_closed(), "closed stays closed");
        self.closed = self.state.is_closed();
        assert!(!self.closed || ended.is_some(), "what is closed has ended");
        if honest
            && let Some(Ending::Here { reason, text } | Ending::Peer { reason, text }) =
                self.state.ended().map(|ending| &**ending)
        {
            let is_fault = matches!(
                reason,
                EndReason::Protocol | EndReason::Window | EndReason::FrameTooLarge
            );
            assert!(!is_fault, "a fault that nobody made: {reason:?} {text}");
            assert!(!whole, "an end that nobody asked for: {reason:?} {text}");
        }
        self.ended = ended;
    }

    /// What must be true once the connection has ended and the program has let go of everything.
    fn check_end(&mut self) {
        assert!(self.state.is_closed(), "it has ended");
        assert!(self.calls.is_empty() && self.taking.is_empty(), "each call has its outcome");
        assert!(self.running.is_empty() && self.pumping.is_empty() && self.promises.is_empty());
        let inside = self.state.inside();
        assert!(inside.turn.is_idle(), "nothing runs");
        assert!(inside.calls.waiting() == 0 && inside.calls.streamed() == 0, "nothing is kept");
        assert_eq!(inside.outbox.bytes(), 0, "nothing is left to write");
        assert_eq!(inside.reports[0], 0, "nothing is reported on");
        assert!(self.state.admit_or_refuse(1, || true).is_err(), "nothing is sent any more");
    }
}
