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

    #[expect(clippy::too_many_lines, reason = "a line for each operation")]
    fn act(&mut self, op: u8, dice: &mut Dice<'_>) {
        let at = usize::from(op & 1);
        let side = &mut self.sides[at];
        match op >> 1 {
            0..=9 => side.call(dice),
            10..=14 => side.send(dice),
            15..=22 => side.begin_write(),
            23..=32 => side.end_write(usize::from(dice.byte()) * 16),
            33..=48 => {
                let (most, runs) = (usize::from(dice.byte()), dice.byte());
                self.deliver(at, most * most + 1, runs & 1 != 0);
            }
            49..=58 => {
                side.start(dice.byte());
            }
            59..=68 => side.finish(dice),
            69..=76 => side.claim(dice),
            77..=79 => side.give_up(dice),
            80..=81 => side.ask(dice),
            82..=85 => side.put_item(dice),
            86..=87 => side.end_pump(dice),
            88..=91 => side.take_row(dice),
            92 => side.drop_stream(dice),
            93 => side.leave_turn(dice),
            94 => side.come_back(dice),
            95 => side.state.begin_stop_here(),
            96 => side.keep_promise(dice),
            97 => side.report(dice),
            98 => {
                let _next = side.state.send_due_reports(now());
            }
            99 => side.call_begins(),
            100 => side.call_ends(),
            101 => side.end_stand_in(),
            102 => side.has_threads = dice.byte() & 1 == 0,
            103 => {
                if side.state.inside().turn.held {
                    side.state.admit_commands();
                    side.state.pass_on();
                }
            }
            104 => {
                let routing = routing(Router::Waits);
                side.state.input(&mut side.inbox, Err(Idle::Quiet), routing);
            }
            105 => {
                let routing = routing(Router::Waits);
                side.state.input(&mut side.inbox, Err(Idle::Deadline), routing);
            }
            106..=112 => self.spoil(at, dice),
            113..=121 => self.make_up(at, dice),
            122 => self.cut(at, dice),
            123 => {
                self.whole = false;
                side.state.close(Ending::here(EndReason::Closed, ""));
            }
            124 => {
                self.whole = false;
                side.state.expel("go");
            }
            125 => {
                self.whole = false;
                if side.batch.is_none() {
                    side.state.break_writing(|| "broken".into());
                    side.hung_up = true;
                }
            }
            126 => {
                if side.inbox.is_overdue(now() + Duration::from_secs(3600)) {
                    self.whole = false;
                    let routing = routing(Router::Waits);
                    side.state.input(&mut side.inbox, Err(Idle::SlowFrame), routing);
                }
            }
            _ => {
                let (least, left) = (self.sides[1 - at].pipe.len(), dice.byte());
                self.deliver(at, least, left & 1 != 0);
            }
        }
        self.sides.iter_mut().for_each(Side::carry_out);
    }

    /// Reads what has come to a side, at most `most` bytes.
    fn deliver(&mut self, at: usize, most: usize, runs: bool) {
        let [first, second] = &mut self.sides;
        let (side, other) = if at == 0 { (first, second) } else { (second, first) };
        if side.state.is_closed() {
            // It is read and thrown away until the end.
            other.pipe.clear();
            if other.hung_up {
                side.state.note_input_over();
            }
            return;
        }
        if side.state.has_input_ended() || (other.pipe.is_empty() && !other.hung_up) {
            return;
        }
        let is_executor_free = side.is_executor_free();
        let router = if runs && is_executor_free { Router::Runs } else { Router::Waits };
        side.state.begin_pass();
        side.inbox.buffer.make_room();
        let n = side.inbox.buffer.receive(|buf| {
            let room = buf.capacity() - buf.len();
            assert!(room > 0, "a read needs room");
            let n = most.max(1).min(room).min(other.pipe.len());
            buf.extend(other.pipe.drain(..n));
            Ok::<_, Infallible>(n)
        });
        let Ok(n) = n;
        // A read is offered at most 256 KiB, and a vector that grows may take twice as much.
        assert!(side.inbox.buffer.kept() <= 4 * (MAX_FRAME as usize) + (1 << 19), "input grows");
        let mut more = side.state.input(&mut side.inbox, Ok(n), routing(router));
        while more {
            more = side.state.route(&mut side.inbox, routing(router));
        }
        side.state.end_pass();
        if router == Router::Runs {
            let mut place = None;
            if side.state.start_next(&mut place) {
                let command = place.expect("a command was started");
                side.begin(command, RunnerKind::Executor);
            }
        }
        side.state.pass_on();
    }

    /// Changes a byte on its way.
    fn spoil(&mut self, at: usize, dice: &mut Dice<'_>) {
        let (place, how) = (dice.byte(), dice.byte());
        let pipe = &mut self.sides[at].pipe;
        let length = pipe.len();
        if let Some(byte) = pipe.get_mut(usize::from(place) % length.max(1)) {
            let before = *byte;
            *byte = if how & 1 == 0 { how } else { *byte ^ (1 << (how >> 1 & 7)) };
            self.honest &= *byte == before;
        }
    }

    /// Says what the side has not said: a frame, or any bytes.
    fn make_up(&mut self, at: usize, dice: &mut Dice<'_>) {
        let side = &self.sides[at];
        let ours = side.calls.iter().map(|call| call.id);
        let theirs = side.running.iter().filter_map(|running| running.ran.call);
        let known: Vec<CallId> =
            ours.chain(theirs).chain(side.taking.iter().map(|t| t.id)).collect();
        let other = &self.sides[1 - at];
        let asked: Vec<CallId> = other.calls.iter().map(|call| call.id).collect();
        let mut id = || {
            let from = dice.byte();
            let list = if from & 1 == 0 { &known } else { &asked };
            let number = usize::from(from >> 1);
            list.get(number % list.len().max(1)).copied().unwrap_or(CallId(number as u64))
        };
        let (one, kind) = (id(), dice.byte());
        let (a, b) = (dice.byte(), dice.byte());
        let bytes = vec![b; usize::from(a)];
        let wide = u64::from(a) << (b & 31);
        let frame = match kind % 16 {
            0 => Frame::Grant { class: 0, bytes: wide },
            1 => Frame::Cancel { id: one },
            2 => Frame::Answer { id: one, body: &bytes },
            3 => Frame::UserError { id: one, body: &bytes },
            4 => Frame::Items { id: one, lane: b & 1, rest: &bytes },
            5 => Frame::End { id: one, lane: b & 1, how: StreamEnd::Complete },
            6 => Frame::Credit { id: one, lane: b & 1, bytes: wide as u32 },
            7 => Frame::Question { id: one },
            8 => Frame::Standing { id: one, standing: Standing::Running },
            9 => Frame::Progress { id: one, done: 1, total: wide, text: "" },
            10 => Frame::Retrait,
            11 => Frame::Adieu { reason: EndReason::from_number(u16::from(a)), text: "" },
            12 => Frame::Failure {
                id: (b & 1 == 0).then_some(one),
                command: PLAIN,
                code: FailureCode::from_number(u16::from(a)),
                accepted: Fingerprints::default(),
                text: "",
            },
            13 => Frame::Call {
                depth: b & 3,
                id: one,
                command: u64::from(b & 3),
                fingerprint: 0,
                context: None,
                body: &bytes,
            },
            14 => Frame::OneWay {
                depth: 0,
                command: u64::from(b & 3),
                fingerprint: 0,
                context: None,
                body: &bytes,
            },
            _ => {
                self.honest = false;
                self.sides[at].pipe.extend(bytes);
                return;
            }
        };
        let mut out = Vec::new();
        frame.write(&mut out, Features::OURS);
        self.honest = false;
        self.sides[at].pipe.extend(out);
    }

    /// Breaks the stream to a side off.
    fn cut(&mut self, at: usize, dice: &mut Dice<'_>) {
        self.whole = false;
        let how = dice.byte();
        if how & 1 == 0 {
            // The end comes behind what was said.
            self.sides[1 - at].hung_up = true;
            return;
        }
        let side = &mut self.sides[at];
        if !side.state.is_closed() && !side.state.has_input_ended() {
            let error = std::io::ErrorKind::ConnectionReset.into();
            let routing = routing(Router::Waits);
            side.state.input(&mut side.inbox, Err(Idle::Broken(error)), routing);
        }
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

    // What the program does.

    fn call(&mut self, dice: &mut Dice<'_>) {
        let (how, length) = (dice.byte(), usize::from(dice.byte()) * 2);
        let tag = self.ids.len() as u8;
        let mut body = vec![tag; 1 + length];
        body[0] = tag;
        let expects = how & 1 != 0 && how & 2 != 0;
        let reports = how & 4 != 0 && how & 8 != 0;
        let peer = self.state.peer_features();
        let context = Context {
            stream: if expects { NonZeroU32::new(CREDIT) } else { None },
            progress: reports,
            ..Context::default()
        };
        let name = if how & 16 != 0 { PARALLEL } else { PLAIN };
        let mut frame = Outgoing::in_buffer(Vec::new());
        let plain = Start::plain(how >> 6, name, 0);
        let context = (expects || reports).then_some((&context, peer));
        frame.begin_call(Start { context, ..plain });
        let expects = frame.stream_of_call() > 0;
        frame.bytes.extend(&body);
        frame.finish().expect("it fits");
        if self.state.admit_or_refuse(charge(frame.charged_call()), || false).is_err() {
            return;
        }
        let Ok(id) = self.state.open_call(&mut frame, how & 32 != 0, CALLS) else { return };
        assert!(self.ids.insert(id.0), "an id is used twice");
        if reports {
            self.state.want_reports(id);
        }
        self.state.append(&mut frame);
        self.calls.push(Asked { id, tag, expects, reports });
    }

    fn send(&mut self, dice: &mut Dice<'_>) {
        let (how, length) = (dice.byte(), usize::from(dice.byte()) * 2);
        let mut frame = Outgoing::in_buffer(Vec::new());
        frame.begin_one_way(Start::plain(0, if how & 1 != 0 { PARALLEL } else { PLAIN }, 0));
        frame.bytes.extend(vec![how; length]);
        frame.finish().expect("it fits");
        if self.state.admit_or_refuse(charge(frame.charged_one_way()), || false).is_ok() {
            self.state.append_one_way(&mut frame);
        }
    }

    /// Takes the outcome of a call, if it is there.
    fn claim(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.calls.len()) {
            self.claim_at(at);
        }
    }

    fn claim_at(&mut self, at: usize) -> bool {
        let Asked { id, tag, expects, reports } = self.calls[at];
        let is_answered = self.state.is_answered(id);
        let has_ended = self.state.ended().is_some();
        let outcome = self.state.outcome(id);
        assert_eq!(outcome.is_some(), is_answered || has_ended, "a call has one outcome");
        let Some(outcome) = outcome else { return false };
        self.calls.swap_remove(at);
        if reports {
            self.state.forget_reports(id);
        }
        match outcome {
            Ok(Answer::Stream(stream)) => {
                assert!(stream == id && expects, "a stream that nobody expects");
                self.taking.push(Taking { id, next: 0, taken: Taken::default() });
            }
            Ok(Answer::Value(mut body) | Answer::UserError(mut body)) if self.trusted => {
                assert_eq!(body.parts().0.first(), Some(&!tag), "another call's answer");
            }
            _ => {}
        }
        if !self.taking.iter().any(|taking| taking.id == id) {
            assert!(self.state.claim(id).is_none(), "a call has one outcome");
        }
        self.state.advance_goodbye();
        true
    }

    fn give_up(&mut self, dice: &mut Dice<'_>) {
        let Some(at) = dice.pick(self.calls.len()) else { return };
        let Asked { id, reports, .. } = self.calls.swap_remove(at);
        if reports {
            self.state.forget_reports(id);
        }
        if self.state.has_stream(id) {
            self.state.drop_stream(Lane { call: id, lane: ANSWER }, Taken::default());
        } else {
            self.state.give_up(id);
            assert!(self.state.claim(id).is_none(), "a call that was given up is over");
        }
    }

    fn ask(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.calls.len())
            && self.state.can_ask()
        {
            self.state.ask(self.calls[at].id);
        }
    }

    fn take_row(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.taking.len()) {
            self.take_row_at(at);
        }
    }

    fn take_row_at(&mut self, at: usize) -> bool {
        let taking = &mut self.taking[at];
        let lane = Lane { call: taking.id, lane: ANSWER };
        match self.state.take_row(lane, std::mem::take(&mut taking.taken)) {
            Row::Items { mut row, .. } => {
                let bytes = row.len();
                let (mut items, mut cost) = (row.parts().0, 0);
                while let Some(item) = wire::next_item(&mut items).expect("they were checked") {
                    if self.trusted {
                        assert_eq!(item.first(), Some(&taking.next), "items have an order");
                    }
                    taking.next = taking.next.wrapping_add(1);
                    cost += wire::item_cost(item.len());
                }
                taking.taken = Taken { cost, bytes, slowly: cost % 3 == 0 };
                true
            }
            Row::Nothing => false,
            Row::End(_) | Row::Lost => {
                let Taking { taken, .. } = self.taking.swap_remove(at);
                self.state.drop_stream(lane, taken);
                true
            }
        }
    }

    fn drop_stream(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.taking.len()) {
            let Taking { id, taken, .. } = self.taking.swap_remove(at);
            self.state.drop_stream(Lane { call: id, lane: ANSWER }, taken);
        }
    }

    fn call_begins(&mut self) {
        self.callers += 1;
        self.state.begin_calling(true);
        self.state.offer_turn();
    }

    fn call_ends(&mut self) {
        if self.callers > 0 {
            self.callers -= 1;
            self.state.end_calling(true);
            self.state.pass_on();
        }
    }

    // What runs here.

    fn start(&mut self, how: u8) -> bool {
        let by = match (how & 1 == 0 && self.is_executor_free(), self.free_stand_ins()) {
            (true, _) => RunnerKind::Executor,
            (false, 1..) => RunnerKind::StandIn,
            (false, 0) => return false,
        };
        if by == RunnerKind::Executor && self.state.inside().turn.executors == 0 {
            return false;
        }
        match self.state.start(by) {
            None => false,
            Some(Work::Command(command)) => {
                self.begin(command, by);
                true
            }
            Some(Work::Notice(_)) => {
                self.state.pass_on();
                self.state.finish_notice();
                true
            }
        }
    }

    fn begin(&mut self, mut command: Command, by: RunnerKind) {
        let Command { call, name, parallel, number, charge, .. } = command;
        self.state.take_up(charge);
        self.state.offer();
        let credit = command.carried.as_deref().map_or(0, |carried| carried.credit);
        if let Some(call) = call
            && command.carried.as_deref().is_some_and(|carried| carried.progress)
        {
            self.state.begin_reports(call);
        }
        let tag = command.body.parts().0.first().copied().unwrap_or(0);
        let ran = Ran { call, parallel, number };
        self.running.push(Running { ran, name, tag, credit, by, waits: false });
    }

    fn finish(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.running.len()) {
            let (how, size) = (dice.byte(), dice.byte());
            self.finish_at(at, how, size);
        }
    }

    /// Ends a command, in some way; false if it can't end now.
    fn finish_at(&mut self, at: usize, how: u8, size: u8) -> bool {
        if self.state.is_above_high_water() || self.running[at].waits {
            return false;
        }
        let Running { ran, name, tag, credit, by, .. } = self.running.swap_remove(at);
        let Some(call) = ran.call else {
            if how & 3 == 0 {
                self.fail(None, name, FailureCode::Handler);
            }
            self.over(ran);
            return true;
        };
        match how % 8 {
            0 if self.state.promise(call).is_ok() => {
                assert_eq!(self.state.left_to_promise(call), Owed::Nothing);
                self.promises.push((call, tag));
                self.over(ran);
            }
            1 => {
                self.state.end_reports(call);
                self.fail(Some(call), name, FailureCode::Handler);
                self.over(ran);
            }
            2..=5 if credit > 0 => match self.state.begin_pump(ran, credit, PUMPS) {
                Begun::Open(id) => {
                    self.pumping.push(Pumping { ran, id, by, next: 0 });
                    self.state.offer();
                }
                Begun::Cancelled => {
                    self.state.end_reports(call);
                    self.over(ran);
                }
                Begun::Crowded => {
                    self.state.end_reports(call);
                    self.fail(Some(call), name, FailureCode::OverloadedAfterwards);
                    self.over(ran);
                }
            },
            how => {
                self.state.end_reports(call);
                self.answer(call, tag, usize::from(size) * 3, how == 6);
                self.over(ran);
            }
        }
        true
    }

    /// Notes that a command has returned.
    fn over(&mut self, ran: Ran) {
        self.state.finish(ran);
        self.state.end_lanes(ran.call);
        self.state.advance_goodbye();
        self.state.pass_on();
    }

    fn answer(&mut self, call: CallId, tag: u8, size: usize, is_error: bool) {
        let mut frame = Answering::default();
        frame.begin_answer(call);
        frame.bytes.push(!tag);
        frame.bytes.extend(vec![tag; size]);
        frame.finish().expect("it fits");
        if is_error {
            frame.turn_into_user_error();
        }
        self.state.append_answer(&mut frame);
    }

    fn fail(&mut self, id: Option<CallId>, command: u64, code: FailureCode) {
        let accepted = Fingerprints::default();
        self.append(&Frame::Failure { id, command, code, accepted, text: "no" });
    }

    fn append(&mut self, frame: &Frame<'_>) {
        let mut out = Answering::default();
        frame.write(&mut out.bytes, self.state.peer_features());
        self.state.append_answer(&mut out);
    }

    fn keep_promise(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.promises.len()) {
            self.keep_promise_at(at);
        }
    }

    fn keep_promise_at(&mut self, at: usize) -> bool {
        if self.state.is_above_high_water() {
            return false;
        }
        let (call, tag) = self.promises.swap_remove(at);
        if self.state.keep_promise(call).is_ok() {
            self.answer(call, tag, 10, false);
        }
        assert!(self.state.keep_promise(call).is_err(), "a promise is kept once");
        self.state.advance_goodbye();
        true
    }

    fn put_item(&mut self, dice: &mut Dice<'_>) {
        let Some(at) = dice.pick(self.pumping.len()) else { return };
        let length = 1 + usize::from(dice.byte()) * 3;
        let pumping = &mut self.pumping[at];
        if self.state.feeding(pumping.id) == Feeding::Ready {
            let mut head = vec![0; length];
            head[0] = pumping.next;
            pumping.next = pumping.next.wrapping_add(1);
            let item = Item { head: &head, long: Vec::new() };
            self.state.put_item(pumping.id, item, MAX_FRAME as usize + 4);
        }
    }

    fn end_pump(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.pumping.len()) {
            let how = dice.byte();
            self.end_pump_at(at, how);
        }
    }

    fn end_pump_at(&mut self, at: usize, how: u8) -> bool {
        if self.state.is_above_high_water() {
            return false;
        }
        let Pumping { ran, id, by, .. } = self.pumping.swap_remove(at);
        if self.state.owes_end(id) {
            let how = match how % 3 {
                0 => StreamEnd::Complete,
                1 => StreamEnd::UserError(&[1, 2]),
                _ => StreamEnd::Failure { code: FailureCode::Panic, text: "no" },
            };
            self.append(&Frame::End { id: id.lane.call, lane: id.lane.lane, how });
        }
        self.state.end_pump(ran, id);
        if by == RunnerKind::Executor {
            self.state.recall_role();
        }
        self.state.end_lanes(ran.call);
        self.state.advance_goodbye();
        self.state.pass_on();
        true
    }

    fn leave_turn(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.running.len())
            && !self.running[at].waits
        {
            let parallel = self.running[at].ran.parallel;
            self.running[at].waits = self.state.leave_turn(parallel).is_ok();
        }
    }

    fn come_back(&mut self, dice: &mut Dice<'_>) {
        if let Some(at) = dice.pick(self.running.len()) {
            self.come_back_at(at);
        }
    }

    fn come_back_at(&mut self, at: usize) {
        if std::mem::take(&mut self.running[at].waits) {
            self.state.take_turn_back(self.running[at].ran.parallel);
        }
    }

    fn report(&mut self, dice: &mut Dice<'_>) {
        let Some(at) = dice.pick(self.running.len()) else { return };
        if let Some(call) = self.running[at].ran.call {
            let report = Report { done: 1, total: 2, text: "half".into() };
            self.state.report(call, report, now());
        }
    }

    fn end_stand_in(&mut self) {
        if self.free_stand_ins() > 0 {
            self.state.end_stand_in();
        }
    }

    // What the threads and the stream do.

    fn begin_write(&mut self) {
        if self.batch.is_none() && self.state.is_unflushed() {
            self.state.begin_flush();
            self.batch = Some(self.state.take_batch());
        }
    }

    fn end_write(&mut self, most: usize) {
        let Some(batch) = self.batch.take() else { return };
        let bytes = batch
            .send_with(|parts| parts.iter().flat_map(|part| part.to_vec()).collect::<Vec<_>>());
        let room = PIPE.saturating_sub(self.pipe.len());
        let n = most.min(room).min(bytes.len());
        if !self.hung_up {
            self.pipe.extend(&bytes[..n]);
        }
        let full_at = (n == 0).then(now);
        drop(self.state.give_batch_back(batch, n, full_at));
        if self.state.end_flush() {
            self.say_goodbye();
        } else {
            self.state.leave_unflushed();
        }
    }

    fn say_goodbye(&mut self) {
        match self.state.begin_last_words() {
            Speaker::Caller => {}
            Speaker::Another => return,
            Speaker::Blocked => {
                self.hung_up = true;
                return;
            }
        }
        while let Some(batch) = self.state.next_last_words() {
            let bytes = batch
                .send_with(|parts| parts.iter().flat_map(|part| part.to_vec()).collect::<Vec<_>>());
            let n = PIPE.saturating_sub(self.pipe.len()).min(bytes.len());
            if n == 0 {
                break;
            }
            if !self.hung_up {
                self.pipe.extend(&bytes[..n]);
            }
            self.state.said_last_words(batch, n);
        }
        self.state.end_last_words();
        self.hung_up = true;
    }

    /// Does what is due behind the lock.
    fn carry_out(&mut self) {
        for _ in 0..ROUNDS {
            if self.state.asks_for_watchman() {
                self.state.arrange_watch(now());
            }
            let Some(due) = self.state.take_due() else { return };
            for _ in 0..due.stand_ins() {
                while !self.has_threads {
                    if self.state.refuse_front() != Front::RefusedBeforeAnother {
                        break;
                    }
                }
            }
            match due.last_words() {
                None => {}
                Some(LastWords::HangUp) => self.hung_up = true,
                Some(words) => {
                    self.last_words += 1;
                    match words {
                        LastWords::Goodbye => self.say_goodbye(),
                        _ => self.hung_up = true,
                    }
                }
            }
        }
        panic!("what is due has no end");
    }

    /// Does all that can be done now; false if there was nothing.
    fn work(&mut self) -> bool {
        let mut did = false;
        while self.callers > 0 {
            self.call_ends();
        }
        for at in 0..self.running.len() {
            self.come_back_at(at);
        }
        while self.batch.is_some() || self.state.is_unflushed() {
            let before =
                self.state.end_of_outbox().wrapping_sub(self.state.inside().outbox.bytes());
            self.begin_write();
            self.end_write(usize::MAX);
            let after = self.state.end_of_outbox().wrapping_sub(self.state.inside().outbox.bytes());
            did |= before != after;
            if before == after {
                break;
            }
        }
        for at in (0..self.running.len()).rev() {
            did |= self.finish_at(at, 7, 1);
        }
        for at in (0..self.pumping.len()).rev() {
            did |= self.end_pump_at(at, 0);
        }
        for at in (0..self.promises.len()).rev() {
            did |= self.keep_promise_at(at);
        }
        self.carry_out();
        while self.start(0) || self.start(1) {
            did = true;
            self.carry_out();
        }
        for at in (0..self.calls.len()).rev() {
            did |= self.claim_at(at);
        }
        for at in (0..self.taking.len()).rev() {
            did |= self.take_row_at(at);
        }
        did
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
