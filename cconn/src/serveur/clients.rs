//! The clients of a server: the connected ones, the number of their threads, and how a stop ends
//! them.

mod counts;
mod gone;
mod idle;

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Serveur;
use super::bounds::{Claim, Origin};
use super::each::each;
use crate::client::Client;
use crate::erreur::{Delai, Erreur, Phase, Resultat};
use crate::link::Link;
use crate::sync::{Condvar, Mutex};
use crate::table::Table;
use crate::text::{counted, verb};
use crate::transport::Transport;
use crate::wire::{EndReason, Refusal};

/// How long a stop waits for the greeting of a newcomer that has been let in.
const GREETING: Duration = Duration::from_millis(250);

/// How long threads may take to end after their connections are cut, and again after the server
/// stops reading what the peers still send.
const UNWIND: Duration = Duration::from_millis(250);

/// The longest that a newcomer waits for a place before it looks again.
const LEFT_MEANWHILE: Duration = Duration::from_millis(10);

/// The clients of a server.
#[derive(Default)]
pub(super) struct Clients {
    state: Mutex<Roster>,
    fewer: Condvar,
}

#[derive(Default)]
struct Roster {
    /// Connections of clients, by number. An ended one stays until its thread ends.
    connected: Table<Arc<Link>>,
    /// Newcomers that have been let in and whose own greeting has not arrived. A stop waits for it
    /// only briefly.
    greeting: Table<Arc<dyn Transport>>,
    /// Threads of clients, including those whose greeting is not done. `connected.len() <= threads`
    threads: usize,
    /// Threads of clients that are inside a hook of the program.
    inside_hooks: usize,
    /// The number of the next client, if its thread waits for it already. The thread counts in
    /// `threads`, though it has no client yet.
    expected: Option<u64>,
    /// Where the clients with a place come from, if that is bounded.
    origins: Table<Origin>,
    last_id: u64,
    /// Clients that have greeted since the server was opened.
    accepted: u64,
    /// Newcomers that did not become clients.
    refused: u64,
    stopping: bool,
    /// The stop no longer waits for greetings.
    sent_away: bool,
    /// A newcomer waits until a client has left, and must be told when that happens.
    awaited: bool,
    /// Clients that have left since the stop began and whose connections this side had cut, at the
    /// end of the grace period or before (because they read too slowly, for example).
    cut_off: usize,
    /// What the stop had to cut, once it is done.
    cut: Option<Cut>,
}

/// What an orderly stop had to cut.
#[derive(Clone, Copy)]
struct Cut {
    grace: Duration,
    /// Connections that were cut.
    connections: usize,
    /// Threads that were still inside a command or a hook when the stop returned.
    threads: usize,
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
        there.any(|(id, _)| self.connected.get(id).is_none_or(|link| link.ending().is_some()))
    }

    fn note_origin(&mut self, id: u64, claim: &Claim) {
        if let Some((origin, _)) = claim.origin {
            self.origins.insert(id, origin);
        }
    }

    /// The number of places that are taken.
    fn clients(&self) -> usize {
        self.threads - usize::from(self.expected.is_some())
    }

    /// Whether a place may soon be free: the connection of a client has ended and its thread has
    /// not, or a client has not finished its greeting and may yet fail.
    fn is_one_leaving(&self) -> bool {
        self.clients() > self.connected.len()
            || self.connected.values().any(|link| link.ending().is_some())
    }
}

/// What happens to a newcomer that wants a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
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

impl Clients {
    /// Gives a newcomer a place, if one is free. If a place will soon be free, `leave` tells when.
    pub(super) fn enter(&self, claim: &Claim) -> Admission {
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
    pub(super) fn enter_by(&self, claim: &Claim, until: Instant) -> Result<u64, Refusal> {
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
    pub(super) fn expect(&self, most: usize) -> Option<u64> {
        let mut state = self.state.lock();
        if state.stopping || state.expected.is_some() || state.clients() >= most {
            return None;
        }
        state.expected = Some(state.add_thread());
        state.expected
    }

    /// Takes the place of the expected client, which has arrived. False if the places have been
    /// taken meanwhile, or if the server stops.
    pub(super) fn arrive(&self, id: u64, claim: &Claim) -> bool {
        let mut state = self.state.lock();
        let crowded = claim.origin.is_some_and(|origin| state.is_crowded(origin));
        let admitted = !state.stopping && !crowded && state.clients() < claim.most;
        if admitted && state.expected == Some(id) {
            state.expected = None;
            state.note_origin(id, claim);
        }
        admitted
    }

    /// Notes that a newcomer has been greeted and its own greeting is awaited.
    pub(super) fn greets(&self, id: u64, io: &Arc<dyn Transport>) {
        let mut state = self.state.lock();
        let sent_away = state.sent_away;
        state.greeting.insert(id, io.clone());
        drop(state);
        if sent_away {
            io.shutdown();
        }
    }

    /// Adds a client whose greeting is done; if the server stops, the client is stopped too. True
    /// if a newcomer waits to know whether this client stays.
    pub(super) fn add(&self, link: &Arc<Link>) -> bool {
        let mut state = self.state.lock();
        let awaited = std::mem::take(&mut state.awaited);
        state.greeting.remove(link.identity.id);
        state.accepted += 1;
        state.connected.insert(link.identity.id, link.clone());
        let stopping = state.stopping;
        drop(state);
        if stopping {
            link.begin_stop();
        }
        awaited
    }

    /// Gives a client's place back, because its thread ends or never began. True if a newcomer
    /// waits for a place.
    pub(super) fn leave(&self, id: u64) -> bool {
        let of = |state: &Roster| state.connected.get(id).filter(|_| state.stopping).cloned();
        let leaving = of(&self.state.lock());
        let was_cut = leaving.is_some_and(|link| link.was_cut_in_stop());
        let mut state = self.state.lock();
        state.threads -= 1;
        if state.expected == Some(id) {
            state.expected = None;
        }
        state.greeting.remove(id);
        state.origins.remove(id);
        let removed = state.connected.remove(id);
        state.cut_off += usize::from(was_cut);
        let awaited = std::mem::take(&mut state.awaited);
        drop(state);
        self.fewer.notify_all();
        // Dropping the last reference to the connection may need the lock.
        drop(removed);
        awaited
    }

    /// Whether the stop is done and no thread is left.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state.lock();
        state.cut.is_some() && state.threads == 0
    }

    /// The connections whose threads have not ended.
    pub(super) fn connected(&self) -> Vec<Arc<Link>> {
        self.state.lock().connected.values().cloned().collect()
    }

    /// The connections that have not ended.
    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.connected().into_iter().filter(|link| link.ending().is_none()).collect()
    }

    /// Runs `act` for every connection that has not ended.
    pub(super) fn each(&self, act: impl FnMut(&Arc<Link>)) {
        each(&self.links(), act);
    }

    pub(super) fn all(&self) -> Vec<Client> {
        self.links().iter().map(Client::of).collect()
    }

    /// Lets no more newcomers in. Those that have been let in may still greet: they know that they
    /// were let in, and what they have sent must be handled.
    pub(super) fn refuse_more(&self) {
        self.state.lock().stopping = true;
        self.fewer.notify_all();
    }

    /// Stops waiting for newcomers that have not greeted yet.
    fn send_away(&self) {
        let mut state = self.state.lock();
        state.sent_away = true;
        let late: Vec<_> = state.greeting.values().cloned().collect();
        drop(state);
        for io in late {
            io.shutdown();
        }
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    pub(super) fn begin_stop(&self) {
        self.each(|link| link.begin_stop());
    }

    /// Reads goodbyes that arrived while this process was stopped; true if anything was read. A
    /// little is read from each client first, because a few clients may have sent much.
    fn take_in(&self) -> bool {
        let until = Instant::now().checked_add(UNWIND);
        let mut some = false;
        each(&self.connected(), |link| some |= link.take_in(false));
        each(&self.connected(), |link| {
            if until.is_none_or(|until| Instant::now() < until) {
                some |= link.take_in(true);
            }
        });
        some
    }

    /// Waits for all threads within the grace period, then cuts what is left and waits a little
    /// more.
    pub(super) fn finish(&self, grace: Duration) {
        let start = Instant::now();
        let in_time = self.wait_for_threads(start.checked_add(GREETING.min(grace)));
        if !in_time {
            self.send_away();
        }
        if !in_time && !self.wait_for_threads(start.checked_add(grace)) {
            // The goodbyes of clients may have come while this process was stopped, and be unread.
            if self.take_in() {
                self.wait_for_threads(Instant::now().checked_add(UNWIND));
            }
            // A connection that is ending by itself, and still runs what had arrived, is cut too.
            each(&self.connected(), |link| link.close(EndReason::GraceOver, ""));
            if !self.wait_for_threads(Instant::now().checked_add(UNWIND)) {
                self.connected().iter().for_each(|link| link.end_linger());
                self.wait_for_threads(Instant::now().checked_add(UNWIND));
            }
        }
        let state = self.state.lock();
        let left: Vec<_> = state.connected.values().cloned().collect();
        let (gone, hooks) = (state.cut_off, state.inside_hooks);
        drop(state);
        let connections = gone + left.iter().filter(|link| link.was_cut_in_stop()).count();
        let threads = hooks + left.iter().map(|link| link.threads_inside()).sum::<usize>();
        self.state.lock().cut = Some(Cut { grace, connections, threads });
    }

    /// Counts the calling thread, a client's, as inside a hook while `hook` runs.
    pub(super) fn inside_hook(&self, hook: impl FnOnce()) {
        self.state.lock().inside_hooks += 1;
        hook();
        self.state.lock().inside_hooks -= 1;
    }

    /// Waits until no client thread is left; false if the deadline passed first.
    fn wait_for_threads(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.threads > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            state = self.fewer.wait(state, deadline);
        }
        state.threads == 0
    }

    /// The result of the stop for the program.
    pub(super) fn outcome(&self, serveur: &Serveur) -> Resultat<()> {
        let cut = self.state.lock().cut;
        match cut {
            Some(Cut { grace, connections, threads }) if connections + threads > 0 => {
                let link = format!(
                    "server {serveur}: {} {} cut, {} {} still inside a command or a hook",
                    counted(connections, "connection"),
                    verb(connections, "was", "were"),
                    counted(threads, "thread"),
                    verb(threads, "is", "are"),
                );
                Err(Erreur::Delai(Box::new(Delai {
                    phase: Phase::Arret,
                    delai: grace,
                    commande: None,
                    lien: link.into(),
                    a_pu_etre_executee: false,
                    etape: None,
                    derriere: None,
                })))
            }
            _ => Ok(()),
        }
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
