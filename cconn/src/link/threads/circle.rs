//! Stops that wait for each other in a circle.
//!
//! A command that stops another connection waits for what that has left to do. Where this is a
//! command that waits for the end of something else, and so on, until one waits for the end of what
//! the first command is part of, none would end before its grace period. So every such wait of the
//! process stands in one table, and whoever closes a circle waits no longer.

use std::cell::RefCell;
use std::sync::Arc;

use super::handler;
use crate::link::{Link, Watch};
use crate::sync::thread_local;
use crate::transport::End;

thread_local! {
    /// What else the thread is inside of, such as the servers whose hooks it runs.
    static INSIDE: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// What can be stopped, and is the same for all who are part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Both ends of a connection: one stop ends both.
    Ends(End, End),
    /// What lies there: a connection whose ends can't be told, or a server.
    At(usize),
}

/// The waits of a process.
#[derive(Debug, Default)]
pub(in super::super) struct Stops {
    waits: Vec<Wait>,
    next: u64,
}

#[derive(Debug)]
struct Wait {
    id: u64,
    /// What the thread that waits is part of.
    inside: Vec<Place>,
    /// What it waits for the end of.
    awaited: Vec<Place>,
}

impl Stops {
    /// Whether the end of one of those places waits, by way of other waits, for one of these.
    fn leads(&self, from: &[Place], to: &[Place]) -> bool {
        let mut reached = from.to_vec();
        let mut waits: Vec<&Wait> = self.waits.iter().collect();
        loop {
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

/// A wait of a thread that is part of something which may be stopped too; over when it is dropped.
pub(crate) struct Chained {
    watch: Arc<Watch>,
    id: u64,
}

impl Chained {
    /// A wait of the calling thread's. `None` where it is part of nothing: it closes no circle.
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

    /// This waits for the end of all that, in a circle or not.
    pub(crate) fn awaits(&self, places: Vec<Place>) {
        let mut stops = self.watch.stops().lock();
        if let Some(own) = stops.waits.iter_mut().find(|wait| wait.id == self.id) {
            own.awaited = places;
        }
    }

    /// Whether waiting for the end of all that closes a circle. Whoever closes it is to wait no
    /// longer, and no other wait of the circle sees it any more.
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

/// Does that inside of what lies there, which a stop waits for.
pub(crate) fn inside<R>(place: usize, act: impl FnOnce() -> R) -> R {
    let _no_locals = INSIDE.try_with(|places| places.borrow_mut().push(place));
    let result = act();
    let _no_locals = INSIDE.try_with(|places| places.borrow_mut().pop());
    result
}

/// Whether the calling thread is inside of what lies there.
pub(crate) fn is_inside(place: usize) -> bool {
    INSIDE.try_with(|places| places.borrow().contains(&place)).unwrap_or(false)
}

impl Link {
    /// What stands for both ends of this connection.
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
