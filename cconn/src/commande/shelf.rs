//! Values of the program's that are kept for its commands, one of a type.
//!
//! Values can be added and not taken out, so that a command may borrow one while another thread adds
//! more.

use std::any::{Any, TypeId};
use std::fmt;
use std::sync::OnceLock;

use super::fence;

/// A value of the program's, kept by its type.
pub(crate) type Kept = Box<dyn Any + Send + Sync>;

/// The values, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Shelf {
    first: OnceLock<Box<Place>>,
}

struct Place {
    ty: TypeId,
    name: &'static str,
    value: Kept,
    next: OnceLock<Box<Place>>,
}

impl Shelf {
    /// Adds a value of the type `ty`, whose name is `name`. False, and the value is dropped, if a
    /// value of that type is there.
    pub(super) fn put(&self, ty: TypeId, name: &'static str, value: Kept) -> bool {
        let mut new = Box::new(Place { ty, name, value, next: OnceLock::new() });
        let mut slot = &self.first;
        loop {
            match slot.set(new) {
                Ok(()) => return true,
                Err(back) => new = back,
            }
            let Some(place) = slot.get() else { continue };
            if place.ty == ty {
                return false;
            }
            slot = &place.next;
        }
    }

    /// The value of the type `T`.
    #[inline]
    pub(super) fn get<T: Any>(&self) -> Option<&T> {
        let place = self.places().find(|place| place.ty == TypeId::of::<T>())?;
        place.value.downcast_ref()
    }

    pub(super) fn has(&self, ty: TypeId) -> bool {
        self.places().any(|place| place.ty == ty)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }

    /// The names of the types of the values.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.places().map(|place| place.name).collect()
    }

    #[inline]
    fn places(&self) -> impl Iterator<Item = &Place> {
        std::iter::successors(self.first.get(), |place| place.next.get()).map(|place| &**place)
    }
}

impl Drop for Shelf {
    fn drop(&mut self) {
        // One after the other, because dropping a value of the program's may panic.
        let mut rest = self.first.take();
        while let Some(place) = rest {
            let Place { value, mut next, .. } = *place;
            rest = next.take();
            let _panicked = fence(|| drop(value));
        }
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    struct Bomb(Arc<AtomicU32>);

    impl Drop for Bomb {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::Relaxed);
            panic!("a panic on purpose");
        }
    }

    fn put<T: Any + Send + Sync>(shelf: &Shelf, value: T) -> bool {
        shelf.put(TypeId::of::<T>(), std::any::type_name::<T>(), Box::new(value))
    }

    #[test]
    fn one_value_of_a_type_is_kept_and_found() {
        let shelf = Shelf::default();
        assert!(shelf.is_empty() && shelf.get::<u8>().is_none());
        assert!(put(&shelf, 1_u8) && put(&shelf, 2_u16) && put(&shelf, "three"));
        assert!(!put(&shelf, 4_u16));
        let found = (shelf.get::<u8>(), shelf.get::<u16>(), shelf.get::<&str>());
        assert_eq!(found, (Some(&1), Some(&2), Some(&"three")));
        assert_eq!(shelf.names(), ["u8", "u16", "&str"]);
    }

    #[test]
    fn a_value_that_panics_when_it_is_dropped_takes_no_other_along() {
        let dropped = Arc::new(AtomicU32::new(0));
        let shelf = Shelf::default();
        assert!(put(&shelf, Bomb(dropped.clone())) && put(&shelf, [Bomb(dropped.clone())]));
        drop(shelf);
        assert_eq!(dropped.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn of_many_threads_that_add_one_type_one_does() {
        let shelf = Shelf::default();
        let won = std::thread::scope(|scope| {
            let tries: Vec<_> = (0..8_u64)
                .map(|n| {
                    scope.spawn({
                        let shelf = &shelf;
                        move || put(shelf, n)
                    })
                })
                .collect();
            tries.into_iter().map(|t| u32::from(t.join().unwrap())).sum::<u32>()
        });
        assert_eq!((won, shelf.names().len()), (1, 1));
    }
}
