//! Looks for input several times before sleeping for it; off unless asked for.
//!
//! Waking a thread that sleeps on another processor takes longer than a short call. A thread that
//! first looks for input for some microseconds finds it without sleeping, if the peer is quick
//! enough; if not, it has wasted the time. So a thread looks only where looking has lately paid:
//! each look in vain doubles the number of reads that sleep at once, and one find resets it.

use std::io;
use std::time::{Duration, Instant};

/// The largest number of reads that sleep at once after many looks in vain: the cost of one look is
/// spread over them.
const MOST_SKIPPED: u32 = 1 << 10;

/// Looks between two looks at the clock.
const LOOKS: u32 = 4;

/// Whether to look before sleeping, and for how long.
#[derive(Debug)]
pub(in super::super) struct Polling {
    /// Longest time to look; zero for never.
    longest: Duration,
    /// Reads that still sleep at once before the next look.
    skip: u32,
    /// The value for `skip` after the next look in vain.
    penalty: u32,
}

impl Polling {
    pub(in super::super) fn new(longest: Duration) -> Self {
        Polling { longest, skip: 0, penalty: 1 }
    }

    /// Whether the thread ever looks for input.
    #[inline]
    pub(in super::super) fn is_on(&self) -> bool {
        !self.longest.is_zero()
    }

    /// Looks for input, at most until `most`. `None` if none came in time, or if this read sleeps
    /// at once.
    pub(in super::super) fn look(
        &mut self,
        most: Option<Instant>,
        mut receive: impl FnMut() -> io::Result<usize>,
    ) -> Option<io::Result<usize>> {
        if !self.is_on() {
            return None;
        }
        if self.skip > 0 {
            self.skip = self.skip.saturating_sub(1);
            return None;
        }
        let until = crate::sync::now().checked_add(self.longest)?;
        let until = most.into_iter().fold(until, Instant::min);
        loop {
            for _ in 0..LOOKS {
                match receive() {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    found => {
                        self.penalty = 1;
                        return Some(found);
                    }
                }
                // A thread on this processor that could bring the input runs first.
                crate::sync::yield_now();
            }
            if crate::sync::now() >= until {
                break;
            }
        }
        self.skip = self.penalty;
        self.penalty = self.penalty.saturating_mul(2).min(MOST_SKIPPED);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nothing() -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Reads that sleep at once between this look in vain and the next.
    fn skipped(polling: &mut Polling) -> u32 {
        let mut skipped = 0;
        loop {
            let mut looked = false;
            polling.look(None, || {
                looked = true;
                nothing()
            });
            if looked {
                return skipped;
            }
            skipped = u32::saturating_add(skipped, 1);
        }
    }

    #[test]
    fn looks_in_vain_get_rare_and_one_find_makes_up_for_them() {
        let mut polling = Polling::new(Duration::from_micros(1));
        let gaps: Vec<_> = (0..6).map(|_| skipped(&mut polling)).collect();
        assert_eq!(gaps, [0, 1, 2, 4, 8, 16]);
        while polling.skip > 0 {
            polling.look(None, nothing);
        }
        assert!(matches!(polling.look(None, || Ok(3)), Some(Ok(3))));
        assert_eq!(skipped(&mut polling), 0, "it paid: look again at once");
    }

    #[test]
    fn off_means_off() {
        let mut polling = Polling::new(Duration::ZERO);
        assert!(polling.look(None, || panic!("looked")).is_none());
    }
}
