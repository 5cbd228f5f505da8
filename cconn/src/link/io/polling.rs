//! Looking for input again and again before sleeping for it: off unless asked for.
//!
//! Waking a thread that sleeps on another processor takes longer than a short call. A thread
//! that looks for input for some microseconds first finds it without any sleep, if the peer is
//! as quick; if not, it burned the time for nothing. So it looks only where looking has lately
//! paid: each time in vain doubles the number of reads that sleep at once, and one find makes up
//! for all of them.

use std::io;
use std::time::{Duration, Instant};

/// Reads that sleep at once after many looks in vain: the cost of one look is spread over them.
const MOST_SKIPPED: u32 = 1 << 10;

/// Looks between two looks at the clock.
const LOOKS: u32 = 4;

/// Whether and how long to look before sleeping.
#[derive(Debug)]
pub(in super::super) struct Polling {
    /// Longest time to look; zero for never.
    longest: Duration,
    /// Reads that still sleep at once.
    skip: u32,
    /// How many will after the next look in vain.
    penalty: u32,
}

impl Polling {
    pub(in super::super) fn new(longest: Duration) -> Self {
        Polling { longest, skip: 0, penalty: 1 }
    }

    /// Whether it is ever looked for input.
    #[inline]
    pub(in super::super) fn is_on(&self) -> bool {
        !self.longest.is_zero()
    }

    /// Looks for input, until then at most. `None` where it did not come in time, or was not looked
    /// for.
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
                // Whoever could bring the input, on this processor, goes first.
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
