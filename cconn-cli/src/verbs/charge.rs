//! `charge`: calls from many connections, and how long they took.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use super::picture;
use crate::arguments::{Common, Load};
use crate::dial;
use crate::failure::{Failure, Kind, Outcome};
use crate::output;
use crate::remote::Remote;

/// The percentiles that are shown.
pub const PERCENTILES: [f64; 6] = [50.0, 90.0, 99.0, 99.9, 99.99, 100.0];

/// How often the live line is drawn.
const LIVE: Duration = Duration::from_millis(250);

/// What the calls of one connection or of all came to.
struct Tally {
    /// Latencies in nanoseconds.
    latencies: Histogram<u64>,
    /// Calls that the command answered with its own error.
    refused: u64,
}

/// What all connections share.
struct Shared {
    done: AtomicU64,
    stop: AtomicBool,
}

pub fn run(load: &Load, common: &Common) -> Outcome<()> {
    let remote = Remote::open(&load.call.adresse, common)?;
    // Once, so that a wrong argument is told before anything is loaded.
    let prepared = remote.prepare(&load.call.commande, &load.call.valeurs)?;
    if prepared.streams() {
        let name = &load.call.commande;
        let text = format!("`{name}` answers with a stream: a load is made of single answers");
        return Err(Failure::usage(text));
    }
    remote.call(&remote.client, &prepared)?.map_err(|own| {
        Failure::new(Kind::Command, format!("`{}` refuses: {own}", load.call.commande))
    })?;
    let clients = (0..load.clients)
        .map(|_| dial::connect(&load.call.adresse, common))
        .collect::<Outcome<Vec<_>>>()?;
    let shared = Shared { done: AtomicU64::new(0), stop: AtomicBool::new(false) };
    let start = Instant::now();
    let end = start + load.duree;
    let interval =
        load.debit.map(|rate| Duration::from_secs_f64(f64::from(load.clients) / f64::from(rate)));
    let (total, failed) = thread::scope(|scope| {
        let (send, tallies) = mpsc::channel();
        for (at, (client, _)) in clients.iter().enumerate() {
            let (send, remote, prepared, shared) = (send.clone(), &remote, &prepared, &shared);
            scope.spawn(move || {
                // Connections with a rate begin one after the other, not all at once.
                let first = interval.map(|every| start + every.mul_f64(part(at, load.clients)));
                let call = || remote.call(client, prepared);
                let _over = send.send(connection(call, first.zip(interval), end, shared));
            });
        }
        drop(send);
        let live = io::stderr().is_terminal() && !common.json;
        collect(&tallies, &shared, start, live)
    });
    let time = start.elapsed().min(load.duree.max(Duration::from_millis(1)));
    report(&total, time, load, common)?;
    // What was measured until a call failed is worth as much, so the failure comes last.
    failed.map_or(Ok(()), Err)
}

#[expect(clippy::cast_precision_loss, reason = "at most 1024")]
fn part(at: usize, of: u16) -> f64 {
    at as f64 / f64::from(of)
}

/// The calls of one connection, until `end`. With a pace the latency of a call counts from the
/// moment at which it was due, even if an earlier one was late (coordinated omission).
fn connection(
    call: impl Fn() -> Outcome<Result<serde_json::Value, serde_json::Value>>,
    mut pace: Option<(Instant, Duration)>,
    end: Instant,
    shared: &Shared,
) -> (Tally, Option<Failure>) {
    let mut tally = Tally::new();
    loop {
        let from = match &mut pace {
            Some((due, every)) => {
                let from = *due;
                *due += *every;
                let wait = from.min(end).saturating_duration_since(Instant::now());
                thread::sleep(wait);
                from
            }
            None => Instant::now(),
        };
        if from >= end || shared.stop.load(Ordering::Relaxed) {
            return (tally, None);
        }
        let answered = match call() {
            Ok(answered) => answered,
            Err(failure) => {
                shared.stop.store(true, Ordering::Relaxed);
                return (tally, Some(failure));
            }
        };
        tally.refused += u64::from(answered.is_err());
        let nanos = u64::try_from(from.elapsed().as_nanos()).unwrap_or(u64::MAX);
        tally.latencies.saturating_record(nanos);
        shared.done.fetch_add(1, Ordering::Relaxed);
    }
}

impl Tally {
    fn new() -> Self {
        let latencies = Histogram::new_with_bounds(1, 3_600_000_000_000, 3);
        Tally { latencies: latencies.expect("the bounds are sound"), refused: 0 }
    }

    fn add(&mut self, other: &Tally) {
        self.latencies.add(&other.latencies).expect("both have the same bounds");
        self.refused += other.refused;
    }
}

/// Adds up what the connections came to, and meanwhile draws a line of how far they are.
fn collect(
    tallies: &mpsc::Receiver<(Tally, Option<Failure>)>,
    shared: &Shared,
    start: Instant,
    live: bool,
) -> (Tally, Option<Failure>) {
    let mut total = Tally::new();
    let mut failed = None;
    loop {
        match tallies.recv_timeout(LIVE) {
            Ok((tally, failure)) => {
                total.add(&tally);
                failed = failed.or(failure);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Err(mpsc::RecvTimeoutError::Timeout) if live => {
                let done = shared.done.load(Ordering::Relaxed);
                let rate = rate(done, start.elapsed());
                let seconds = start.elapsed().as_secs();
                let _closed = write!(io::stderr(), "\r{seconds} s, {done} calls, {rate:.0}/s  ");
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
        }
    }
    if live {
        let _closed = write!(io::stderr(), "\r\x1b[K");
    }
    (total, failed)
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(done: u64, time: Duration) -> f64 {
    done as f64 / time.as_secs_f64().max(0.001)
}

fn report(total: &Tally, time: Duration, load: &Load, common: &Common) -> Outcome<()> {
    let done = total.latencies.len();
    let at = |percent: f64| Duration::from_nanos(total.latencies.value_at_percentile(percent));
    if let Some(path) = &load.svg {
        picture::write(&total.latencies, load, path).map_err(|error| svg_failed(path, &error))?;
    }
    if common.json {
        let percentiles: serde_json::Map<_, _> = PERCENTILES
            .iter()
            .map(|percent| (format!("p{percent}"), json!(at(*percent).as_secs_f64())))
            .collect();
        return output::line(
            &json!({
                "appels": done,
                "refus": total.refused,
                "duree": time.as_secs_f64(),
                "par_seconde": rate(done, time),
                "clients": load.clients,
                "debit": load.debit,
                "latences": percentiles,
            })
            .to_string(),
        );
    }
    let measured = match load.debit {
        Some(wanted) => format!("latency from when a call was due, {wanted} calls/s wanted"),
        None => {
            "latency from when a call was sent; `--debit` counts from when it was due".to_owned()
        }
    };
    let refused = match total.refused {
        0 => String::new(),
        refused => format!(", {refused} answered with the command's own error"),
    };
    output::line(&format!(
        "{done} calls in {:.1} s: {:.0}/s over {} connections{refused}\n{measured}",
        time.as_secs_f64(),
        rate(done, time),
        load.clients
    ))?;
    PERCENTILES
        .iter()
        .try_for_each(|percent| output::line(&format!("  p{percent:<6} {:>10.1?}", at(*percent))))
}

fn svg_failed(path: &Path, error: &str) -> Failure {
    Failure::usage(format!("the picture can't be written to {}: {error}", path.display()))
}
