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
/// Starting a thread, calling the watchman and telling the layer above of the end are due now and
/// then when the lock is released. What does them is above `io`, so `io` hands over what is due.
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
    /// Always there while a thread uses the channel, which is a part of its crew's own value.
    pub(super) crew: Weak<dyn Crew>,
    /// Why the connection ended, for threads that ask without the lock: under a flood that may be
    /// held for long.
    shown: Mutex<Option<Arc<Ending>>>,
    /// The process that made the connection.
    process: u32,
}

/// What a channel is made of.
pub(in super::super) struct Ends {
    pub(in super::super) io: Arc<dyn Transport>,
    pub(in super::super) kinds: Arc<dyn Kinds>,
    pub(in super::super) limits: Arc<Limits>,
    pub(in super::super) peer: PeerLimits,
    /// What was received behind the greeting, in a buffer to go on reading into.
    pub(in super::super) rest: Vec<u8>,
    /// Whether there is a watchman for this connection.
    pub(in super::super) watched: bool,
}

impl Channel {
    pub(in super::super) fn new(ends: Ends, crew: Weak<dyn Crew>) -> Self {
        let Ends { io, kinds, limits, peer, rest, watched } = ends;
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

    /// Whether this process is not the one that made the connection, but a child of it: the stream
    /// is the parent's.
    pub(in super::super) fn is_inherited(&self) -> bool {
        self.process != crate::sync::process_id()
    }

    /// Why the connection ended, if it has; what came before may still be run, or written. Waits
    /// for nobody.
    pub(crate) fn ending(&self) -> Option<Arc<Ending>> {
        self.shown.lock().clone()
    }

    pub(super) fn show_ending(&self, ending: Option<Arc<Ending>>) {
        *self.shown.lock() = ending;
    }

    /// The whole, for a person who looks for the cause of a failure in a model.
    #[cfg(model)]
    pub(in super::super) fn guarded(&self) -> &impl std::fmt::Debug {
        &self.shared
    }
}
