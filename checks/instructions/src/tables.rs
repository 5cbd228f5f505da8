//! Processor time of repeated work, as rows of a table in Markdown.
//!
//! It is counted for the whole process, both sides of a connection together: other programs
//! change it little, where they change the time on a clock much.

use std::time::Duration;

use cconn::Resultat;
use rustix::time::{ClockId, clock_gettime};

/// Rounds of which the middle one counts: other programs empty the caches now and then.
const ROUNDS: usize = 7;

/// A round lasts about this long.
const ROUND: Duration = Duration::from_millis(100);

/// Prints a table's head.
pub(crate) fn head(columns: &[&str]) {
    println!();
    row(columns);
    println!("|{}", "---|".repeat(columns.len()));
}

/// Prints a row.
pub(crate) fn row(cells: &[&str]) {
    println!("| {} |", cells.join(" | "));
}

/// Microseconds of a unit of each of two sorts of work, the medians of rounds that take turns.
pub(crate) fn compare(
    mut left: impl FnMut(u32) -> Resultat<()>,
    mut right: impl FnMut(u32) -> Resultat<()>,
) -> Resultat<[f64; 2]> {
    let counts = [calibrate(&mut left)?, calibrate(&mut right)?];
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        times[0].push(time(&mut left, counts[0])?);
        times[1].push(time(&mut right, counts[1])?);
    }
    Ok(times.map(median))
}

/// Microseconds of a unit of work, the median of some rounds.
pub(crate) fn measure(mut work: impl FnMut(u32) -> Resultat<()>) -> Resultat<f64> {
    let count = calibrate(&mut work)?;
    let times = (0..ROUNDS).map(|_| time(&mut work, count)).collect::<Resultat<Vec<f64>>>()?;
    Ok(median(times))
}

/// How many units make a round.
fn calibrate(work: &mut impl FnMut(u32) -> Resultat<()>) -> Resultat<u32> {
    let mut count = 1;
    loop {
        let start = spent();
        work(count)?;
        if spent().saturating_sub(start) >= ROUND / 2 {
            return Ok(count);
        }
        count *= 2;
    }
}

fn time(work: &mut impl FnMut(u32) -> Resultat<()>, count: u32) -> Resultat<f64> {
    let start = spent();
    work(count)?;
    Ok(spent().saturating_sub(start).as_secs_f64() * 1e6 / f64::from(count))
}

/// Processor time of this process so far.
fn spent() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
