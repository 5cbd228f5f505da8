//! Values by number, in the order of the numbers.
//!
//! A `BTreeMap` is five thousand lines of intermediate code for each type of value that it holds.
//! Here one map, of places, serves every type: what is made for each type is the access to a
//! vector. It knows nothing of what the numbers mean.

use std::collections::BTreeMap;

/// The room that a table keeps, however few values it holds.
const KEPT: usize = 64;

/// A table with more room than that keeps it while at least this part of it is taken.
const PART: usize = 4;

/// Values by number.
///
/// `None` until there is a first one, because a connection has some tables and mostly needs none.
#[derive(Debug)]
pub(crate) struct Table<V>(Option<Box<Held<V>>>);

/// What a table holds.
#[derive(Debug)]
struct Held<V> {
    places: Places,
    /// A place is `None` if and only if it is in `places.free`.
    values: Vec<Option<V>>,
}

/// Which number has its value where.
#[derive(Debug, Default)]
struct Places {
    taken: BTreeMap<u64, usize>,
    free: Vec<usize>,
}

impl<V> Default for Table<V> {
    fn default() -> Self {
        Table::new()
    }
}

impl<V> Default for Held<V> {
    fn default() -> Self {
        Held { places: Places::default(), values: Vec::new() }
    }
}

impl<V> Table<V> {
    pub(crate) const fn new() -> Self {
        Table(None)
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |held| held.places.taken.len())
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn has(&self, number: u64) -> bool {
        self.0.as_ref().is_some_and(|held| held.places.find(number).is_some())
    }

    pub(crate) fn get(&self, number: u64) -> Option<&V> {
        let held = self.0.as_ref()?;
        held.values.get(held.places.find(number)?)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut V> {
        let held = self.0.as_mut()?;
        held.values.get_mut(held.places.find(number)?)?.as_mut()
    }

    /// Puts a value at a number; it takes the place of the one that was there.
    pub(crate) fn insert(&mut self, number: u64, value: V) {
        let held = self.0.get_or_insert_default();
        let place = held.places.find_or_take(number, held.values.len());
        match held.values.get_mut(place) {
            Some(old) => *old = Some(value),
            None => held.values.push(Some(value)),
        }
    }

    /// The value at a number, made if there is none.
    pub(crate) fn get_or_insert_with(&mut self, number: u64, make: impl FnOnce() -> V) -> &mut V {
        let held = self.0.get_or_insert_default();
        let place = held.places.find_or_take(number, held.values.len());
        if place >= held.values.len() {
            held.values.resize_with(place.saturating_add(1), || None);
        }
        held.values[place].get_or_insert_with(make)
    }

    pub(crate) fn remove(&mut self, number: u64) -> Option<V> {
        let held = self.0.as_mut()?;
        let taken = held.values.get_mut(held.places.free(number)?)?.take();
        self.shrink();
        taken
    }

    /// Gives back the room of many values once few are left. Each value is moved at most once for
    /// every three that were removed.
    fn shrink(&mut self) {
        let room = self.room();
        if room > KEPT && self.len() < room / PART {
            self.rebuild();
        }
    }

    #[cold]
    fn rebuild(&mut self) {
        let Some(Held { places, values }) = self.0.as_deref_mut() else { return };
        let mut kept = Vec::with_capacity(places.taken.len());
        for place in places.taken.values_mut() {
            kept.push(values.get_mut(*place).and_then(Option::take));
            *place = kept.len().saturating_sub(1);
        }
        *values = kept;
        places.free = Vec::new();
        if self.is_empty() {
            self.clear();
        }
    }

    /// How many values there is room for without new places.
    fn room(&self) -> usize {
        self.0.as_ref().map_or(0, |held| held.values.len())
    }

    pub(crate) fn clear(&mut self) {
        *self = Table::new();
    }

    /// The values, by their numbers.
    pub(crate) fn values(&self) -> impl Iterator<Item = &V> {
        self.iter().map(|(_, value)| value)
    }

    /// The numbers and their values.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, &V)> {
        self.0.iter().flat_map(|held| {
            let taken = held.places.taken.iter();
            taken.filter_map(|(number, place)| Some((*number, held.values.get(*place)?.as_ref()?)))
        })
    }

    /// Takes out all values, in the order of their numbers.
    pub(crate) fn take_all(&mut self) -> Vec<V> {
        let Some(held) = self.0.take() else { return Vec::new() };
        let Held { places, mut values } = *held;
        let mut all = Vec::with_capacity(places.taken.len());
        for place in places.taken.into_values() {
            all.extend(values.get_mut(place).and_then(Option::take));
        }
        all
    }

    /// Keeps the values for which that is true.
    pub(crate) fn retain(&mut self, mut is_kept: impl FnMut(&mut V) -> bool) {
        let Some(Held { places, values }) = self.0.as_deref_mut() else { return };
        places.retain(&mut |place| {
            let Some(slot) = values.get_mut(place) else { return false };
            let kept = slot.as_mut().is_some_and(&mut is_kept);
            if !kept {
                *slot = None;
            }
            kept
        });
        self.shrink();
    }
}

impl Places {
    fn find(&self, number: u64) -> Option<usize> {
        self.taken.get(&number).copied()
    }

    /// The place of a number: the one that it has, a free one, or else `next`.
    fn find_or_take(&mut self, number: u64, next: usize) -> usize {
        let free = &mut self.free;
        *self.taken.entry(number).or_insert_with(|| free.pop().unwrap_or(next))
    }

    fn free(&mut self, number: u64) -> Option<usize> {
        let place = self.taken.remove(&number)?;
        self.free.push(place);
        Some(place)
    }

    fn retain(&mut self, is_kept: &mut dyn FnMut(usize) -> bool) {
        let free = &mut self.free;
        self.taken.retain(|_, place| {
            let kept = is_kept(*place);
            if !kept {
                free.push(*place);
            }
            kept
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_does_what_a_map_does() {
        let (mut table, mut map) = (Table::new(), BTreeMap::new());
        let mut dice = 1_u64;
        for step in 0..3_000_u64 {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = (dice >> 40) % 100;
            if (dice >> 33).is_multiple_of(3) {
                assert_eq!(table.remove(number), map.remove(&number));
            } else {
                table.insert(number, step);
                map.insert(number, step);
            }
            if step % 100 == 99 {
                table.retain(|value| *value % 3 != 0);
                map.retain(|_, value| *value % 3 != 0);
            }
            assert_eq!(table.get(number), map.get(&number));
            assert_eq!(table.get_mut(number), map.get_mut(&number));
            assert_eq!(table.has(number), map.contains_key(&number));
            assert_eq!((table.len(), table.is_empty()), (map.len(), map.is_empty()));
            assert!(table.values().eq(map.values()));
            assert!(table.iter().eq(map.iter().map(|(number, value)| (*number, value))));
            assert!(table.room() <= 100);
        }
        assert!(table.take_all().into_iter().eq(map.into_values()));
        assert!(table.is_empty() && table.room() == 0);
    }

    #[test]
    fn a_table_with_few_values_keeps_little_and_one_with_many_is_seldom_rebuilt() {
        let mut table = Table::new();
        for number in 0..65_000 {
            table.insert(number, number);
        }
        let (mut room, mut moved) = (table.room(), 0);
        for number in 0..64_999 {
            assert_eq!(table.remove(number), Some(number));
            if table.room() != room {
                room = table.room();
                moved += table.len();
            }
            assert!(room <= KEPT.max(PART * (table.len() + 1)), "{room} for {}", table.len());
            assert_eq!(table.get(64_999), Some(&64_999));
        }
        assert!(moved <= 65_000 / 3, "{moved} values were moved");
        let held = table.0.as_ref().unwrap();
        assert!(held.values.capacity() <= KEPT && held.places.free.capacity() <= KEPT);
        table.insert(7, 8);
        assert!(table.iter().eq([(7, &8), (64_999, &64_999)]));
        for number in 0..1_000 {
            table.insert(number, number);
        }
        table.retain(|value| *value == 7 || *value == 900);
        assert!(table.room() <= 2 && table.values().eq([&7, &900]));
    }

    #[test]
    fn an_empty_table_keeps_little() {
        let mut table = Table::new();
        for number in 0..1_000 {
            table.insert(number, number);
        }
        for number in 0..1_000 {
            assert_eq!(table.remove(number), Some(number));
        }
        assert!(table.0.is_none_or(|held| held.places.free.capacity() <= KEPT));
    }
}
