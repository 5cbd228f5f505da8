//! Whether this processor has places that it is slow to copy to: measured, once a process, when
//! the first large copy meets such a place.
//!
//! What counts is how the kernel copies, so that is what is measured, with a pipe. No name of a
//! processor tells it: kernels, their settings and hypervisors have a say too.

use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use super::{LEAD, PAGE, is_bad};

const UNKNOWN: u8 = 0;
const FAST: u8 = 1;
const SLOW: u8 = 2;

static PLACES: AtomicU8 = AtomicU8::new(UNKNOWN);

/// How far behind its source the destination stands in a bad place: in the middle of the worst.
const BEHIND: usize = 8;

/// How often either place is tried; the fastest try counts, for what disturbs makes a try slower.
const TRIES: usize = 8;

/// The bad place must take so many times as long, system call included. It takes three to four
/// times as long on processors that have any, and as long as others elsewhere.
const TIMES: u32 = 2;

/// Whether bad places are slow here.
#[inline]
pub(super) fn are_slow() -> bool {
    match PLACES.load(Ordering::Relaxed) {
        UNKNOWN => find_out(),
        known => known == SLOW,
    }
}

/// Goes on as on a processor that has such places, or has none, whatever this one has.
pub(crate) fn assume_slow_places(slow: bool) {
    PLACES.store(if slow { SLOW } else { FAST }, Ordering::Relaxed);
}

/// Some 40 microseconds. Threads that do it at the same time come to the same end.
#[cold]
fn find_out() -> bool {
    let slow = cfg!(target_arch = "x86_64")
        && measure().is_ok_and(|[bad, good]| bad > good.saturating_mul(TIMES));
    let known = if slow { SLOW } else { FAST };
    let found = PLACES.compare_exchange(UNKNOWN, known, Ordering::Relaxed, Ordering::Relaxed);
    found.err().unwrap_or(known) == SLOW
}

/// How long the kernel takes for a page of bytes from a bad place, and from a good one.
///
/// A page is what every pipe has room for, and it is laid at the start of one.
fn measure() -> io::Result<[Duration; 2]> {
    let (mut reader, mut writer) = io::pipe()?;
    let bytes = vec![1; PAGE.saturating_mul(3)];
    let page = bytes.as_ptr().addr().wrapping_neg() % PAGE;
    let places = [PAGE.saturating_sub(BEHIND), LEAD].map(|place| {
        let from = page.saturating_add(place);
        bytes.get(from..from.saturating_add(PAGE)).unwrap_or(&[])
    });
    debug_assert!(places.map(|place| is_bad(place.as_ptr().addr(), 0)) == [true, false]);
    let mut read = [0; PAGE];
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..TRIES {
        for (place, fastest) in places.iter().zip(&mut fastest) {
            let start = Instant::now();
            writer.write_all(place)?;
            *fastest = start.elapsed().min(*fastest);
            reader.read_exact(&mut read)?;
        }
    }
    Ok(fastest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_found_out_in_a_moment_and_always_the_same() {
        let found: Vec<bool> = (0..5)
            .map(|_| {
                let start = Instant::now();
                let [bad, good] = measure().expect("a pipe");
                assert!(start.elapsed() < Duration::from_secs(1), "it does not wait");
                bad > good * TIMES
            })
            .collect();
        let slow = found.iter().filter(|slow| **slow).count();
        assert!(slow <= 1 || slow >= 4, "{found:?}");
    }
}
