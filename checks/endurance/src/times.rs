//! Times measured, and their percentiles.

use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    pub(crate) fn extend(&mut self, others: Times) {
        self.0.extend(others.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest time that `thousandths` of all are not above; zero if there are none.
    pub(crate) fn percentile(&mut self, thousandths: usize) -> Duration {
        self.0.sort_unstable();
        let at = (self.0.len() * thousandths).div_ceil(1000).saturating_sub(1);
        self.0.get(at).copied().unwrap_or_default()
    }

    pub(crate) fn worst(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut times = Times::default();
        assert_eq!(times.percentile(990), Duration::ZERO);
        (1..=1000).rev().for_each(|n| times.push(Duration::from_millis(n)));
        assert_eq!(times.percentile(500), Duration::from_millis(500));
        assert_eq!(times.percentile(990), Duration::from_millis(990));
        assert_eq!(times.percentile(1000), times.worst());
    }
}
