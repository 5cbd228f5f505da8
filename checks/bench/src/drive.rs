//! The works as loops over a connection: one set for blocking peers, one for asynchronous ones.
//!
//! They measure the same things in the same way; what they share stands here.

pub(crate) mod asynchronous;
pub(crate) mod blocking;
mod meter;
mod tally;

use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::laps::Laps;
use crate::machine;
use crate::outcome::{Outcome, expect};
use crate::peer::{Budget, Figure, Unit};
use crate::session::Session;

pub(crate) use meter::Meter;
pub(crate) use tally::Tally;

/// The arguments and the answer of every small call; small numbers, as most are.
pub(crate) const A: i64 = 12;
pub(crate) const B: i64 = 34;
pub(crate) const SUM: i64 = A + B;

/// Messages that are sent between two looks at the clock, and that *raw-batch* writes at once: to
/// look for each would take a tenth of the time of the fastest. Asynchronous peers look for each
/// call, which is a few thousandths of theirs.
pub(crate) const BATCH: usize = 128;

/// How long a server may need to notice what has just been set up, where nothing tells.
pub(crate) const SETTLING: Duration = Duration::from_millis(100);

/// How long connections may take to end after they were left.
const PARTING: Duration = Duration::from_secs(5);

/// Repeats that until then, in batches: how many times.
pub(crate) fn repeat_until(until: Instant, mut once: impl FnMut() -> Outcome<()>) -> Outcome<u64> {
    let mut count = 0;
    while Instant::now() < until {
        for _ in 0..BATCH {
            once()?;
        }
        count += BATCH as u64;
    }
    Ok(count)
}

/// The first number of a stream: as most ids and times, too large for a short form.
pub(crate) const FIRST: u64 = 1 << 40;

/// A source of bytes that is always ready, as a file in the system's memory is.
pub(crate) struct Source(pub(crate) Vec<u8>);

impl Read for Source {
    fn read(&mut self, place: &mut [u8]) -> std::io::Result<usize> {
        let size = place.len().min(self.0.len());
        place[..size].copy_from_slice(&self.0[..size]);
        Ok(size)
    }
}

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

/// Changes what an echo sends, so that an answer which never came can't be taken for it.
fn renew(payload: &mut [u8]) {
    let next = |byte: u8| if byte == b'z' { b'a' } else { byte + 1 };
    if let [first, .., last] = payload {
        (*first, *last) = (next(*first), next(*last));
    }
}

/// Whether the bytes that came back are those that were sent: their number, both ends, and a
/// sample of what lies between, which takes little beside the bytes' way.
pub(crate) fn check_echo(sent: &[u8], back: &[u8]) -> Outcome<()> {
    expect(&back.len(), &sent.len())?;
    expect(&back.last(), &sent.last())?;
    let sample = |bytes: &[u8]| bytes.iter().step_by(1021).copied().collect::<Vec<u8>>();
    if sample(sent) == sample(back) {
        return Ok(());
    }
    Err("an echo has other bytes".into())
}

pub(crate) fn rate(count: u64, time: Duration) -> Vec<Figure> {
    let value = count as f64 / time.as_secs_f64();
    vec![Figure { name: "".into(), value, unit: Unit::PerSecond }]
}

/// The throughput of bytes that were moved; those of echoes are counted once, not for each
/// direction.
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

/// Connections that are made, used and left one after the other. What a library leaves to be done
/// in the background counts too: the clock stops when both processes have let all of them go.
fn timed_connects(
    session: &mut Session,
    budget: Budget,
    mut connect: impl FnMut(Duration) -> Outcome<u64>,
) -> Outcome<Vec<Figure>> {
    // What the first one brings to life stays.
    connect(Duration::from_millis(1))?;
    thread::sleep(SETTLING);
    let before = [machine::descriptors()?, session.descriptors()?];
    let mut all_gone = || {
        let end = Instant::now() + PARTING;
        while machine::descriptors()? > before[0] || session.descriptors()? > before[1] {
            if Instant::now() > end {
                return Err("connections are still open".into());
            }
            thread::sleep(Duration::from_micros(200));
        }
        Outcome::Ok(())
    };
    connect(budget.warm_up())?;
    all_gone()?;
    let start = Instant::now();
    let count = connect(budget.time)?;
    all_gone()?;
    Ok(rate(count, start.elapsed()))
}

/// What each of those connections, which were made since, costs the server.
fn memory(session: &mut Session, before: u64, connections: usize) -> Outcome<Vec<Figure>> {
    thread::sleep(SETTLING);
    let grown = session.resident_kib()?.saturating_sub(before) as f64;
    let value = grown / connections as f64 + session.ahead_kib()?;
    Ok(vec![Figure { name: "".into(), value, unit: Unit::Kib }])
}
