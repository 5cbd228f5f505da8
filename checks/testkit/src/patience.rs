//! Time in tests whose verdict does not depend on what else the machine does.
//!
//! A stop of the whole process, or other programs on all processors, makes any span of time longer
//! than what a test has to judge. So waits count looks and not seconds; what ought to be quick is
//! tried until it is; and where a span itself is the matter, it is measured in the time that the
//! process had.

use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(1);

/// Looks before a wait is given up: some six seconds of a process that always runs, and as much
/// more as it is stopped or held up. A test's watchdog has twice that at least.
const LOOKS: u32 = 5_000;

/// Waits until `holds` does, by looking each millisecond.
///
/// # Panics
/// With `what`, which ought to have come about, after 5,000 looks in vain.
///
/// # Blocking
/// Until it holds; more than five seconds, where the process is not held up, before it panics.
///
/// # Examples
/// ```
/// let mut looks = 0;
/// testkit::until("the third look", || {
///     looks += 1;
///     looks == 3
/// });
/// ```
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    until_some(what, || holds().then_some(()));
}

/// Waits until `find` finds something, by looking each millisecond, and returns that.
///
/// # Panics
/// With `what`, which ought to have come about, after 5,000 looks in vain.
///
/// # Blocking
/// As [`until`].
#[track_caller]
pub fn until_some<T>(what: &str, mut find: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS {
        if let Some(found) = find() {
            return found;
        }
        thread::sleep(PAUSE);
    }
    panic!("in vain, {LOOKS} looks: {what}");
}

/// Tries of something that ought to be quick. What waits by itself does so each time; what else the
/// machine does falls on some of so many.
const TRIES: u32 = 50;

/// Does the same again and again until once it took less than `limit`; returns that result.
///
/// # Panics
/// With `what`, if each of 50 tries took longer.
///
/// # Blocking
/// As long as `action`, at most 50 times.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// assert_eq!(testkit::quickly("adds", Duration::from_millis(1), || 1 + 2), 3);
/// ```
#[track_caller]
pub fn quickly<T>(what: &str, limit: Duration, mut action: impl FnMut() -> T) -> T {
    let mut shortest = Duration::MAX;
    for _ in 0..TRIES {
        let begin = Instant::now();
        let result = action();
        let took = begin.elapsed();
        if took < limit {
            return result;
        }
        shortest = shortest.min(took);
    }
    panic!("{what}: {shortest:?} at best of {TRIES} tries, and not {limit:?}");
}

/// How often a stopwatch ticks.
const TICK: Duration = Duration::from_millis(2);

/// Measures the time that this process had: no stop of it counts, and what other programs take of
/// all processors counts little.
///
/// It has a thread that sleeps for two milliseconds again and again, and counts each sleep as twice
/// that at most. So it never tells more than has passed, and on an idle machine it tells nearly
/// that.
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// let watch = testkit::Stopwatch::start();
/// assert!(watch.elapsed() < Duration::from_secs(1));
/// ```
#[derive(Debug)]
pub struct Stopwatch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Time that the process had.
    nanos: AtomicU64,
    /// The longest time between two ticks.
    longest: AtomicU64,
    ticks: AtomicU64,
    over: AtomicBool,
}

impl Stopwatch {
    /// Starts one.
    ///
    /// # Panics
    /// If no thread can be had.
    #[must_use]
    pub fn start() -> Self {
        let shared = Arc::new(Shared {
            nanos: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            ticks: AtomicU64::new(0),
            over: AtomicBool::new(false),
        });
        let counts = shared.clone();
        let thread = thread::Builder::new().name("stopwatch".to_owned());
        let thread = thread.spawn(move || counts.tick()).expect("a free thread");
        Stopwatch { shared, thread: Some(thread) }
    }

    /// The longest time since the start for which nothing of the process ran, as far as its ticks
    /// can tell; a pause that still lasts counts.
    fn longest_pause(&self) -> Duration {
        // One tick more, so that the pause in which this is called has ended.
        let ticks = self.shared.ticks.load(Ordering::SeqCst);
        until("a stopwatch ticks", || self.shared.ticks.load(Ordering::SeqCst) > ticks);
        Duration::from_nanos(self.shared.longest.load(Ordering::SeqCst))
    }

    /// How much time the process has had since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.shared.nanos.load(Ordering::SeqCst))
    }
}

/// Runs of a body that was disturbed. So many in a row are not bad luck: the last one counts.
const RUNS: usize = 20;

/// Judges `body` by a run in which the process was held up for less than `bearable` at a time.
///
/// For what is about a deadline that a stop of the process may rightly let pass: who has 150 ms for
/// a word, and is stopped for 500, comes too late. A panic in a run that was not disturbed fails the
/// test, and so does the last of twenty; a panic in a disturbed run is no verdict.
///
/// # Panics
/// As `body` does in the run that counts.
///
/// # Blocking
/// As long as `body`, at most twenty times.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// testkit::undisturbed(Duration::from_millis(100), || {
///     let begin = Instant::now();
///     assert!(begin.elapsed() < Duration::from_millis(100));
/// });
/// ```
pub fn undisturbed<T>(bearable: Duration, body: impl Fn() -> T) -> T {
    for run in 1..RUNS {
        let watch = Stopwatch::start();
        let result = panic::catch_unwind(AssertUnwindSafe(&body));
        let longest = watch.longest_pause();
        match result {
            Ok(result) => return result,
            Err(_) if longest > bearable => {
                eprintln!("run {run} does not count: the process was held up for {longest:?}");
            }
            Err(failed) => panic::resume_unwind(failed),
        }
    }
    body()
}

impl Shared {
    fn tick(&self) {
        let mut last = Instant::now();
        while !self.over.load(Ordering::SeqCst) {
            thread::sleep(TICK);
            let now = Instant::now();
            let passed = now.duration_since(last);
            last = now;
            self.nanos.fetch_add(in_nanos(passed.min(2 * TICK)), Ordering::SeqCst);
            self.longest.fetch_max(in_nanos(passed), Ordering::SeqCst);
            self.ticks.fetch_add(1, Ordering::SeqCst);
        }
    }
}

fn in_nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // It never panics, and while this thread unwinds a second panic would hide the first.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_never_tells_more_than_has_passed_and_goes_on() {
        let begin = Instant::now();
        let watch = Stopwatch::start();
        until("it goes on", || watch.elapsed() >= 20 * TICK);
        assert!(watch.elapsed() <= begin.elapsed());
    }

    #[test]
    fn what_is_slow_once_may_be_quick_later() {
        let mut slow = 3;
        let result = quickly("slow at first", Duration::from_millis(50), || {
            if slow > 0 {
                slow -= 1;
                thread::sleep(Duration::from_millis(60));
            }
            slow
        });
        assert_eq!(result, 0);
    }

    #[test]
    #[should_panic(expected = "always slow: ")]
    fn what_is_always_slow_is_found() {
        quickly("always slow", Duration::from_millis(1), || {
            thread::sleep(Duration::from_millis(2));
        });
    }

    /// A test can't stop its own process, so every tick is taken for a pause.
    #[test]
    fn a_disturbed_run_is_no_verdict_and_an_undisturbed_one_is() {
        let runs = AtomicU64::new(0);
        let passed = undisturbed(Duration::ZERO, || {
            let run = runs.fetch_add(1, Ordering::SeqCst);
            assert!(run == 2, "run {run}, on purpose");
            run
        });
        assert_eq!(passed, 2);
        runs.store(0, Ordering::SeqCst);
        let always = || {
            runs.fetch_add(1, Ordering::SeqCst);
            panic!("always, on purpose");
        };
        let failed = panic::catch_unwind(|| undisturbed(Duration::ZERO, always));
        assert!(failed.is_err());
        assert_eq!(runs.swap(0, Ordering::SeqCst), RUNS as u64, "disturbed each time");
        let failed = panic::catch_unwind(|| undisturbed(Duration::MAX, always));
        assert!(failed.is_err());
        assert_eq!(runs.load(Ordering::SeqCst), 1, "a verdict at once");
    }

    #[test]
    fn a_wait_ends_with_what_it_waits_for() {
        let mut looks = 0;
        let found = until_some("the fifth look", || {
            looks += 1;
            (looks == 5).then_some("found")
        });
        assert_eq!((found, looks), ("found", 5));
    }
}
