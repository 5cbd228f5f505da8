//! Who gets a place among the clients.

use std::time::{Duration, Instant};

use super::super::bounds::{Claim, Origin};
use super::{Clients, Roster};
use crate::wire::Refusal;

/// The longest that a newcomer waits for a place before it looks again.
const LEFT_MEANWHILE: Duration = Duration::from_millis(10);

/// What happens to a newcomer that wants a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Admission {
    /// The newcomer has a place; this is its number.
    Place(u64),
    /// The newcomer must wait: a client is about to give its place back.
    Soon,
    /// There are as many clients of its origin as may be; one of them is about to leave if `soon`.
    Crowded {
        soon: bool,
    },
    Refused(Refusal),
}

impl Roster {
    /// Counts a newcomer in and gives it a number, if a place is free.
    fn enter(&mut self, claim: &Claim) -> Admission {
        if self.stopping {
            return Admission::Refused(Refusal::Stopping);
        }
        if let Some((origin, _)) = claim.origin.filter(|origin| self.is_crowded(*origin)) {
            return Admission::Crowded { soon: self.is_one_leaving_to(origin) };
        }
        if self.clients() < claim.most {
            let id = self.add_thread();
            self.note_origin(id, claim);
            return Admission::Place(id);
        }
        if self.is_one_leaving() { Admission::Soon } else { Admission::Refused(Refusal::Full) }
    }

    /// Counts one more thread and returns the number of its client.
    fn add_thread(&mut self) -> u64 {
        self.threads += 1;
        self.last_id += 1;
        self.last_id
    }

    /// Whether there are as many clients of that origin as may be.
    fn is_crowded(&self, (origin, most): (Origin, usize)) -> bool {
        self.origins.values().filter(|other| **other == origin).count() >= most
    }

    /// Whether a client of that origin has ended and its thread has not.
    fn is_one_leaving_to(&self, origin: Origin) -> bool {
        let mut there = self.origins.iter().filter(|(_, other)| **other == origin);
        there.any(|(id, _)| self.connected.get(id).is_none_or(|link| link.has_ended()))
    }

    fn note_origin(&mut self, id: u64, claim: &Claim) {
        if let Some((origin, _)) = claim.origin {
            self.origins.insert(id, origin);
        }
    }

    /// The number of places that are taken.
    pub(super) fn clients(&self) -> usize {
        self.threads - usize::from(self.expected.is_some())
    }

    /// Whether a place may soon be free: the connection of a client has ended and its thread has
    /// not, or a client has not finished its greeting and may yet fail.
    pub(super) fn is_one_leaving(&self) -> bool {
        self.clients() > self.connected.len()
            || self.connected.values().any(|link| link.has_ended())
    }
}

impl Clients {
    /// Gives a newcomer a place, if one is free. If a place will soon be free, `leave` tells when.
    pub(in super::super) fn enter(&self, claim: &Claim) -> Admission {
        let mut state = self.state.lock();
        let mut admission = state.enter(claim);
        if admission == Admission::Refused(Refusal::Full) {
            drop(state);
            let makes_room = self.make_room(claim.unused);
            state = self.state.lock();
            admission = state.enter(claim);
            if admission == Admission::Refused(Refusal::Full) && makes_room {
                admission = Admission::Soon;
            }
        }
        state.awaited |= matches!(admission, Admission::Soon | Admission::Crowded { soon: true });
        admission
    }

    /// Gives a newcomer a place like `enter`, but waits until `until` for one that will soon be
    /// free.
    pub(in super::super) fn enter_by(&self, claim: &Claim, until: Instant) -> Result<u64, Refusal> {
        loop {
            let now = Instant::now();
            match self.enter(claim) {
                Admission::Place(id) => return Ok(id),
                Admission::Refused(refusal) => return Err(refusal),
                Admission::Soon | Admission::Crowded { .. } if now >= until => {
                    return Err(Refusal::Full);
                }
                Admission::Soon | Admission::Crowded { .. } => {
                    // A client that left since then has woken no thread, so the wait is short.
                    let until =
                        now.checked_add(LEFT_MEANWHILE).into_iter().fold(until, Instant::min);
                    drop(self.fewer.wait(self.state.lock(), Some(until)));
                }
            }
        }
    }

    /// Reserves the number of the next client, so that its thread can wait for it, if a place is
    /// free. The place is not taken by that.
    pub(in super::super) fn expect(&self, most: usize) -> Option<u64> {
        let mut state = self.state.lock();
        if state.stopping || state.expected.is_some() || state.clients() >= most {
            return None;
        }
        state.expected = Some(state.add_thread());
        state.expected
    }

    /// Takes the place of the expected client, which has arrived. False if the places have been
    /// taken meanwhile, or if the server stops.
    pub(in super::super) fn arrive(&self, id: u64, claim: &Claim) -> bool {
        let mut state = self.state.lock();
        let crowded = claim.origin.is_some_and(|origin| state.is_crowded(origin));
        let admitted = !state.stopping && !crowded && state.clients() < claim.most;
        if admitted && state.expected == Some(id) {
            state.expected = None;
            state.note_origin(id, claim);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(most: usize) -> Claim {
        Claim { most, unused: Duration::MAX, origin: None }
    }

    #[test]
    fn so_many_clients_of_one_address_and_one_more_is_refused() {
        let clients = Clients::default();
        let of = |address: &str| {
            let origin = Origin::of(&address.parse().unwrap()).unwrap();
            Claim { most: 9, unused: Duration::MAX, origin: Some((origin, 2)) }
        };
        let (here, there) = (of("10.0.0.1:1"), of("10.0.0.2:1"));
        assert_eq!(clients.enter(&here), Admission::Place(1));
        assert_eq!(clients.expect(9), Some(2));
        assert!(clients.arrive(2, &here));
        // Nobody knows yet whether the two stay.
        assert_eq!(clients.enter(&here), Admission::Crowded { soon: true });
        assert_eq!(clients.expect(9), Some(3));
        assert!(!clients.arrive(3, &here), "nor by the other way");
        assert!(clients.arrive(3, &there), "another address");
        assert_eq!(clients.enter(&there), Admission::Place(4));
        assert_eq!(clients.enter(&places(9)), Admission::Place(5));
        clients.leave(1);
        assert_eq!(clients.enter(&here), Admission::Place(6));
        assert_eq!(clients.enter(&here), Admission::Crowded { soon: true });
        for id in [2, 3, 4, 5, 6] {
            clients.leave(id);
        }
        assert!(clients.state.lock().origins.is_empty());
    }

    #[test]
    fn a_thread_that_waits_for_its_client_takes_no_place() {
        let clients = Clients::default();
        assert_eq!(clients.expect(1), Some(1));
        assert_eq!(clients.expect(1), None, "one is enough");
        assert_eq!(clients.enter(&places(1)), Admission::Place(2), "its place is another's");
        assert!(!clients.arrive(1, &places(1)), "and then there is none");
        clients.leave(1);
        assert_eq!(clients.expect(1), None, "full");
        clients.leave(2);
        assert_eq!(clients.state.lock().threads, 0);
    }

    #[test]
    fn an_expected_client_is_the_last_that_fits() {
        let clients = Clients::default();
        assert_eq!((clients.enter(&places(2)), clients.expect(2)), (Admission::Place(1), Some(2)));
        assert!(clients.arrive(2, &places(2)));
        assert_eq!(
            clients.enter(&places(2)),
            Admission::Soon,
            "nobody knows yet whether they stay"
        );
        assert_eq!(clients.expect(2), None);
        clients.leave(1);
        assert_eq!(clients.expect(2), Some(3));
        clients.refuse_more();
        assert!(!clients.arrive(3, &places(2)), "the server stops");
        clients.leave(3);
        assert_eq!(clients.expect(2), None);
        assert_eq!(clients.state.lock().threads, 1);
    }
}
