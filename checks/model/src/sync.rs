//! The core's `sync` over the model checker: a scheduler decides who runs, the model decides how
//! time passes, which rule is off and which thread can't be started.
//!
//! All of a run lives on one thread of the system, so what a run knows of itself stands in that
//! thread's own statics and is made anew for each schedule.

#[path = "../../../cconn/src/sync/deadline.rs"]
mod deadline;
#[path = "../../../cconn/src/sync/parker.rs"]
mod parker;
#[path = "../../../cconn/src/sync/rule.rs"]
mod rule;

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use shuttle::thread::JoinHandle;

pub(crate) use deadline::Deadline;
pub(crate) use parker::Parker;
pub(crate) use rule::Rule;
pub(crate) use shuttle::sync::MutexGuard;
pub(crate) use shuttle::thread::LocalKey;
pub(crate) use shuttle::thread_local;
pub(crate) use std::os::fd::{AsFd, BorrowedFd};

/// What never passes: some thirty years.
pub(crate) const FOREVER: Duration = Duration::from_secs(1_000_000_000);

/// The clock never gets here: more than a run of jumps by the core's own deadlines can come to
/// (the longest is a stand-in's patience, 10 s), and less than the part of `FOREVER` after which a
/// blocked write is tried again.
const OUT_OF_REACH: Duration = Duration::from_secs(10_000_000);

/// What the process's one watchman is named; it never ends, so nobody waits for it.
const WATCHMAN: &str = "cconn-watch";

/// A timed wait under way.
struct Sleeper {
    id: u64,
    deadline: Instant,
    wake: Arc<shuttle::sync::Condvar>,
}

/// One run of a model, as its threads see it.
#[derive(Default)]
struct Run {
    rule_off: Option<Rule>,
    /// One thread in so many can't be started; none fails where it is 0.
    spawn_fails: u64,
    elapsed: Duration,
    next_id: u64,
    sleepers: Vec<Sleeper>,
    clock: Option<shuttle::thread::Thread>,
    is_over: bool,
    threads: Vec<JoinHandle<()>>,
    watchman_waits: bool,
    watchman_runs: bool,
}

std::thread_local! {
    static RUN: RefCell<Run> = RefCell::default();
}

fn run<T>(act: impl FnOnce(&mut Run) -> T) -> T {
    RUN.with(|run| act(&mut run.borrow_mut()))
}

/// Starts a run over, with that rule off.
pub(crate) fn begin(rule_off: Option<Rule>, spawn_fails: u64) {
    run(|run| *run = Run { rule_off, spawn_fails, ..Run::default() });
}

/// The number of this process: models do not fork.
pub(crate) fn process_id() -> u32 {
    1
}

/// Whether that rule holds in this run.
pub(crate) fn holds(rule: Rule) -> bool {
    run(|run| run.rule_off != Some(rule))
}

/// The core's lock.
#[derive(Debug, Default)]
pub(crate) struct Mutex<T>(shuttle::sync::Mutex<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Mutex(shuttle::sync::Mutex::new(value))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.0.try_lock().ok()
    }
}

/// A sleep for sockets too, which no model has.
#[derive(Debug)]
pub(crate) struct Bell;

impl Bell {
    pub(crate) fn new() -> io::Result<Bell> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(crate) fn ring(&self) {}

    pub(crate) fn silence(&self) {}
}

pub(crate) fn poll_any(_: &[BorrowedFd<'_>], _: Option<&Bell>, _: Option<Instant>) -> Vec<bool> {
    unreachable!("the models' streams are in memory")
}

/// The core's condition variable. A deadline passes when the model moves the clock, never else.
#[derive(Debug, Default)]
pub(crate) struct Condvar(Arc<shuttle::sync::Condvar>);

impl Condvar {
    pub(crate) fn new() -> Self {
        Condvar::default()
    }

    pub(crate) fn wait<'a, T>(
        &self,
        guard: MutexGuard<'a, T>,
        deadline: Option<Instant>,
    ) -> MutexGuard<'a, T> {
        let id = deadline.filter(|deadline| is_in_reach(*deadline)).map(|d| self.enter(d));
        if id.is_some() {
            wake_clock();
        }
        if deadline.is_some_and(|deadline| now() >= deadline) {
            // It passed while the clock was told.
            run(|run| run.sleepers.retain(|sleeper| Some(sleeper.id) != id));
            return guard;
        }
        let is_watchman = run(|run| run.watchman_runs) && is_watchman();
        run(|run| run.watchman_waits |= is_watchman);
        let guard = self.0.wait(guard).unwrap_or_else(PoisonError::into_inner);
        run(|run| {
            run.watchman_waits &= !is_watchman;
            run.sleepers.retain(|sleeper| Some(sleeper.id) != id);
        });
        guard
    }

    fn enter(&self, deadline: Instant) -> u64 {
        run(|run| {
            let id = run.next_id;
            run.next_id += 1;
            run.sleepers.push(Sleeper { id, deadline, wake: self.0.clone() });
            id
        })
    }

    pub(crate) fn notify_one(&self) {
        self.0.notify_one();
    }

    pub(crate) fn notify_all(&self) {
        self.0.notify_all();
    }
}

shuttle::thread_local! {
    static IS_WATCHMAN: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn is_watchman() -> bool {
    IS_WATCHMAN.try_with(std::cell::Cell::get).unwrap_or(false)
}

fn start_of_time() -> Instant {
    static START: OnceLock<Instant> = OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// Lets other threads run.
pub(crate) fn yield_now() {
    shuttle::thread::yield_now();
}

/// The present moment of the run.
pub(crate) fn now() -> Instant {
    start_of_time() + run(|run| run.elapsed)
}

fn is_in_reach(deadline: Instant) -> bool {
    deadline < start_of_time() + OUT_OF_REACH
}

fn wake_clock() {
    if let Some(clock) = run(|run| run.clock.clone()) {
        clock.unpark();
    }
}

/// Lets time pass in jumps, to any of the deadlines that somebody waits for, until `stop_clock`.
///
/// Rests while nobody waits for one, so that a hang still shows as one.
pub(crate) fn run_clock() {
    run(|run| run.clock = Some(shuttle::thread::current()));
    let pace = [10, 60, 400][crate::world::random(3) as usize];
    while run(|run| !run.is_over) {
        if run(|run| run.sleepers.is_empty()) {
            shuttle::thread::park();
            continue;
        }
        (0..crate::world::random(pace)).for_each(|_| shuttle::thread::yield_now());
        jump();
    }
}

fn jump() {
    let deadlines: Vec<_> = run(|run| run.sleepers.iter().map(|s| s.deadline).collect());
    if deadlines.is_empty() {
        return;
    }
    let moment = deadlines[crate::world::random(deadlines.len() as u64) as usize].max(now());
    let woken: Vec<_> = run(|run| {
        run.elapsed = moment - start_of_time();
        let due = run.sleepers.iter().filter(|sleeper| sleeper.deadline <= moment);
        due.map(|sleeper| sleeper.wake.clone()).collect()
    });
    woken.iter().for_each(|wake| wake.notify_all());
}

/// Ends `run_clock`.
pub(crate) fn stop_clock() {
    run(|run| run.is_over = true);
    wake_clock();
}

/// Starts a thread; `join_all` waits for it.
pub(crate) fn spawn(
    name: String,
    _stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    if name == WATCHMAN {
        run(|run| run.watchman_runs = true);
        drop(shuttle::future::spawn(async move {
            IS_WATCHMAN.with(|is| is.set(true));
            body();
        }));
        return Ok(());
    }
    // The watchman can always be had here: without it and without stand-ins, what is left in a
    // full pipe waits for the next use of the connection.
    let fails = run(|run| run.spawn_fails);
    if fails > 0 && crate::world::random(fails) == 0 {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let builder = shuttle::thread::Builder::new().name(name);
    let thread = builder.spawn(body)?;
    run(|run| run.threads.push(thread));
    Ok(())
}

/// Takes a thread of the program that `join_all` waits for.
pub(crate) fn keep(thread: JoinHandle<()>) {
    run(|run| run.threads.push(thread));
}

/// Who a thread is for; here all are alike.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    StandIn,
}

/// The same, for that purpose.
pub(crate) fn spawn_for(
    _: Purpose,
    name: String,
    stack: Option<usize>,
    body: impl FnOnce() + Send + 'static,
) -> io::Result<()> {
    spawn(name, stack, body)
}

/// Threads are not counted here.
pub(crate) fn are_threads_scarce() -> bool {
    false
}

/// Waits until every thread that `spawn` started has ended, and the watchman rests.
pub(crate) fn join_all() {
    while let Some(thread) = run(|run| run.threads.pop()) {
        thread.join().expect("a thread of the core panicked");
    }
    while run(|run| run.watchman_runs && !run.watchman_waits) {
        shuttle::thread::yield_now();
    }
}
