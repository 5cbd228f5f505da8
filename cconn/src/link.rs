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
use std::time::{Duration, Instant};

use crate::sync::Mutex;
use crate::transport::Transport;
use crate::wire::EndReason;

use verbs::names::Names;

pub(crate) use core::bytes::{put_scratch, take_scratch};
pub(crate) use core::calls::Answer;
pub(crate) use core::goodbye::{Ending, lost};
pub(crate) use core::identity::Identity;
pub(crate) use core::limits::{Limits, PeerLimits, smallest_window};
pub(crate) use core::notices::Notice;
pub(crate) use core::whereabouts::{Behind, Stage, Whereabouts};
pub(crate) use threads::circle::{Chained, Place, inside, is_inside};
pub(crate) use threads::dispatch::{Dispatch, Incoming, Outcome, Runner};
pub(crate) use threads::left::note_maker;
pub(crate) use threads::watch::Watch;
pub(crate) use verbs::admit::Aside;
pub(crate) use verbs::expel::Expelled;
pub(crate) use verbs::send::{Failure, Outgoing, Phase};
pub(crate) use verbs::several::{Awaited, wait_for_first};
pub(crate) use verbs::stop::{CHAIN_TICK, Stopped};

/// How long dropping the last handle of a connection may take.
const LAST_GRACE: Duration = Duration::from_secs(1);

/// One connection.
pub(crate) struct Link {
    state: Mutex<core::state::State>,
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
        let mut state = core::state::State::new(&limits, peer, rest, watch.is_some());
        state.set_stream(&*io);
        Arc::new_cyclic(|me| Link {
            state: Mutex::new(state),
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

    /// The program has one more handle to this connection.
    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
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

    /// The program lets go of a handle: what was sent and left to the watchman is written.
    pub(crate) fn let_go_of_handle(&self) {
        self.write_if_left();
        self.drop_handle();
    }

    /// The program has one more handle, unless the connection ends with its handles and there is
    /// none any more.
    pub(crate) fn add_handle_if_any(&self) -> bool {
        let more = |handles: usize| {
            (handles > 0 || !self.ends_with_handles).then_some(handles.wrapping_add(1))
        };
        self.handles.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// A handle of the program's is gone. With the last one the connection ends: at once where
    /// the peer has taken up all that was sent, else in order but within `LAST_GRACE`.
    pub(crate) fn drop_handle(&self) {
        let last = self.handles.fetch_sub(1, Ordering::AcqRel) == 1;
        if !last || !self.ends_with_handles || self.is_inherited() {
            return;
        }
        let mut state = self.lock_soon();
        let (closed, ended) = (state.is_closed(), state.ended().is_some());
        if !ended && state.is_all_taken_up() {
            state.close(Ending::here(EndReason::Closed, ""));
            // Where nobody else holds it either it is gone before the watchman could look.
            state.tended.lingers &= self.me.strong_count() > 1;
            return;
        }
        drop(state);
        if !closed {
            self.stop(crate::sync::now().checked_add(LAST_GRACE));
        }
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

    /// Depth at which the calling thread sends: one deeper than the handler it is inside of.
    pub(crate) fn depth(&self) -> Result<u8, Failure> {
        Link::depth_of(self.limits.max_depth)
    }

    /// The same, against that limit.
    pub(crate) fn depth_of(limit: u8) -> Result<u8, Failure> {
        let depth = threads::handler::marks().map_or(Some(0), |marks| marks.depth.checked_add(1));
        depth.filter(|depth| *depth <= limit).ok_or(Failure::TooDeep { limit: usize::from(limit) })
    }

    /// Whether the command that the calling thread is inside of is one of this connection, and
    /// counted here among those that wait.
    fn is_inside(&self) -> bool {
        threads::handler::current()
            .is_some_and(|handler| std::ptr::eq(&raw const *handler.link, self))
    }

    /// The calling thread runs a hook of this connection until the value is dropped.
    pub(crate) fn serving(self: &Arc<Self>) -> threads::handler::Serving {
        threads::handler::serve(self)
    }

    /// Whether the calling thread is part of what has to finish before this connection can: it is
    /// inside a command or a hook of it, or of its other end where that is in this process.
    pub(crate) fn is_served_here(&self) -> bool {
        threads::handler::serves(|served| {
            std::ptr::eq(served, self) || is_other_end(&*served.io, &*self.io)
        })
    }

    /// Whether the calling thread is inside a command that a command has asked for, for whose end
    /// commands of this connection may be what waits.
    pub(crate) fn may_wait_for_caller(&self) -> bool {
        threads::handler::is_asked_for() && self.lock_soon().turn.only_waits()
    }

    /// Whether the caller of the command that this thread runs no longer wants its answer.
    pub(crate) fn is_cancelled() -> bool {
        let Some(handler) = threads::handler::current() else { return false };
        let state = handler.link.lock();
        state.ended().is_some()
            || handler.marks.call.is_some_and(|call| state.turn.is_cancelled(call))
    }
}

/// Whether two streams are the two ends of one.
fn is_other_end(one: &dyn Transport, other: &dyn Transport) -> bool {
    match (one.ends(), other.ends()) {
        (Some([near, far]), Some([its_near, its_far])) => near == its_far && far == its_near,
        _ => false,
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("identity", &self.identity).finish_non_exhaustive()
    }
}
