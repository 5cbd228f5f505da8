//! One connection, the same on both sides: who reads, who writes, who runs commands, how it ends.
//!
//! At most one thread reads at a time: it has the *helm*. At most one writes: it is the
//! *flusher*. Commands run one at a time: the runner has the *turn*. Every decision stands in
//! `state` and its parts, which hold no socket; the rest moves bytes and threads as decided.
//! `docs/ARCHITECTURE.md` explains the whole.
//!
//! `lien` knows no user value: bodies are opaque bytes, and commands are run through `Dispatch`.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod bytes;
mod calls;
mod dispatch;
mod due;
mod goodbye;
mod handler;
mod inbox;
#[cfg(modele)]
#[path = "../../modele/src/inside.rs"]
pub(crate) mod inside;
mod limits;
mod lock;
mod outbox;
mod parker;
mod read;
mod route;
mod run;
mod send;
mod sleepers;
mod state;
mod stop;
#[cfg(test)]
mod tests;
mod turn;
mod wait;
mod watch;
mod window;
mod write;

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use crate::sync::Mutex;
use crate::transport::Transport;

pub(crate) use bytes::{Bytes, put_spare, take_spare};
pub(crate) use calls::Answer;
pub(crate) use dispatch::{Dispatch, Incoming, Outcome};
pub(crate) use goodbye::Ending;
pub(crate) use limits::{COMMAND_OVERHEAD, Limits, MAX_FRAME, PeerLimits, smallest_window};
pub(crate) use send::{Failure, Phase};
pub(crate) use stop::Stopped;
pub(crate) use turn::Notice;
pub(crate) use watch::Watch;

/// How long an ended connection reads out what its peer still sends.
const LINGER: Duration = Duration::from_secs(2);

/// One connection.
pub(crate) struct Lien {
    state: Mutex<state::State>,
    io: Box<dyn Transport>,
    commands: Arc<dyn Dispatch>,
    pub(crate) limits: Limits,
    peer: PeerLimits,
    watch: Option<Arc<Watch>>,
    me: Weak<Lien>,
    /// The peer's address and the connection's number, for errors and for people.
    pub(crate) label: Box<str>,
    thread_name: String,
}

/// What a connection is made of.
pub(crate) struct Parts {
    pub(crate) io: Box<dyn Transport>,
    pub(crate) commands: Arc<dyn Dispatch>,
    pub(crate) limits: Limits,
    pub(crate) peer: PeerLimits,
    pub(crate) watch: Option<Arc<Watch>>,
    pub(crate) label: Box<str>,
    /// Name of the thread that serves it; stand-ins are named after it.
    pub(crate) thread_name: String,
    /// What was received behind the greeting.
    pub(crate) rest: Vec<u8>,
}

impl Lien {
    /// A connection whose greeting is done.
    pub(crate) fn new(parts: Parts) -> Arc<Lien> {
        let Parts { io, commands, limits, peer, watch, label, thread_name, rest } = parts;
        let state = Mutex::new(state::State::new(&limits, peer, &rest));
        Arc::new_cyclic(|me| Lien {
            state,
            io,
            commands,
            limits,
            peer,
            watch,
            me: me.clone(),
            label,
            thread_name,
        })
    }

    /// What runs this connection's commands.
    pub(crate) fn commands(&self) -> &Arc<dyn Dispatch> {
        &self.commands
    }

    /// Why the connection ended, if it has.
    pub(crate) fn ending(&self) -> Option<Arc<Ending>> {
        self.lock().closed().cloned()
    }

    /// Depth at which the calling thread sends: one deeper than the handler it is inside of.
    pub(crate) fn depth(&self) -> Result<u8, Failure> {
        let depth = handler::current().map_or(0, |handler| handler.depth.saturating_add(1));
        if depth > self.limits.max_depth {
            return Err(Failure::TooDeep { limit: usize::from(self.limits.max_depth) });
        }
        Ok(depth)
    }

    /// Whether the caller of the command that this thread runs no longer wants its answer.
    pub(crate) fn is_cancelled() -> bool {
        let Some(handler) = handler::current() else { return false };
        let state = handler.lien.lock();
        state.is_closed() || handler.call.is_some_and(|call| state.turn.is_cancelled(call))
    }

    /// Threads that are inside a handler of this connection now.
    pub(crate) fn occupied(&self) -> usize {
        self.lock().turn.occupied()
    }
}

impl fmt::Debug for Lien {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lien").field("thread", &self.thread_name).finish_non_exhaustive()
    }
}
