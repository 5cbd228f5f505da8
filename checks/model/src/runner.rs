//! Runs one scenario under many schedules and catches its failure.

use std::cell::RefCell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shuttle::{Config, FailurePersistence, MaxSteps, Runner};

use crate::scenarios::Scenario;
use crate::schedule::Schedules;
use crate::sync::Rule;
use crate::world;

/// A run of more steps than this never ends.
const MOST_STEPS: usize = 400_000;

/// Bytes of stack for each thread of a model.
const STACK: usize = 256 << 10;

/// How a scenario went.
#[derive(Clone, Debug)]
pub(crate) struct Result {
    /// Schedules that were run, a failed one included.
    pub(crate) schedules: u64,
    pub(crate) took: Duration,
    pub(crate) failure: Option<Failure>,
}

/// What failed, and the schedule that shows it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) seed: u64,
    pub(crate) text: String,
    /// The state of both ends.
    pub(crate) state: String,
}

std::thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the first panic of each thread's run, and prints none.
pub(crate) fn catch_panics() {
    panic::set_hook(Box::new(|info| {
        PANIC.with(|text| text.borrow_mut().get_or_insert_with(|| info.to_string()).len());
    }));
}

/// Runs the schedules `first..first + count`, up to the first that fails.
pub(crate) fn run(scenario: &Scenario, off: Option<Rule>, first: u64, count: u64) -> Result {
    let start = Instant::now();
    let seed = Arc::new(AtomicU64::new(first));
    let runner = Runner::new(Schedules::new(first, count, seed.clone()), config());
    let scenario = scenario.clone();
    PANIC.with(|text| text.borrow_mut().take());
    let run = AssertUnwindSafe(|| runner.run(move || world::run(&scenario, off)));
    let failed = panic::catch_unwind(run).is_err();
    let seed = seed.load(Ordering::SeqCst);
    let failure = failed.then(|| Failure {
        seed,
        text: PANIC.with(|text| text.borrow_mut().take()).unwrap_or_default(),
        state: world::describe_ends(),
    });
    let schedules = if failed { seed - first + 1 } else { count };
    Result { schedules, took: start.elapsed(), failure }
}

fn config() -> Config {
    let mut config = Config::new();
    config.stack_size = STACK;
    config.max_steps = MaxSteps::FailAfter(MOST_STEPS);
    config.failure_persistence = FailurePersistence::None;
    config.silence_warnings = true;
    config.ungraceful_shutdown_config.immediately_return_on_panic = true;
    config
}
