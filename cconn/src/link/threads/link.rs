//! One connection with its threads: which threads run its commands, what looks after it, and how
//! many handles hold it.

use std::any::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::attached::Attachment;
use super::dispatch::Runner;
use super::names::Names;
use super::watch::Watch;
use crate::link::core::goodbye::Ending;
use crate::link::core::identity::Identity;
use crate::link::core::limits::{Limits, PeerLimits};
use crate::link::core::load::Load;
use crate::link::core::notices::Notice;
use crate::link::core::route::Kinds;
use crate::link::io::channel::{Channel, ChannelParts};
use crate::sync::process_id;
use crate::transport::Transport;
use crate::wire::{EndReason, Features};

/// The commands of one connection. The registry in the layer above implements it.
pub(crate) trait Dispatch: Kinds + Any + Send + Sync {
    /// Makes what a thread needs to run commands of this connection. It is made once for each such
    /// thread, so that a command pays nothing for it.
    fn runner<'a>(&'a self, link: &'a Arc<Link>) -> Box<dyn Runner + 'a>;

    /// Runs the program's hook for a one-way message that failed, at the peer or here. Never
    /// panics.
    fn notice(&self, link: &Arc<Link>, notice: &Notice);

    /// Called when the connection has ended; must not block. False if a thread that is needed could
    /// not be started: then it is called again.
    fn ended(&self, _link: &Arc<Link>) -> bool {
        true
    }

    /// Tells the program that so many commands of the peer's have waited for a while and no thread
    /// runs them. Must not block.
    fn unheard(&self, _link: &Arc<Link>, _commands: usize) {}

    /// What the program has given for the commands of this connection; `None` if it gives nothing.
    fn given(&self) -> Option<&dyn Any> {
        None
    }

    /// The fingerprints that the command with this hash accepts, the longest form first.
    fn accepted(&self, _command: u64) -> Vec<u32> {
        Vec::new()
    }
}

/// One connection.
///
/// It derefs to its channel, which holds everything that needs no thread.
pub(crate) struct Link {
    /// In a place of its own, in which it is made: see `Channel::new`.
    channel: Box<Channel>,
    pub(super) commands: Arc<dyn Dispatch>,
    pub(in super::super) peer: PeerLimits,
    pub(in super::super) watch: Option<Arc<Watch>>,
    pub(super) me: Weak<Link>,
    pub(crate) identity: Identity,
    /// Names of the one-way commands that were sent.
    pub(crate) names: Names,
    /// When the greeting was done.
    pub(super) born: Instant,
    /// Handles to this connection: the lower half counts all, the upper half those of running
    /// commands, which are among them.
    pub(super) handles: AtomicU64,
    /// Whether the connection stops when its last handle is dropped: true for a client's, false for
    /// a server's.
    pub(crate) ends_with_handles: bool,
    /// Whether bytes were left to the watchman and may still be unwritten.
    left: AtomicBool,
    /// Whether the connection has a thread of its own that runs its commands.
    pub(super) listens: AtomicBool,
    /// What the layer above keeps with the connection.
    pub(crate) attachment: Attachment,
    /// What the layer above tells of the connection while it lasts.
    #[cfg(any(feature = "tracing", feature = "metrics"))]
    pub(crate) telling: Attachment,
}

impl Deref for Link {
    type Target = Channel;

    #[inline]
    fn deref(&self) -> &Channel {
        &self.channel
    }
}

/// The parts that a connection is made of.
pub(crate) struct Parts {
    pub(crate) io: Arc<dyn Transport>,
    pub(crate) commands: Arc<dyn Dispatch>,
    /// Shared by all connections of a server.
    pub(crate) limits: Arc<Limits>,
    pub(crate) peer: PeerLimits,
    pub(crate) watch: Option<Arc<Watch>>,
    pub(crate) identity: Identity,
    pub(crate) ends_with_handles: bool,
    /// Bytes received after the greeting, in a buffer that is read into further.
    pub(crate) rest: Vec<u8>,
}

impl Link {
    /// Makes a connection whose greeting is done.
    pub(crate) fn new(mut parts: Parts) -> Arc<Link> {
        // The watchman's thread starts now, so that the first burst can be left to it.
        parts.watch.iter().for_each(Watch::prepare);
        let rest = std::mem::take(&mut parts.rest);
        let Parts { io, commands, limits, peer, watch, .. } = &parts;
        let (kinds, limits) = (commands.clone(), limits.clone());
        let (peer, watched) = (*peer, watch.is_some());
        // The watchman has asked the system for that already.
        let process = watch.as_ref().map_or_else(process_id, |watch| watch.process());
        let io = io.clone();
        let channel =
            Channel::new(ChannelParts { io, kinds, limits, peer, rest, watched, process });
        Link::around(channel, parts)
    }

    /// Never inlined: see `Channel::new`.
    #[inline(never)]
    fn around(channel: Box<Channel>, parts: Parts) -> Arc<Link> {
        let Parts { commands, peer, watch, identity, ends_with_handles, .. } = parts;
        Arc::new_cyclic(|me: &Weak<Link>| Link {
            channel: channel.with_crew(me.clone()),
            commands,
            peer,
            watch,
            me: me.clone(),
            identity,
            names: Names::default(),
            born: crate::sync::now(),
            handles: AtomicU64::new(0),
            ends_with_handles,
            left: AtomicBool::new(false),
            listens: AtomicBool::new(false),
            attachment: Attachment::default(),
            #[cfg(any(feature = "tracing", feature = "metrics"))]
            telling: Attachment::default(),
        })
    }

    /// Leaves the helm to the watchman until another thread takes it. A side without an executor
    /// does this from the beginning.
    pub(crate) fn leave_helm(&self) {
        self.locked(|state| {
            state.route_rest();
            state.pass_on();
        });
    }

    /// What the peer understands beyond the first form of the protocol.
    pub(crate) fn features(&self) -> Features {
        self.peer.features
    }

    #[inline]
    pub(super) fn is_left(&self) -> bool {
        self.left.load(Ordering::Relaxed)
    }

    pub(super) fn set_left(&self, left: bool) {
        self.left.store(left, Ordering::Relaxed);
    }

    /// How the connection ended, if this side cut it while its program was stopping it, against that
    /// wish. A connection that had ended before the program asked for the stop was not cut by the
    /// stop, even if its thread still reads what the peer sends behind the end. A peer that was sent
    /// away because nothing was asked for still gets all that was sent before.
    pub(crate) fn cut_in_stop(&self) -> Option<Arc<Ending>> {
        let cut = |ending: &Arc<Ending>| {
            ending.is_here() && !ending.is_orderly() && !matches!(**ending, Ending::Idle { .. })
        };
        self.locked_soon(|state| {
            if state.has_dropped_rest() {
                return Some(Arc::new(Ending::here(EndReason::GraceOver, "")));
            }
            let ended = state.ended().filter(|_| state.is_stop_asked_here());
            ended.filter(|ending| cut(ending)).cloned()
        })
    }

    /// Whether the peer may not have run everything that was sent.
    pub(crate) fn may_be_unhandled(&self) -> bool {
        self.locked_soon(|state| state.may_be_unhandled())
    }

    /// Counts a notice of a failure that is not delivered to the program.
    pub(crate) fn lose_notice(&self) {
        self.locked(|state| state.lose_notice());
    }

    /// Whether the peer understands messages that leave out arguments at their end.
    // [features.forms]
    pub(crate) fn takes_short_forms(&self) -> bool {
        self.peer.features.has(Features::FORMS)
    }

    /// How much is under way. Waits for the lock, before the connection's own threads.
    pub(crate) fn load(&self) -> Load {
        self.locked_soon(|state| state.load())
    }

    /// For how long the connection has been there.
    pub(crate) fn age(&self) -> Duration {
        crate::sync::now().saturating_duration_since(self.born)
    }

    /// The registry that runs this connection's commands.
    pub(crate) fn commands(&self) -> &Arc<dyn Dispatch> {
        &self.commands
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("identity", &self.identity).finish_non_exhaustive()
    }
}
