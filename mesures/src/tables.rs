//! Times of repeated work, as rows of a table in Markdown.

use std::time::{Duration, Instant};

use cconn::Resultat;

/// Rounds of which the middle one counts: others use the machine too.
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
        let start = Instant::now();
        work(count)?;
        if start.elapsed() >= ROUND / 2 {
            return Ok(count);
        }
        count *= 2;
    }
}

fn time(work: &mut impl FnMut(u32) -> Resultat<()>, count: u32) -> Resultat<f64> {
    let start = Instant::now();
    work(count)?;
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(count))
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
