//! Frames that arrive without a charge and change nothing: how many have come, and how fast more of
//! them are read.
//!
//! The window bounds the commands that a peer may send, and most other frames of a peer answer a
//! frame of ours or cross one: a late answer is excused for each call that was given up, and a late
//! cancel for each command that came. The rest (grants of nothing, further cancels of unknown calls,
//! further answers to no call) costs a peer that floods us nothing, and costs us a processor. Such frames break no rule, so they are
//! read slowly instead: the peer then waits for room in its own socket.

use std::time::{Duration, Instant};

/// The number of such frames that costs nothing: cancels that cross their answers come in crowds.
const FREE: u64 = 4096;

/// Each further frame takes this long: twenty thousand a second use a five-hundredth of a
/// processor.
const EACH: Duration = Duration::from_micros(50);
const EACH_MICROS: u128 = EACH.as_micros();

/// The largest count kept: however many came, reading goes on after a second.
const REMEMBERED: u64 = FREE + 20_000;

/// Counts the frames of one connection that changed nothing. The count falls with time, by one each
/// `EACH`.
#[derive(Debug, Default)]
pub(crate) struct Waste {
    count: u64,
    /// Paddings since the last one that was counted.
    paddings: u8,
    /// Cancels that changed nothing.
    cancels: u64,
    /// When the count was last reduced.
    since: Option<Instant>,
}

impl Waste {
    /// Counts a frame that changed nothing.
    pub(crate) fn note(&mut self) {
        self.count = self.count.saturating_add(1).min(REMEMBERED);
    }

    /// Counts a cancel that changed nothing, after `arrived` commands have come: one for each of them
    /// may have crossed its outcome, and costs no more than its command, which the window bounds.
    pub(crate) fn note_cancel(&mut self, arrived: u64) {
        self.cancels = self.cancels.saturating_add(1);
        if self.cancels > arrived {
            self.note();
        }
    }

    /// Counts a padding: four of them like one other frame, because up to three precede each large
    /// frame.
    // [grant.padding]
    pub(crate) fn note_padding(&mut self) {
        self.paddings = self.paddings.wrapping_add(1) % 4;
        if self.paddings == 0 {
            self.note();
        }
    }

    /// Whether reading may have to wait.
    #[inline]
    pub(crate) fn is_much(&self) -> bool {
        self.count > FREE
    }

    /// When more may be read; `None` if at once.
    pub(crate) fn until(&mut self, now: Instant) -> Option<Instant> {
        let since = *self.since.get_or_insert(now);
        let passed = now.saturating_duration_since(since).as_micros() / EACH_MICROS;
        if passed > 0 {
            self.count = self.count.saturating_sub(u64::try_from(passed).unwrap_or(u64::MAX));
            // Only if the count falls: quick looks in a row would otherwise never lower it.
            self.since = Some(now);
        }
        let beyond = u32::try_from(self.count.checked_sub(FREE)?).unwrap_or(u32::MAX);
        if beyond == 0 { None } else { now.checked_add(EACH.saturating_mul(beyond)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_is_excused_for_each_command_that_came() {
        let mut waste = Waste::default();
        for _ in 0..3 * FREE {
            waste.note_cancel(3 * FREE);
        }
        assert!(!waste.is_much());
        for _ in 0..=FREE {
            waste.note_cancel(3 * FREE);
        }
        assert!(waste.is_much());
    }

    // [grant.padding]
    #[test]
    fn four_paddings_count_as_one() {
        let mut waste = Waste::default();
        (0..4 * FREE + 3).for_each(|_| waste.note_padding());
        assert!(!waste.is_much());
        waste.note_padding();
        assert!(waste.is_much());
    }

    #[test]
    fn a_crowd_is_free_and_a_flood_takes_its_time() {
        let (mut waste, start) = (Waste::default(), Instant::now());
        (0..FREE).for_each(|_| waste.note());
        assert!(!waste.is_much() && waste.until(start).is_none());
        (0..2).for_each(|_| waste.note());
        assert!(waste.is_much());
        assert_eq!(waste.until(start), Some(start + 2 * EACH));
        assert_eq!(waste.until(start + EACH), Some(start + 2 * EACH));
        assert_eq!(waste.until(start + 2 * EACH), None);
        (0..1_000_000).for_each(|_| waste.note());
        let later = start + Duration::from_secs(1);
        assert!(waste.until(later).is_none_or(|until| until <= later + Duration::from_secs(1)));
        assert_eq!(waste.until(later + Duration::from_secs(2)), None, "nobody is cut off for ever");
    }

    #[test]
    fn the_count_falls_however_often_it_is_looked_at() {
        let (mut waste, start) = (Waste::default(), Instant::now());
        (0..FREE + 10).for_each(|_| waste.note());
        let (half, ten) = (EACH / 2, start + 10 * EACH);
        assert_eq!(waste.until(start), Some(ten));
        for looks in 1..20 {
            assert!(waste.until(start + looks * half).is_some_and(|until| until <= ten + EACH));
        }
        assert_eq!(waste.until(ten), None);
    }
}
