//! Finds stops that wait for each other in a circle.
//!
//! A command that stops another connection waits until that connection has nothing left to do. What
//! is left there may be a command that in turn waits for the end of something else, and so on. If
//! the last one waits for the end of what the first command is part of, none of them would end
//! before its grace period. So one table of the process lists every such wait, and the wait that
//! would close a circle is given up.

use std::cell::RefCell;
use std::sync::Arc;

use super::handler;
use crate::link::{Link, Watch};
use crate::sync::thread_local;
use crate::transport::End;

thread_local! {
    /// What else this thread is part of, such as servers whose hooks it runs.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Something that can be stopped. Equal for every thread that is part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A connection with both its ends: a stop at one end ends both.
    Ends(End, End),
    /// A connection whose ends are unknown, or a server, by its address in memory.
    At(usize),
}

/// All such waits of the process.
#[derive(Debug, Default)]
pub(in super::super) struct Stops {
    waits: Vec<Wait>,
    next: u64,
}

#[derive(Debug)]
struct Wait {
    id: u64,
    /// What the waiting thread is part of.
    inside: Vec<Place>,
    /// What the thread waits for the end of.
    awaited: Vec<Place>,
}

impl Stops {
    /// Whether the end of a place in `from` depends, through other waits, on the end of a place in
    /// `to`.
    fn leads(&self, from: &[Place], to: &[Place]) -> bool {
        let mut reached = from.to_vec();
        let mut waits: Vec<&Wait> = self.waits.iter().collect();
        loop {
            // A wait by a thread that is part of a reached place: its awaited places are reached
            // too.
            let is_met = |wait: &&Wait| wait.inside.iter().any(|place| reached.contains(place));
            let (met, rest): (Vec<&Wait>, Vec<&Wait>) = waits.into_iter().partition(is_met);
            if reached.iter().any(|place| to.contains(place)) {
                return true;
            }
            if met.is_empty() {
                return false;
            }
            reached.extend(met.iter().flat_map(|wait| &wait.awaited));
            waits = rest;
        }
    }
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
        let mut stops = watch.stops().lock();
        stops.next = stops.next.wrapping_add(1);
        let id = stops.next;
        stops.waits.push(Wait { id, inside, awaited: Vec::new() });
        drop(stops);
        Some(Chained { watch, id })
    }

    /// Notes that the thread waits for the end of all `places`, even if that closes a circle.
    pub(crate) fn awaits(&self, places: Vec<Place>) {
        let mut stops = self.watch.stops().lock();
        if let Some(own) = stops.waits.iter_mut().find(|wait| wait.id == self.id) {
            own.awaited = places;
        }
    }

    /// Whether waiting for the end of all `awaited` would close a circle. If so the wait is taken
    /// off the table: the caller must not wait, and the other waits of the circle no longer see it.
    pub(crate) fn closes(&self, awaited: Vec<Place>) -> bool {
        let mut stops = self.watch.stops().lock();
        let Some(at) = stops.waits.iter().position(|wait| wait.id == self.id) else {
            return true;
        };
        let own = stops.waits.swap_remove(at);
        if stops.leads(&awaited, &own.inside) {
            return true;
        }
        stops.waits.push(Wait { awaited, ..own });
        false
    }
}

impl Drop for Chained {
    fn drop(&mut self) {
        self.watch.stops().lock().waits.retain(|wait| wait.id != self.id);
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
            Some([one, other]) => Place::Ends(one.min(other), one.max(other)),
            None => Place::At((&raw const *self).addr()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops(waits: &[(usize, usize)]) -> Stops {
        let wait = |&(inside, awaited): &(usize, usize)| Wait {
            id: 0,
            inside: vec![Place::At(inside)],
            awaited: vec![Place::At(awaited)],
        };
        Stops { waits: waits.iter().map(wait).collect(), next: 0 }
    }

    fn leads(waits: &[(usize, usize)], from: usize, to: usize) -> bool {
        stops(waits).leads(&[Place::At(from)], &[Place::At(to)])
    }

    #[test]
    fn circles_are_found_however_long_and_chains_are_none() {
        assert!(leads(&[], 1, 1));
        assert!(leads(&[(1, 2)], 1, 2));
        assert!(leads(&[(3, 4), (2, 3), (1, 2)], 1, 4));
        assert!(leads(&[(1, 5), (1, 2), (2, 6), (5, 7)], 1, 7));
        assert!(!leads(&[], 1, 2));
        assert!(!leads(&[(1, 2), (2, 3)], 1, 4));
        assert!(!leads(&[(2, 1), (3, 1)], 1, 2));
        assert!(!leads(&[(1, 2), (2, 1)], 1, 3), "a circle that others make");
    }
}
