//! Schedules: each one is made from a number alone, so that naming the number replays it.
//!
//! A third of them picks any thread at each step, a third stays with a thread for a while, and a
//! third runs by priorities that change at a few moments (Burckhardt et al., "A Randomized
//! Scheduler with Probabilistic Guarantees of Finding Bugs", ASPLOS 2010).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shuttle::scheduler::{Schedule, Scheduler, Task, TaskId};

/// After so many steps every schedule picks at random: what still does not end then hangs by
/// itself, and not because somebody is never scheduled.
const UNFAIR_STEPS: u64 = 20_000;

/// Moments at which priorities change lie within so many steps, most of them early.
const CHANGES_WITHIN: u64 = 8_000;

/// Numbers from a seed (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators",
/// OOPSLA 2014).
#[derive(Debug)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[derive(Debug)]
enum Manner {
    AnyThread,
    /// Goes on with the same thread but for one step in so many.
    Stays(u64),
    /// Higher goes first; at each of these steps the running thread becomes the last.
    Priorities {
        of: HashMap<TaskId, i64>,
        lowest: i64,
        changes: Vec<u64>,
    },
}

/// Makes the schedules `first..end`.
#[derive(Debug)]
pub(crate) struct Schedules {
    next: u64,
    end: u64,
    /// The number of the schedule under way, for whoever reports a failure.
    current: Arc<AtomicU64>,
    numbers: Numbers,
    data: Numbers,
    manner: Manner,
    steps: u64,
}

impl Schedules {
    pub(crate) fn new(first: u64, count: u64, current: Arc<AtomicU64>) -> Self {
        let end = first.saturating_add(count);
        let (numbers, data) = (Numbers(0), Numbers(0));
        Schedules { next: first, end, current, numbers, data, manner: Manner::AnyThread, steps: 0 }
    }
}

fn manner(numbers: &mut Numbers) -> Manner {
    match numbers.below(3) {
        0 => Manner::AnyThread,
        1 => Manner::Stays(2 << numbers.below(5)),
        _ => {
            let changes = (0..1 + numbers.below(5)).map(|_| {
                let within = CHANGES_WITHIN >> numbers.below(8);
                numbers.below(within)
            });
            let changes = changes.collect();
            Manner::Priorities { of: HashMap::new(), lowest: 0, changes }
        }
    }
}

impl Scheduler for Schedules {
    fn new_execution(&mut self) -> Option<Schedule> {
        if self.next >= self.end {
            return None;
        }
        let seed = self.next;
        self.next += 1;
        self.current.store(seed, Ordering::SeqCst);
        self.numbers = Numbers(seed);
        self.data = Numbers(!seed);
        self.manner = manner(&mut self.numbers);
        self.steps = 0;
        Some(Schedule::new(seed))
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        self.steps += 1;
        let numbers = &mut self.numbers;
        let any = runnable[numbers.below(runnable.len() as u64) as usize].id();
        if self.steps > UNFAIR_STEPS {
            return Some(any);
        }
        match &mut self.manner {
            Manner::AnyThread => Some(any),
            Manner::Stays(steps) => {
                let stays = !is_yielding && numbers.below(*steps) > 0;
                current
                    .filter(|id| stays && runnable.iter().any(|task| task.id() == *id))
                    .or(Some(any))
            }
            Manner::Priorities { of, lowest, changes } => {
                if let Some(current) =
                    current.filter(|_| is_yielding || changes.contains(&self.steps))
                {
                    *lowest -= 1;
                    of.insert(current, *lowest);
                }
                let rank = |task: &&&Task| {
                    *of.entry(task.id()).or_insert_with(|| (numbers.next() >> 1) as i64)
                };
                runnable.iter().max_by_key(rank).map(|task| task.id())
            }
        }
    }

    fn next_u64(&mut self) -> u64 {
        self.data.next()
    }
}
