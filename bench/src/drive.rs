//! The works as loops over a connection: one set for blocking peers, one for asynchronous ones.
//!
//! They measure the same things in the same way; what they share stands here.

pub(crate) mod asynchronous;
pub(crate) mod blocking;
mod meter;
mod tally;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::laps::Laps;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Unit};
use crate::session::Session;

pub(crate) use meter::Meter;
pub(crate) use tally::Tally;

/// The arguments and the answer of every small call; small numbers, as most are.
pub(crate) const A: i64 = 12;
pub(crate) const B: i64 = 34;
pub(crate) const SUM: i64 = A + B;

/// How long a server may need to notice what has just been set up, where nothing tells.
pub(crate) const SETTLING: Duration = Duration::from_millis(100);

static OVER: AtomicBool = AtomicBool::new(false);

/// The measure is done: connections that end from now on are no news.
pub(crate) fn finish() {
    OVER.store(true, Ordering::Relaxed);
}

fn is_over() -> bool {
    OVER.load(Ordering::Relaxed)
}

/// What a large payload consists of: no byte that a text format would have to escape.
pub(crate) fn payload(bytes: usize) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(bytes).collect()
}

pub(crate) fn rate(count: u64, time: Duration) -> Vec<Figure> {
    let value = count as f64 / time.as_secs_f64();
    vec![Figure { name: "".into(), value, unit: Unit::PerSecond }]
}

/// The throughput of echoes: their bytes are counted once, not for each direction.
pub(crate) fn throughput(count: u64, bytes: usize, time: Duration) -> Vec<Figure> {
    let mib = count as f64 * bytes as f64 / f64::from(1 << 20);
    vec![Figure { name: "".into(), value: mib / time.as_secs_f64(), unit: Unit::MibPerSecond }]
}

pub(crate) fn median_call(micros: f64) -> Vec<Figure> {
    vec![Figure { name: "p50".into(), value: micros, unit: Unit::Micros }]
}

/// Lets the server send one message after the other to all who listen: the median time from the
/// request to the last arrival.
pub(crate) fn timed_broadcasts(
    session: &mut Session,
    messages: &Tally,
    budget: Budget,
) -> Outcome<Vec<Figure>> {
    let mut once = || {
        expect(&session.broadcast()?, &budget.audience)?;
        messages.wait()
    };
    once()?;
    let mut laps = Laps::start(budget.time);
    while laps.goes_on() {
        once()?;
        laps.lap();
    }
    Ok(median_call(laps.finish().percentile(0.50)))
}

pub(crate) fn memory(before: u64, after: u64, connections: usize) -> Vec<Figure> {
    let value = after.saturating_sub(before) as f64 / connections as f64;
    vec![Figure { name: "".into(), value, unit: Unit::Kib }]
}
