//! The load itself: a thread for each connection, which calls until the time is over, a call fails
//! or the user interrupts it. How the figures look is not known here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::Value;

use super::live::Live;
use super::pace::Pace;
use crate::arguments::Load;
use crate::failure::{Failure, Kind, Outcome};
use crate::interrupt;

/// How long it takes at most until an interrupt or a failure is noticed.
const TICK: Duration = Duration::from_millis(50);

/// How long calls that are under way may take to end after an interrupt.
const GRACE: Duration = Duration::from_millis(500);

/// Over how many tallies the connections are spread: many connections seldom meet at one, and few
/// tallies are soon added up.
const TALLIES: u16 = 16;

/// What calls came to.
#[derive(Debug)]
pub struct Tally {
    /// Latencies in nanoseconds.
    pub latencies: Histogram<u64>,
    /// Calls that the command answered with its own error.
    pub refused: u64,
}

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    start: Instant,
    length: Duration,
    pace: Option<Pace>,
    /// When it was that a failure or an interrupt stopped the load, since the start.
    stopped: OnceLock<Duration>,
    /// How many calls each connection has begun.
    begun: Vec<AtomicU64>,
    tallies: Vec<Mutex<Tally>>,
}

/// What a load came to.
#[derive(Debug)]
pub struct Loaded {
    pub tally: Tally,
    /// From the start until the last call that was waited for.
    pub time: Duration,
    pub interrupted: bool,
    /// Why the load was stopped, if a call failed.
    pub failed: Option<Failure>,
    /// Calls that nobody waited for, because of an interrupt.
    pub left: u64,
    pub unmade: Unmade,
}

/// Calls that were due and had not begun when the load was over.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unmade {
    pub calls: u64,
    /// All that were due.
    pub due: u64,
    /// How long the oldest of them had waited by then.
    pub waited: Duration,
}

/// The end of one connection's calls.
#[derive(Debug)]
struct Ended {
    /// Since the start.
    at: Duration,
    failed: Option<Failure>,
}

type Answered = Outcome<Result<Value, Value>>;

/// Loads until the end, and hands over what it came to. If calls are under way for long after an
/// interrupt, the program ends here.
pub fn run<T>(
    calls: &[impl Fn() -> Answered + Sync],
    shared: &Shared,
    live: bool,
    end: impl FnOnce(Loaded) -> Outcome<T>,
) -> Outcome<T> {
    thread::scope(|scope| {
        let (send, ended) = mpsc::channel();
        for (client, call) in calls.iter().enumerate() {
            let send = send.clone();
            scope.spawn(move || {
                let failed = connection(client, call, shared);
                let _over = send.send(Ended { at: shared.elapsed(), failed });
            });
        }
        drop(send);
        let (loaded, is_over) = collect(&ended, shared, live.then(Live::default));
        let ended = end(loaded);
        if !is_over {
            let code = ended.err().map_or(Kind::Interrupted as u8, |failure| failure.code());
            interrupt::leave(code);
        }
        ended
    })
}

/// The calls of one connection. With a pace the latency of a call counts from the moment at which
/// it was due, even if an earlier one was late (coordinated omission).
fn connection(client: usize, call: impl Fn() -> Answered, shared: &Shared) -> Option<Failure> {
    let begun = &shared.begun[client];
    for number in 0.. {
        let due = shared.pace.map(|pace| pace.due(client, number));
        if !shared.wait(due.unwrap_or_default()) {
            break;
        }
        begun.store(number + 1, Ordering::Relaxed);
        let from = due.unwrap_or_else(|| shared.start.elapsed());
        match call() {
            Ok(answered) => {
                let latency = shared.start.elapsed().saturating_sub(from);
                shared.tally(client).add(latency, answered.is_err());
            }
            Err(failure) => {
                shared.stop();
                return Some(failure);
            }
        }
    }
    None
}

/// Waits until all connections have ended, and shows meanwhile how far they are. After an
/// interrupt it waits a moment only; true if they have ended.
fn collect(
    ended: &mpsc::Receiver<Ended>,
    shared: &Shared,
    mut live: Option<Live>,
) -> (Loaded, bool) {
    let (mut failed, mut failures) = (None, 0);
    let (mut time, mut interrupted) = (Duration::ZERO, None);
    let is_over = loop {
        match ended.recv_timeout(TICK) {
            Ok(one) => {
                time = time.max(one.at);
                failures += u64::from(one.failed.is_some());
                failed = failed.or_else(|| one.failed.filter(|_| !is_soon_interrupted()));
            }
            Err(RecvTimeoutError::Disconnected) => break true,
            Err(RecvTimeoutError::Timeout) => {
                if let Some(live) = &mut live {
                    live.show(shared);
                }
            }
        }
        if interrupted.is_none() && interrupt::has_come() {
            interrupted = Some(Instant::now());
            shared.stop();
        }
        if interrupted.is_some_and(|at| at.elapsed() > GRACE) {
            time = shared.elapsed();
            break false;
        }
    };
    let (tally, unmade) = (shared.sum(), shared.unmade(time));
    let left = shared.all_begun().saturating_sub(tally.latencies.len()).saturating_sub(failures);
    let interrupted = interrupted.is_some();
    (Loaded { tally, time, interrupted, failed, left, unmade }, is_over)
}

/// Whether a failure comes from an interrupt, which ends a started program too and may be noticed
/// here after its end.
fn is_soon_interrupted() -> bool {
    if !interrupt::has_come() {
        thread::sleep(TICK);
    }
    interrupt::has_come()
}

impl Shared {
    pub fn new(load: &Load) -> Self {
        Shared {
            start: Instant::now(),
            length: load.duree,
            pace: load.debit.map(|rate| Pace { rate, clients: load.clients }),
            stopped: OnceLock::new(),
            begun: (0..load.clients).map(|_| AtomicU64::new(0)).collect(),
            tallies: (0..load.clients.min(TALLIES)).map(|_| Mutex::new(Tally::new())).collect(),
        }
    }

    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// All tallies, added up.
    pub fn sum(&self) -> Tally {
        let mut sum = Tally::new();
        for at in 0..self.tallies.len() {
            let one = self.tally(at);
            sum.latencies.add(&one.latencies).expect("both have the same bounds");
            sum.refused += one.refused;
        }
        sum
    }

    fn tally(&self, client: usize) -> MutexGuard<'_, Tally> {
        let at = client % self.tallies.len();
        self.tallies[at].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&self) {
        self.stopped.get_or_init(|| self.start.elapsed());
    }

    /// Waits until a call is due; false if the load is over by then.
    fn wait(&self, due: Duration) -> bool {
        loop {
            let now = self.start.elapsed();
            if self.stopped.get().is_some() || now >= self.length {
                return false;
            }
            if now >= due {
                return true;
            }
            thread::sleep(due.min(self.length).saturating_sub(now).min(TICK));
        }
    }

    fn all_begun(&self) -> u64 {
        self.begun.iter().map(|begun| begun.load(Ordering::Relaxed)).sum()
    }

    /// What was due and not begun; nothing is due without a pace.
    fn unmade(&self, time: Duration) -> Unmade {
        let Some(pace) = self.pace else { return Unmade::default() };
        let over = self.stopped.get().copied().unwrap_or(time).min(self.length);
        let next =
            |(client, begun): (usize, &AtomicU64)| pace.due(client, begun.load(Ordering::Relaxed));
        let oldest = self.begun.iter().enumerate().map(next).min().unwrap_or(over);
        // A call that began at the very moment of a stop was due after it.
        let due = pace.count(over).max(self.all_begun());
        let waited = over.saturating_sub(oldest);
        Unmade { calls: due - self.all_begun(), due, waited }
    }
}

impl Tally {
    fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, 3_600_000_000_000, 3);
        Tally { latencies: latencies.expect("the bounds are sound"), refused: 0 }
    }

    fn add(&mut self, latency: Duration, is_refused: bool) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(nanos);
        self.refused += u64::from(is_refused);
    }
}
