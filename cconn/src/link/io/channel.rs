//! A connection below its threads: its lock, its stream, and the crew that carries out what is due.

use std::sync::{Arc, Weak};

use super::reader::Reader;
use super::shared::Shared;
use super::stream::Direct;
use super::wanted::Wanted;
use crate::link::core::due::Due;
use crate::link::core::goodbye::Ending;
use crate::link::core::limits::{Limits, PeerLimits};
use crate::link::core::route::Kinds;
use crate::link::core::state::State;
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
    /// value; `None` until it is one.
    pub(super) crew: Option<Weak<dyn Crew>>,
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
    /// The process that makes the connection.
    pub(in super::super) process: u32,
}

impl Channel {
    /// Made in its place on the heap, by a function that is never inlined: a thread keeps every page
    /// of stack that it has once used, and this is most of a connection.
    #[inline(never)]
    pub(in super::super) fn new(parts: ChannelParts) -> Box<Self> {
        let ChannelParts { io, kinds, limits, peer, rest, watched, process } = parts;
        let (reader, outlet) = (Reader::new(&limits, rest, &*io), Direct::of(&*io));
        Box::write(
            Box::new_uninit(),
            Channel {
                shared: Mutex::new(Shared::new(State::new(&limits, peer, watched), reader, outlet)),
                wanted: Wanted::default(),
                io,
                kinds,
                limits,
                crew: None,
                shown: Mutex::new(None),
                process,
            },
        )
    }

    /// This channel, of those threads: they exist only with the channel inside.
    pub(in super::super) fn with_crew(mut self: Box<Self>, crew: Weak<dyn Crew>) -> Box<Self> {
        self.crew = Some(crew);
        self
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

    /// Whether the connection has ended. Never waits for the lock of the state.
    pub(crate) fn has_ended(&self) -> bool {
        self.shown.lock().is_some()
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
