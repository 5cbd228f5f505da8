//! The scenarios: who is there, what they send, how it ends.

use std::time::Duration;

use crate::lanes::Source;
use crate::link::smallest_window;
use crate::op::Op;
use crate::world::random;

mod acts;
mod channels;
mod ends;
mod lanes;
mod latest;
mod ordinary;
mod progress;
mod promises;
mod streams;
mod timed;
mod unwanted;

use acts::{DEFERRED, HASTY, MIXED};

/// One thing that a caller does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// The command, its count, bytes of padding.
    Call(Op, u8, usize),
    Send(Op, u8, usize),
    /// An echo that may not wait.
    SendAtOnce,
    /// A message of which only the latest counts: the command, bytes of padding.
    Latest(Op, usize),
    /// The one that waits is not wanted any more.
    ForgetLatest,
    /// Deferred, settled after everything else.
    Defer(Op, u8),
    /// Deferred, and awaited as a future by a thread that the core knows nothing of.
    Await(Op, u8),
    /// A call whose command sends messages back, which are waited for after its answer.
    CatchUp,
    /// A stream: its command, how many items it has, and how many of them are taken at most.
    Take(Op, u8, u8),
    /// A call whose argument is a stream of so many items.
    Feed(Op, u8, Source),
    /// The same, deferred, and now and then given up if calls may be.
    DeferFed(Op, u8, Source),
    /// A call that wants reports, of which the last has that number, and whose argument has as many
    /// items.
    FeedReported(Op, u8, Source),
    /// A deferred call of a stream that is given up at once.
    GiveUpStream(Op, u8),
    /// A deferred call that is given up after a while.
    GiveUp(Op, u8),
    /// A call that wants reports of progress, of which the last has that number.
    CallReported(Op, u8),
}

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
    /// Calls tell how much time they have left.
    pub(crate) tells_time: bool,
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
        let closes = self.acts.iter().any(|act| matches!(act, Act::Call(Op::Close, ..)));
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
    acts: &[Act::Call(Op::Echo, 0, 0)],
    across: false,
    by_number: false,
    end: End::Stop,
    gives_up: false,
    patience: None,
    tells_time: false,
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

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    let mut all = ordinary::ordinary();
    all.extend(ordinary::nested());
    all.extend(ends::stops());
    all.extend(ends::broken_off());
    all.extend(streams::streams());
    all.extend(channels::channels());
    all.extend(lanes::lanes());
    all.extend(latest::latest());
    all.extend(progress::progress());
    all.extend(promises::promises());
    all.extend(timed::timed());
    all.extend(timed::awaited());
    all.extend(timed::asked());
    all.extend(unwanted::unwanted());
    all
}
