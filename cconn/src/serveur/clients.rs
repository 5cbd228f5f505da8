//! The clients of a server: the connected ones, and the number of their threads.

mod admission;
mod counts;
mod gone;
mod idle;
mod stop;

use std::sync::Arc;
use std::time::Instant;

pub(super) use admission::Admission;
use stop::Cut;

use super::bounds::Origin;
use super::each::each;
use crate::client::Client;
use crate::erreur::Fermee;
use crate::link::Link;
use crate::sync::{Condvar, Mutex};
use crate::table::Table;
use crate::transport::Transport;

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
    /// When a client, or a newcomer that had a place, has last left.
    left: Option<Instant>,
    /// Clients that have greeted since the server was opened.
    accepted: u64,
    /// Newcomers that did not become clients.
    refused: u64,
    stopping: bool,
    /// The stop no longer waits for greetings.
    sent_away: bool,
    /// A newcomer waits until a client has left, and must be told when that happens.
    awaited: bool,
    /// How the connections ended that this side has cut since the stop began, at the end of the
    /// grace period or before (because a client read too slowly, for example), and whose clients
    /// have left.
    cut_off: Vec<Fermee>,
    /// What the stop had to cut, once it is done.
    cut: Option<Cut>,
}

impl Clients {
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
        let cut = leaving.and_then(|link| stop::cut_in_stop(&link));
        let mut state = self.state.lock();
        state.threads -= 1;
        if state.expected == Some(id) {
            state.expected = None;
        } else {
            state.left = Some(Instant::now());
        }
        state.greeting.remove(id);
        state.origins.remove(id);
        let removed = state.connected.remove(id);
        state.cut_off.extend(cut);
        let awaited = std::mem::take(&mut state.awaited);
        drop(state);
        self.fewer.notify_all();
        // Dropping the last reference to the connection may need the lock.
        drop(removed);
        awaited
    }

    /// The connections whose threads have not ended.
    pub(super) fn connected(&self) -> Vec<Arc<Link>> {
        self.state.lock().connected.values().cloned().collect()
    }

    /// The connections that have not ended.
    pub(super) fn links(&self) -> Vec<Arc<Link>> {
        self.connected().into_iter().filter(|link| !link.has_ended()).collect()
    }

    /// Runs `act` for every connection that has not ended.
    pub(super) fn each(&self, act: impl FnMut(&Arc<Link>)) {
        each(&self.links(), act);
    }

    pub(super) fn all(&self) -> Vec<Client> {
        self.links().iter().map(Client::of).collect()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.lock().stopping
    }

    /// Counts the calling thread, a client's, as inside a hook while `hook` runs.
    pub(super) fn inside_hook(&self, hook: impl FnOnce()) {
        self.state.lock().inside_hooks += 1;
        hook();
        self.state.lock().inside_hooks -= 1;
    }
}
