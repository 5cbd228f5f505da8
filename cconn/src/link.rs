//! One connection, the same on both sides: who reads, who writes, who runs commands, how it ends.
//!
//! At most one thread reads at a time: it has the *helm*. At most one writes: it is the
//! *flusher*. Commands run one at a time: the runner has the *turn*. Every decision stands in
//! `state` and its parts, which hold no socket; the rest moves bytes and threads as decided.
//! `docs/ARCHITECTURE.md` explains the whole.
//!
//! `link` knows no user value: bodies are opaque bytes, and commands are run through `Dispatch`.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod core;
#[cfg(model)]
#[path = "../../checks/model/src/inside.rs"]
pub(crate) mod inside;
mod io;
#[cfg(test)]
mod tests;
mod threads;
mod verbs;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Instant;

use crate::sync::Mutex;
use crate::transport::Transport;

use io::shared::Shared;
use verbs::names::Names;

pub(crate) use core::bytes::{put_scratch, take_scratch};
pub(crate) use core::calls::Answer;
pub(crate) use core::failure::{Failure, Phase};
pub(crate) use core::goodbye::{Ending, lost};
pub(crate) use core::identity::Identity;
pub(crate) use core::limits::{Limits, PeerLimits, smallest_window};
pub(crate) use core::notices::Notice;
pub(crate) use core::outgoing::Outgoing;
pub(crate) use core::route::Kinds;
pub(crate) use core::whereabouts::{Behind, Stage, Whereabouts};
pub(crate) use threads::aside::Aside;
pub(crate) use threads::chained::{Chained, inside, is_inside};
pub(crate) use threads::circle::Place;
pub(crate) use threads::dispatch::{Dispatch, Incoming, Outcome, Runner};
pub(crate) use threads::left::note_maker;
pub(crate) use threads::watch::Watch;
pub(crate) use verbs::expel::Expelled;
pub(crate) use verbs::several::{Awaited, wait_for_first};
pub(crate) use verbs::stop::{CHAIN_TICK, Stopped};

/// One connection.
pub(crate) struct Link {
    state: Mutex<Shared>,
    /// Who wants that lock, which the connection's own threads may keep busy.
    wanted: io::wanted::Wanted,
    io: Arc<dyn Transport>,
    commands: Arc<dyn Dispatch>,
    pub(crate) limits: Arc<Limits>,
    peer: PeerLimits,
    watch: Option<Arc<Watch>>,
    me: Weak<Link>,
    pub(crate) identity: Identity,
    /// Names of what was sent one-way.
    pub(crate) names: Names,
    /// Why it ended, for those who ask without the other lock: it may be held for long under a flood.
    shown: Mutex<Option<Arc<Ending>>>,
    /// When the greeting was done.
    born: Instant,
    /// Handles of the program that exist.
    handles: AtomicUsize,
    /// Whether the connection stops with its last handle: a server's connections do not.
    ends_with_handles: bool,
    /// Bytes were left to the watchman, and may still wait.
    left: AtomicBool,
    /// The process that made it.
    process: u32,
}

/// What a connection is made of.
pub(crate) struct Parts {
    pub(crate) io: Arc<dyn Transport>,
    pub(crate) commands: Arc<dyn Dispatch>,
    /// The same for all connections of a server.
    pub(crate) limits: Arc<Limits>,
    pub(crate) peer: PeerLimits,
    pub(crate) watch: Option<Arc<Watch>>,
    pub(crate) identity: Identity,
    pub(crate) ends_with_handles: bool,
    /// What was received behind the greeting, in a buffer to go on reading into.
    pub(crate) rest: Vec<u8>,
}

impl Link {
    /// A connection whose greeting is done.
    pub(crate) fn new(parts: Parts) -> Arc<Link> {
        let Parts { io, commands, limits, peer, watch, identity, ends_with_handles, rest } = parts;
        watch.iter().for_each(Watch::prepare);
        let shared = Shared::new(&limits, peer, rest, watch.is_some(), &*io);
        Arc::new_cyclic(|me| Link {
            state: Mutex::new(shared),
            wanted: io::wanted::Wanted::default(),
            io,
            commands,
            limits,
            peer,
            watch,
            me: me.clone(),
            identity,
            names: Names::default(),
            shown: Mutex::new(None),
            born: crate::sync::now(),
            handles: AtomicUsize::new(0),
            ends_with_handles,
            left: AtomicBool::new(false),
            process: crate::sync::process_id(),
        })
    }

    /// Leaves the helm to the watchman until somebody takes it: on a side without an executor,
    /// from the beginning.
    pub(crate) fn leave_helm(&self) {
        self.route_rest();
        self.lock().pass_on();
    }

    /// Whether this process is not the one that made the connection, but a child of it: the stream
    /// is the parent's.
    fn is_inherited(&self) -> bool {
        self.process != crate::sync::process_id()
    }

    #[inline]
    fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    fn set_left(&self, left: bool) {
        self.left.store(left, Ordering::Relaxed);
    }

    /// Whether this side ended it while it was being stopped, and not because its program wanted
    /// it so.
    pub(crate) fn was_cut_in_stop(&self) -> bool {
        let state = self.lock_soon();
        let cut =
            |ending: &Arc<Ending>| matches!(**ending, Ending::Here { .. }) && !ending.is_orderly();
        state.goodbye.stopping && state.ended().is_some_and(cut)
    }

    /// Word of a failure is not told to the program.
    pub(crate) fn lose_notice(&self) {
        self.lock().turn.notices.lose();
    }

    /// What runs this connection's commands.
    pub(crate) fn commands(&self) -> &Arc<dyn Dispatch> {
        &self.commands
    }

    /// Why the connection ended, if it has; what came before may still be run, or written. Waits
    /// for nobody.
    pub(crate) fn ending(&self) -> Option<Arc<Ending>> {
        self.shown.lock().clone()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("identity", &self.identity).finish_non_exhaustive()
    }
}
