//! When calls are due: at a rate, in turn on each of the connections.

use std::time::Duration;

const NANOS: u128 = 1_000_000_000;

/// So many calls a second, of all connections together.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    pub rate: u32,
    pub clients: u16,
}

impl Pace {
    /// When a connection's call is due, since the load began. Connections begin one after the
    /// other, not all at once.
    pub fn due(self, client: usize, call: u64) -> Duration {
        let at = u128::from(call) * u128::from(self.clients) + client as u128;
        let nanos = at * NANOS / u128::from(self.rate);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// How many calls are due before this moment.
    pub fn count(self, before: Duration) -> u64 {
        let count = (before.as_nanos() * u128::from(self.rate)).div_ceil(NANOS);
        u64::try_from(count).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_due_in_turn_and_counted_up_to_the_end() {
        for (rate, clients, millis) in
            [(100, 1, 1000), (50, 3, 300), (3, 7, 1000), (7, 2, 1), (u32::MAX, 1, 1)]
        {
            let (pace, end) = (Pace { rate, clients }, Duration::from_millis(millis));
            let count = pace.count(end);
            assert_eq!(u128::from(count), (u128::from(rate) * u128::from(millis)).div_ceil(1000));
            let due = |at: u64| {
                let clients = u64::from(clients);
                pace.due(usize::try_from(at % clients).unwrap(), at / clients)
            };
            assert!(due(count - 1) < end && due(count) >= end, "{pace:?}");
        }
    }
}
