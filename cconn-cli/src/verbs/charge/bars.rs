//! Latencies in buckets whose bounds are 1, 2 and 5 times powers of ten, and as bars.

use std::env;
use std::io::{self, IsTerminal};
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::progress;

/// How many lines of bars there are at most.
const LINES: usize = 12;

/// How long a bar is at most.
const LONGEST: usize = 40;

/// The columns of what stands before a bar: of all figures, and of the bucket alone, which is what
/// a narrow terminal shows.
const FIGURES: usize = 34;
const BUCKET: usize = 13;

/// How many calls took at least `from` and less than `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub from: Duration,
    pub to: Duration,
    pub calls: u64,
}

/// The buckets from the shortest latency to the longest, empty ones between them too.
pub fn buckets(latencies: &Histogram<u64>) -> Vec<Bucket> {
    grouped(latencies, &[1, 2, 5])
}

fn grouped(latencies: &Histogram<u64>, steps: &[u64]) -> Vec<Bucket> {
    let mut found: Vec<Bucket> = Vec::new();
    let mut bounds = bounds(steps).peekable();
    let mut from = 0;
    for value in latencies.iter_recorded() {
        let nanos = value.value_iterated_to();
        while let Some(to) = bounds.next_if(|_| found.is_empty() || nanos >= from) {
            if !found.is_empty() || nanos < to {
                let (from, to) = (Duration::from_nanos(from), Duration::from_nanos(to));
                found.push(Bucket { from, to, calls: 0 });
            }
            from = to;
        }
        if let Some(last) = found.last_mut() {
            last.calls += value.count_at_value();
        }
    }
    found
}

/// The bounds of buckets in nanoseconds, up to above all latencies.
fn bounds(steps: &[u64]) -> impl Iterator<Item = u64> {
    (0..15).flat_map(move |power| steps.iter().map(move |step| step * 10_u64.pow(power)))
}

/// A line for each bucket: powers of ten alone where there would be too many.
pub fn lines(latencies: &Histogram<u64>) -> Vec<String> {
    let width = terminal_size::terminal_size_of(io::stdout());
    let mark = if has_blocks() { '█' } else { '#' };
    lines_within(latencies, width.map_or(80, |(width, _)| width.0.into()), mark)
}

fn lines_within(latencies: &Histogram<u64>, width: usize, mark: char) -> Vec<String> {
    let mut buckets = buckets(latencies);
    if buckets.len() > LINES {
        buckets = grouped(latencies, &[1]);
    }
    let most = buckets.iter().map(|bucket| bucket.calls).max().unwrap_or(0);
    let is_narrow = width < FIGURES + 10;
    let beside = if is_narrow { BUCKET } else { FIGURES };
    let longest = width.saturating_sub(beside + 1).min(LONGEST);
    let line = |bucket: &Bucket| {
        let figures = if is_narrow { String::new() } else { figures(bucket, latencies.len()) };
        let to = format!("< {:?}", bucket.to);
        let bar = bar(bucket.calls, most, longest, mark);
        progress::cut(format!("  {to:<9}{figures}  {bar}").trim_end(), width).to_owned()
    };
    buckets.iter().map(line).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn figures(bucket: &Bucket, all: u64) -> String {
    let share = 100.0 * bucket.calls as f64 / all.max(1) as f64;
    format!(" {:>10} {share:>6.2} %", bucket.calls)
}

/// A bar in proportion; whatever is not nothing has one.
fn bar(calls: u64, most: u64, longest: usize, mark: char) -> String {
    let length = u128::from(calls) * longest as u128;
    let length = length.div_ceil(u128::from(most.max(1)));
    (0..length).map(|_| mark).collect()
}

/// Whether the terminal shows blocks: its character set says so.
fn has_blocks() -> bool {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let charset = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG"));
    let charset = charset.unwrap_or_default().to_ascii_lowercase();
    let is_unicode = cfg!(windows) || charset.contains("utf-8") || charset.contains("utf8");
    is_unicode && io::stdout().is_terminal() && set("TERM").as_deref() != Some("dumb")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(values: &[u64]) -> Histogram<u64> {
        let mut latencies = Histogram::new_with_bounds(1, 3_600_000_000_000, 3).unwrap();
        for value in values {
            latencies.saturating_record(*value);
        }
        latencies
    }

    fn found(values: &[u64]) -> Vec<(u64, u64, u64)> {
        let nanos = |time: Duration| u64::try_from(time.as_nanos()).unwrap();
        let found = buckets(&recorded(values));
        found.iter().map(|one| (nanos(one.from), nanos(one.to), one.calls)).collect()
    }

    #[test]
    fn each_latency_is_in_one_bucket_and_gaps_are_empty_ones() {
        assert_eq!(found(&[]), []);
        assert_eq!(found(&[1]), [(1, 2, 1)]);
        assert_eq!(found(&[120, 130, 450]), [(100, 200, 2), (200, 500, 1)]);
        assert_eq!(
            found(&[150, 1500]),
            [(100, 200, 1), (200, 500, 0), (500, 1000, 0), (1000, 2000, 1)]
        );
        // The longest that is counted is an hour.
        let all = found(&[1, u64::MAX]);
        assert_eq!(all.iter().map(|one| one.2).sum::<u64>(), 2);
        assert!(all.windows(2).all(|pair| pair[0].1 == pair[1].0), "{all:?}");
    }

    #[test]
    fn lines_are_few_whatever_the_range() {
        assert!(lines_within(&recorded(&[]), 80, '#').is_empty());
        let wide = recorded(&[1, 50, 70_000, 3_000_000_000, u64::MAX]);
        for width in [0, 1, 10, 20, 43, 44, 80, 200] {
            let lines = lines_within(&wide, width, '#');
            assert!(
                lines.len() <= 14 && lines.iter().all(|line| line.len() <= width),
                "{lines:#?}"
            );
            let bars = lines.iter().filter(|line| line.contains('#')).count();
            assert_eq!(bars, if width < 20 { 0 } else { 5 }, "{lines:#?}");
        }
        assert_eq!(bar(1, 1_000_000, 40, '#'), "#");
        assert_eq!(bar(u64::MAX, u64::MAX, 40, '#').len(), 40);
        assert_eq!(bar(5, 10, 0, '#'), "");
    }
}
