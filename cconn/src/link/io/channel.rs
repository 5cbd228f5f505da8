//! A connection below its threads: its lock, its stream, and the crew that carries out what is due.

use std::sync::{Arc, Weak};

use super::shared::Shared;
use super::wanted::Wanted;
use crate::link::core::due::Due;
use crate::link::core::goodbye::Ending;
use crate::link::core::limits::{Limits, PeerLimits};
use crate::link::core::route::Kinds;
use crate::sync::Mutex;
use crate::transport::Transport;

/// The threads above a channel, as the channel sees them.
///
/// When the lock is released, a thread may have to be started, the watchman called, or the layer
/// above told of the end. All of that is above `io`, so `io` passes on what is due.
pub(in super::super) trait Crew: Send + Sync {
    /// Carries out what was due when the lock was released. Called with nothing locked.
    fn carry_out(&self, due: Due);
}

/// The state of one connection under its lock, and the stream that it is about.
pub(crate) struct Channel {
    pub(super) shared: Mutex<Shared>,
    /// The threads that want that lock, which the connection's own threads may keep busy.
    pub(super) wanted: Wanted,
    pub(in super::super) io: Arc<dyn Transport>,
    pub(super) kinds: Arc<dyn Kinds>,
    pub(crate) limits: Arc<Limits>,
    /// Never gone while a thread uses the channel, because the channel is a part of the crew's own
    /// value.
    pub(super) crew: Weak<dyn Crew>,
    /// Why the connection ended, for threads that ask without the lock of the state: under a flood
    /// that lock may be held for long.
    shown: Mutex<Option<Arc<Ending>>>,
    /// The process that made the connection.
    process: u32,
}

/// What a channel is made of.
pub(in super::super) struct ChannelParts {
    pub(in super::super) io: Arc<dyn Transport>,
    pub(in super::super) kinds: Arc<dyn Kinds>,
    pub(in super::super) limits: Arc<Limits>,
    pub(in super::super) peer: PeerLimits,
    /// Bytes received after the greeting, in a buffer that is read into further.
    pub(in super::super) rest: Vec<u8>,
    /// Whether the connection has a watchman.
    pub(in super::super) watched: bool,
}

impl Channel {
    pub(in super::super) fn new(parts: ChannelParts, crew: Weak<dyn Crew>) -> Self {
        let ChannelParts { io, kinds, limits, peer, rest, watched } = parts;
        let shared = Shared::new(&limits, peer, rest, watched, &*io);
        Channel {
            shared: Mutex::new(shared),
            wanted: Wanted::default(),
            io,
            kinds,
            limits,
            crew,
            shown: Mutex::new(None),
            process: crate::sync::process_id(),
        }
    }

    /// Whether this process is a child of the process that made the connection: then the stream
    /// belongs to the parent.
    pub(in super::super) fn is_inherited(&self) -> bool {
        self.process != crate::sync::process_id()
    }

    /// Why the connection ended, if it has. Commands and messages from before may still be run or
    /// written. Never waits for the lock of the state.
    pub(crate) fn ending(&self) -> Option<Arc<Ending>> {
        self.shown.lock().clone()
    }

    pub(super) fn show_ending(&self, ending: Option<Arc<Ending>>) {
        *self.shown.lock() = ending;
    }

    /// The guarded state, for a person who looks for the cause of a failure in a model.
    #[cfg(model)]
    pub(in super::super) fn guarded(&self) -> &impl std::fmt::Debug {
        &self.shared
    }
}
