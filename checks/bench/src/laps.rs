//! Times of single calls, and what is made of them.

use std::time::{Duration, Instant};

/// Calls that are timed at most: a bound on memory, far above what any budget allows.
const MOST: usize = 8 << 20;

/// A stopwatch for calls one after the other: one look at the clock a call.
pub(crate) struct Laps {
    last: Instant,
    end: Instant,
    times: Vec<Duration>,
}

impl Laps {
    pub(crate) fn start(budget: Duration) -> Laps {
        // The memory is there before the first lap: growing would be timed as a slow call.
        let times = Vec::with_capacity(1 << 16);
        let last = Instant::now();
        Laps { last, end: last + budget, times }
    }

    /// Whether the budget has room for another call.
    pub(crate) fn goes_on(&self) -> bool {
        self.last < self.end && self.times.len() < MOST
    }

    /// A call has ended now, and the next one begins.
    pub(crate) fn lap(&mut self) {
        let now = Instant::now();
        self.times.push(now - self.last);
        self.last = now;
    }

    /// What was done since the last call's end is part of no call.
    pub(crate) fn leave_out(&mut self) {
        self.last = Instant::now();
    }

    pub(crate) fn finish(mut self) -> Sorted {
        self.times.sort_unstable();
        Sorted(self.times)
    }
}

/// Times in ascending order.
pub(crate) struct Sorted(Vec<Duration>);

impl Sorted {
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The time that `share` of the calls did not exceed, in microseconds.
    pub(crate) fn percentile(&self, share: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
        let at = (self.0.len() as f64 * share) as usize;
        let last = self.0.len().saturating_sub(1);
        self.0.get(at.min(last)).map_or(f64::NAN, |time| micros(*time))
    }
}

pub(crate) fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The middle of the finite values; the mean of the two middle ones of an even number.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let high = *values.get(middle)?;
    Some(if values.len() % 2 == 1 { high } else { f64::midpoint(values[middle - 1], high) })
}
