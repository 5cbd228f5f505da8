//! The clients of a server: who is connected, how many threads there are, how they are stopped.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Serveur;
use crate::client::Client;
use crate::erreur::{Delai, Erreur, Phase, Resultat};
use crate::lien::Lien;
use crate::sync::{Condvar, Mutex};
use crate::transport::Transport;
use crate::wire::{EndReason, Refusal};

/// How long threads may take to end once their connections are cut.
const UNWIND: Duration = Duration::from_millis(250);

/// How long a newcomer waits for the place of a client that has just left: one that knows of the
/// end before our thread has ended would be told that the server is full.
const LEAVING: Duration = Duration::from_millis(250);

/// The clients of a server.
#[derive(Default)]
pub(super) struct Clients {
    state: Mutex<State>,
    fewer: Condvar,
}

#[derive(Default)]
struct State {
    /// Those whose connection has ended included, until their thread ends.
    connected: HashMap<u64, Arc<Lien>>,
    /// Those whose greeting is not in yet: a stop does not wait for it.
    greeting: HashMap<u64, Arc<dyn Transport>>,
    /// Threads of clients, those whose greeting is not done included; `connected` is no larger.
    threads: usize,
    /// The client whose thread waits for it at the door: one of the threads, and no client yet.
    expected: Option<u64>,
    last_id: u64,
    stopping: bool,
    /// What the stop came to, once it is done.
    cut: Option<Cut>,
}

/// What an orderly stop left over.
#[derive(Clone, Copy)]
struct Cut {
    grace: Duration,
    /// Connections that were cut.
    connections: usize,
    /// Threads that were still inside a command at the end.
    threads: usize,
}

impl State {
    /// Places that are taken.
    fn clients(&self) -> usize {
        self.threads - usize::from(self.expected.is_some())
    }

    /// Whether the connection of a client has ended whose thread has not.
    fn is_one_leaving(&self) -> bool {
        !self.stopping && self.connected.values().any(|lien| lien.ending().is_some())
    }
}

impl Clients {
    /// Counts a newcomer in and gives it a number, unless there is no place.
    ///
    /// Waits for a moment where a client is about to give its place back.
    pub(super) fn enter(&self, most: usize) -> Result<u64, Refusal> {
        let until = Instant::now() + LEAVING;
        let mut state = self.state.lock();
        while state.clients() >= most && state.is_one_leaving() && Instant::now() < until {
            state = self.fewer.wait(state, Some(until));
        }
        if state.stopping {
            return Err(Refusal::Stopping);
        }
        if state.clients() >= most {
            return Err(Refusal::Full);
        }
        state.threads += 1;
        state.last_id += 1;
        Ok(state.last_id)
    }

    /// Gives the next client a number ahead, for its thread to wait for it, if there is a place.
    /// The place is not taken by that.
    pub(super) fn expect(&self, most: usize) -> Option<u64> {
        let mut state = self.state.lock();
        if state.stopping || state.expected.is_some() || state.clients() >= most {
            return None;
        }
        state.threads += 1;
        state.last_id += 1;
        state.expected = Some(state.last_id);
        state.expected
    }

    /// The expected client is there; false if the places have been taken meanwhile, or the server
    /// stops.
    pub(super) fn arrive(&self, id: u64, most: usize) -> bool {
        let mut state = self.state.lock();
        let admitted = !state.stopping && state.clients() < most;
        if admitted && state.expected == Some(id) {
            state.expected = None;
        }
        admitted
    }

    /// A newcomer has been greeted and its own greeting is waited for.
    pub(super) fn greets(&self, id: u64, io: &Arc<dyn Transport>) {
        let mut state = self.state.lock();
        if state.stopping {
            io.shutdown();
        }
        state.greeting.insert(id, io.clone());
    }

    /// Adds a client whose greeting is done; one that comes while the server stops is stopped too.
    pub(super) fn add(&self, lien: &Arc<Lien>) {
        let mut state = self.state.lock();
        state.greeting.remove(&lien.identity.id);
        state.connected.insert(lien.identity.id, lien.clone());
        let stopping = state.stopping;
        drop(state);
        if stopping {
            lien.begin_stop();
        }
    }

    /// A client's thread ends, or never began.
    pub(super) fn leave(&self, id: u64) {
        let mut state = self.state.lock();
        state.threads -= 1;
        if state.expected == Some(id) {
            state.expected = None;
        }
        state.greeting.remove(&id);
        let removed = state.connected.remove(&id);
        drop(state);
        self.fewer.notify_all();
        // The last reference may go with it, and what that sets off needs the lock.
        drop(removed);
    }

    /// The connections that have not ended.
    pub(super) fn liens(&self) -> Vec<Arc<Lien>> {
        let all: Vec<_> = self.state.lock().connected.values().cloned().collect();
        all.into_iter().filter(|lien| lien.ending().is_none()).collect()
    }

    pub(super) fn all(&self) -> Vec<Client> {
        self.liens().iter().map(Client::of).collect()
    }

    /// From here on nobody comes in, and those who have not greeted yet are sent away.
    pub(super) fn refuse_more(&self) {
        let mut state = self.state.lock();
        state.stopping = true;
        for io in state.greeting.values() {
            io.shutdown();
        }
        drop(state);
        self.fewer.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    pub(super) fn begin_stop(&self) {
        for lien in self.liens() {
            lien.begin_stop();
        }
    }

    /// Waits for all threads within the grace period; cuts what is left and waits a little more.
    pub(super) fn finish(&self, grace: Duration) {
        let mut connections = 0;
        if !self.wait_for_threads(Instant::now().checked_add(grace)) {
            for lien in self.liens() {
                connections += 1;
                lien.close(EndReason::GraceOver, "");
            }
            self.wait_for_threads(Instant::now().checked_add(UNWIND));
        }
        let mut state = self.state.lock();
        state.cut = Some(Cut { grace, connections, threads: state.threads });
    }

    /// Waits until no thread is left; false if the deadline passed first.
    fn wait_for_threads(&self, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock();
        while state.threads > 0 && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            state = self.fewer.wait(state, deadline);
        }
        state.threads == 0
    }

    /// What the stop came to.
    pub(super) fn outcome(&self, serveur: &Serveur) -> Resultat<()> {
        let cut = self.state.lock().cut;
        match cut {
            Some(Cut { grace, connections, threads }) if connections + threads > 0 => {
                let lien = format!(
                    "server {serveur}: {connections} connections were cut, {threads} threads are \
                     still inside a command"
                );
                Err(Erreur::Delai(Box::new(Delai {
                    phase: Phase::Arret,
                    delai: grace,
                    commande: None,
                    lien: lien.into(),
                    a_pu_etre_executee: false,
                })))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_waits_for_its_client_takes_no_place() {
        let clients = Clients::default();
        assert_eq!(clients.expect(1), Some(1));
        assert_eq!(clients.expect(1), None, "one is enough");
        assert_eq!(clients.enter(1), Ok(2), "its place is another's");
        assert!(!clients.arrive(1, 1), "and then there is none");
        clients.leave(1);
        assert_eq!(clients.expect(1), None, "full");
        clients.leave(2);
        assert_eq!(clients.state.lock().threads, 0);
    }

    #[test]
    fn an_expected_client_is_the_last_that_fits() {
        let clients = Clients::default();
        assert_eq!((clients.enter(2), clients.expect(2)), (Ok(1), Some(2)));
        assert!(clients.arrive(2, 2));
        assert_eq!((clients.enter(2), clients.expect(2)), (Err(Refusal::Full), None));
        clients.leave(1);
        assert_eq!(clients.expect(2), Some(3));
        clients.refuse_more();
        assert!(!clients.arrive(3, 2), "the server stops");
        clients.leave(3);
        assert_eq!(clients.expect(2), None);
        assert_eq!(clients.state.lock().threads, 1);
    }
}
