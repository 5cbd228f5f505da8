//! Sorting, and maps of few entries, with little code for each type.
//!
//! The standard library makes two thousand lines of intermediate code for each type that is sorted,
//! and five thousand for each map. Here positions are sorted, whatever stands at them, and a map is
//! a sorted vector. It is for what is sorted seldom and for maps that stay small.

use std::cmp::Ordering;

/// A map of few entries, sorted by key.
#[derive(Debug)]
pub(crate) struct Few<K, V>(Vec<(K, V)>);

impl<K, V> Default for Few<K, V> {
    fn default() -> Self {
        Few::new()
    }
}

impl<K, V> Few<K, V> {
    pub(crate) const fn new() -> Self {
        Few(Vec::new())
    }
}

impl<K: Ord, V> Few<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        let place = self.find(key).ok()?;
        self.0.get(place).map(|(_, value)| value)
    }

    /// The value of a key, made if there is none.
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let place = match self.find(&key) {
            Ok(place) => place,
            Err(place) => {
                self.0.insert(place, (key, make()));
                place
            }
        };
        &mut self.0[place].1
    }

    /// The entries, by key.
    pub(crate) fn entries(&self) -> &[(K, V)] {
        &self.0
    }

    /// Takes the entries out, sorted by key.
    pub(crate) fn into_entries(self) -> Vec<(K, V)> {
        self.0
    }

    fn find(&self, key: &K) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.cmp(key))
    }
}

/// Sorts, and keeps the order of equal items. It allocates, so it is not for what runs all the time.
pub(crate) fn sort_by<T>(items: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    let swaps = swaps(items.len(), &|one, other| match (items.get(one), items.get(other)) {
        (Some(one), Some(other)) => compare(one, other),
        _ => Ordering::Equal,
    });
    for (one, other) in swaps {
        items.swap(one, other);
    }
}

/// Sorts by the order of the type.
pub(crate) fn sort<T: Ord>(items: &mut [T]) {
    sort_by(items, T::cmp);
}

/// The positions to swap, one pair after the other, to sort so many items.
fn swaps(len: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<(usize, usize)> {
    let mut sorted: Vec<usize> = (0..len).collect();
    sorted.sort_unstable_by(|one, other| compare(*one, *other).then(one.cmp(other)));
    // Where the item that is at each position now will be.
    let mut goal = vec![0; len];
    for (at, from) in sorted.into_iter().enumerate() {
        goal[from] = at;
    }
    let mut swaps = Vec::new();
    for at in 0..len {
        while goal[at] != at {
            let to = goal[at];
            swaps.push((at, to));
            goal.swap(at, to);
        }
    }
    swaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_of_few_entries_is_sorted_and_has_each_key_once() {
        let mut few = Few::default();
        for (at, key) in ["b", "a", "c", "b", "a"].into_iter().enumerate() {
            few.entry(key, Vec::new).push(at);
        }
        assert_eq!(few.get(&"b"), Some(&vec![0, 3]));
        assert_eq!(few.get(&"d"), None);
        assert_eq!(few.entries().len(), 3);
        let entries = few.into_entries();
        assert_eq!(entries, [("a", vec![1, 4]), ("b", vec![0, 3]), ("c", vec![2])]);
    }

    #[test]
    fn it_sorts_as_the_standard_library_does() {
        let mut dice = 1_u64;
        for len in [0, 1, 2, 3, 7, 20, 64, 1_000] {
            let mut items: Vec<(u64, usize)> = (0..len)
                .map(|at| {
                    dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    ((dice >> 40) % 50, at)
                })
                .collect();
            let mut sorted = items.clone();
            sorted.sort_by_key(|(key, _)| *key);
            sort_by(&mut items, |one, other| one.0.cmp(&other.0));
            assert_eq!(items, sorted);
            let (mut items, mut sorted) = (items, sorted);
            items.reverse();
            sort(&mut items);
            sorted.sort_unstable();
            assert_eq!(items, sorted);
        }
    }
}
