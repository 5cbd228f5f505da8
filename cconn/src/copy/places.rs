//! Whether this processor copies slowly to some places. Measured once in a process, when the first
//! large copy meets such a place.
//!
//! The kernel's copying decides, so it is measured, with a pipe. The processor's name does not
//! tell: kernels, their settings and hypervisors matter too.

use std::io::{self, Read as _, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use super::{LEAD, PAGE, is_bad};

const UNKNOWN: u8 = 0;
const FAST: u8 = 1;
const SLOW: u8 = 2;

static PLACES: AtomicU8 = AtomicU8::new(UNKNOWN);

/// How many bytes further into its page the destination of the slow copy lies: the middle of the
/// worst range.
const BEHIND: usize = 8;

/// How often each place is tried. The fastest try counts, because disturbances only make a try
/// slower.
const TRIES: usize = 8;

/// How many times as long the bad place must take, including the system call, to count as slow.
/// Processors with bad places take three to four times as long; others take the same time for both.
const TIMES: u32 = 2;

/// Whether bad places are slow here.
#[inline]
pub(super) fn are_slow() -> bool {
    match PLACES.load(Ordering::Relaxed) {
        UNKNOWN => find_out(),
        known => known == SLOW,
    }
}

/// Assumes from now on that copies to bad places are slow, or that they are not, without measuring.
pub(crate) fn assume_slow_places(slow: bool) {
    PLACES.store(if slow { SLOW } else { FAST }, Ordering::Relaxed);
}

/// Measures, which takes some 40 microseconds. Threads that measure at the same time agree: the
/// first result stays.
#[cold]
fn find_out() -> bool {
    let slow = cfg!(target_arch = "x86_64")
        && measure().is_ok_and(|[bad, good]| bad > good.saturating_mul(TIMES));
    let known = if slow { SLOW } else { FAST };
    let found = PLACES.compare_exchange(UNKNOWN, known, Ordering::Relaxed, Ordering::Relaxed);
    found.err().unwrap_or(known) == SLOW
}

/// How long the kernel takes for a page of bytes from a bad place, and for one from a good place.
///
/// Every pipe has room for a page, and the kernel puts the bytes at the start of a page.
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
    fn the_processor_is_judged_quickly_and_always_alike() {
        let mut quickest = Duration::MAX;
        let found: Vec<bool> = (0..5)
            .map(|_| {
                let start = Instant::now();
                let [bad, good] = measure().expect("a pipe");
                quickest = quickest.min(start.elapsed());
                bad > good * TIMES
            })
            .collect();
        assert!(quickest < Duration::from_secs(1), "it does not wait: {quickest:?}");
        let slow = found.iter().filter(|slow| **slow).count();
        assert!(slow <= 1 || slow >= 4, "{found:?}");
    }
}
