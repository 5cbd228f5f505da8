//! How long to wait before connecting again, and how many calls may be tried twice: plain numbers,
//! without a clock and without a connection.

use std::time::{Duration, Instant};

/// The first pause.
const FIRST: Duration = Duration::from_millis(100);

/// The longest pause.
const LONGEST: Duration = Duration::from_secs(10);

/// A connection that has lived this long was a good one: the next pause is the first one again.
const LIVED: Duration = Duration::from_secs(10);

/// A connection that has lived this long, and was lost to a server that was started anew, was good
/// too: the end of the old server says nothing against the new one.
const LIVED_TO_RESTART: Duration = Duration::from_secs(1);

/// Each pause is up to this many per cent longer or shorter, so that the clients of one server do
/// not come back at one moment.
const JITTER: u32 = 20;

/// The pauses between attempts to connect. Each is twice the last one, up to the longest.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pauses {
    /// How many pauses there were since the last good connection.
    step: u32,
}

impl Pauses {
    /// The next pause, as the random number `dice` makes it.
    #[inline]
    pub(super) fn next(&mut self, dice: u64) -> Duration {
        let doubled = FIRST.saturating_mul(1_u32.checked_shl(self.step).unwrap_or(u32::MAX));
        self.step = self.step.saturating_add(1);
        let more = u32::try_from(dice % u64::from(2 * JITTER + 1)).unwrap_or(JITTER);
        doubled.min(LONGEST) * (100 - JITTER + more) / 100
    }

    /// Notes that a connection has ended that had lived for so long.
    #[inline]
    pub(super) fn ended(&mut self, lived: Duration) {
        if lived >= LIVED {
            self.step = 0;
        }
    }

    /// Notes that a server was found that was started anew. `lived`: how long the connection to the
    /// old one had lived.
    #[inline]
    pub(super) fn found_another(&mut self, lived: Duration) {
        if lived >= LIVED_TO_RESTART {
            self.step = 0;
        }
    }
}

/// How many second tries there may be in a row.
const TOKENS: u32 = 10;

/// How often one more may be made.
const REFILL: Duration = Duration::from_secs(1);

/// The second tries that may still be made: where many calls are lost at once, or a call itself
/// ends its server, trying all of them again would make it worse.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens {
    left: u32,
    /// When the last token was added.
    refilled: Option<Instant>,
}

impl Default for Tokens {
    #[inline]
    fn default() -> Self {
        Tokens { left: TOKENS, refilled: None }
    }
}

impl Tokens {
    /// Takes a token for one second try; false if there is none.
    #[inline]
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let since = *self.refilled.get_or_insert(now);
        let waited = now.saturating_duration_since(since);
        let added = u32::try_from(waited.as_nanos() / REFILL.as_nanos()).unwrap_or(u32::MAX);
        if added > 0 {
            self.refilled = since.checked_add(REFILL.saturating_mul(added));
            self.left = self.left.saturating_add(added).min(TOKENS);
        }
        let had = self.left > 0;
        self.left = self.left.saturating_sub(1);
        had
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In the middle between shorter and longer.
    const EVEN: u64 = JITTER as u64;

    #[test]
    fn pauses_double_from_a_tenth_of_a_second_to_ten() {
        let mut pauses = Pauses::default();
        let row: Vec<u128> = (0..9).map(|_| pauses.next(EVEN).as_millis()).collect();
        assert_eq!(row, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        pauses.step = u32::MAX;
        assert_eq!(pauses.next(EVEN), LONGEST);
    }

    #[test]
    fn no_two_clients_keep_one_rhythm() {
        let first = |dice| Pauses::default().next(dice);
        let (shortest, longest) = (first(0), first(2 * EVEN));
        assert_eq!((shortest.as_millis(), longest.as_millis()), (80, 120));
        let all: std::collections::BTreeSet<_> = (0..1_000).map(first).collect();
        assert_eq!(all.len(), 41);
        assert!(all.iter().all(|pause| (shortest..=longest).contains(pause)));
    }

    #[test]
    fn only_a_good_connection_makes_the_pauses_short_again() {
        let mut pauses = Pauses::default();
        for _ in 0..3 {
            pauses.next(EVEN);
        }
        pauses.ended(Duration::from_millis(9_999));
        assert_eq!(pauses.next(EVEN).as_millis(), 800, "it was accepted and soon lost");
        pauses.found_another(Duration::from_millis(999));
        assert_eq!(pauses.next(EVEN).as_millis(), 1_600, "a server that ends with each client");
        pauses.found_another(Duration::from_secs(1));
        assert_eq!(pauses.next(EVEN).as_millis(), 100);
        pauses.next(EVEN);
        pauses.ended(Duration::from_secs(10));
        assert_eq!(pauses.next(EVEN).as_millis(), 100);
    }

    #[test]
    fn ten_second_tries_in_a_row_and_one_a_second() {
        let (mut tokens, now) = (Tokens::default(), Instant::now());
        let taken = (0..20).filter(|_| tokens.take(now)).count();
        assert_eq!(taken, 10);
        assert!(!tokens.take(now + Duration::from_millis(999)));
        assert!(tokens.take(now + Duration::from_secs(1)));
        assert!(!tokens.take(now + Duration::from_millis(1_999)));
        let later = now + Duration::from_secs(100);
        assert_eq!((0..20).filter(|_| tokens.take(later)).count(), 10, "never more than ten");
    }
}
