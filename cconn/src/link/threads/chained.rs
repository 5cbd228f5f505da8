//! Waits for an end by threads that are part of something which may be stopped too.

use std::cell::RefCell;
use std::sync::Arc;

use super::circle::Place;
use super::handler;
use super::watch::Watch;
use crate::link::Link;
use crate::sync::thread_local;

thread_local! {
    /// What else this thread is part of, such as servers whose hooks it runs.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// The wait of a thread that is part of something which may be stopped too. Dropping it ends the
/// wait.
pub(crate) struct Chained {
    watch: Arc<Watch>,
    id: u64,
}

impl Chained {
    /// Registers a wait of the calling thread. `None` if the thread is part of nothing: it can't
    /// close a circle.
    pub(crate) fn begin(watch: Arc<Watch>) -> Option<Self> {
        let mut inside = handler::served(Link::place);
        let _no_locals = INSIDE.try_with(|places| {
            inside.extend(places.borrow().iter().map(|place| Place::At(*place)));
        });
        if inside.is_empty() {
            return None;
        }
        let id = watch.stops().lock().begin(inside);
        Some(Chained { watch, id })
    }

    /// Notes that the thread waits for the end of all `places`, even if that closes a circle.
    pub(crate) fn awaits(&self, places: Vec<Place>) {
        self.watch.stops().lock().awaits(self.id, places);
    }

    /// Whether waiting for the end of all `awaited` would close a circle. If so the wait is taken
    /// off the table: the caller must not wait, and the other waits of the circle no longer see it.
    pub(crate) fn closes(&self, awaited: Vec<Place>) -> bool {
        self.watch.stops().lock().closes(self.id, awaited)
    }
}

impl Drop for Chained {
    fn drop(&mut self) {
        self.watch.stops().lock().end(self.id);
    }
}

/// Runs `act` as a part of what is at address `place`, so that a stop of it waits for `act`.
pub(crate) fn inside<R>(place: usize, act: impl FnOnce() -> R) -> R {
    let _no_locals = INSIDE.try_with(|places| places.borrow_mut().push(place));
    let result = act();
    let _no_locals = INSIDE.try_with(|places| places.borrow_mut().pop());
    result
}

/// Whether the calling thread is part of what is at address `place`.
pub(crate) fn is_inside(place: usize) -> bool {
    INSIDE.try_with(|places| places.borrow().contains(&place)).unwrap_or(false)
}

impl Link {
    /// The name of this connection in the table, the same at both of its ends.
    pub(crate) fn place(&self) -> Place {
        match self.io.ends() {
            // In order, so that both ends of the connection have one name.
            Some([one, other]) => Place::Ends(one.min(other), one.max(other)),
            None => Place::At((&raw const *self).addr()),
        }
    }
}
