//! Finds stops that wait for each other in a circle.
//!
//! A command that stops another connection waits until that connection has nothing left to do. What
//! is left there may be a command that in turn waits for the end of something else, and so on. If
//! the last one waits for the end of what the first command is part of, none of them would end
//! before its grace period. So one table of the process lists every such wait, and the wait that
//! would close a circle is given up.

use crate::transport::End;

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
    /// Begins a wait of a thread that is part of the places `inside`. Returns the id of the wait.
    pub(super) fn begin(&mut self, inside: Vec<Place>) -> u64 {
        self.next = self.next.wrapping_add(1);
        self.waits.push(Wait { id: self.next, inside, awaited: Vec::new() });
        self.next
    }

    /// Notes that the wait `id` is for the end of all `places`, even if that closes a circle.
    pub(super) fn awaits(&mut self, id: u64, places: Vec<Place>) {
        if let Some(own) = self.waits.iter_mut().find(|wait| wait.id == id) {
            own.awaited = places;
        }
    }

    /// Whether waiting for the end of all `awaited` would close a circle. If so the wait is taken
    /// off the table: its thread must not wait, and the other waits of the circle no longer see it.
    pub(super) fn closes(&mut self, id: u64, awaited: Vec<Place>) -> bool {
        // A wait that closed a circle was taken off already.
        let Some(at) = self.waits.iter().position(|wait| wait.id == id) else { return true };
        let own = self.waits.swap_remove(at);
        if self.leads(&awaited, &own.inside) {
            return true;
        }
        self.waits.push(Wait { awaited, ..own });
        false
    }

    /// Ends the wait `id`.
    pub(super) fn end(&mut self, id: u64) {
        self.waits.retain(|wait| wait.id != id);
    }

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
