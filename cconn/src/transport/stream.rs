//! What the connection core asks of a stream.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use crate::sync::Deadline;

/// Which of the two directions a poll asks for, or found ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// One end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Socket(SocketAddr),
    /// Of a pair in memory, by its address there; the left one or the right one.
    Memory(usize, bool),
}

/// What there is to receive.
pub(crate) enum Input<'a> {
    /// Something, or the end.
    There,
    /// Nothing yet, and the waker is woken once there is.
    Awaited,
    /// A poll of this says so. No thread closes it while it is held.
    Polled(Box<dyn AsFd + 'a>),
}

/// One two-way byte stream, shared by all threads of a connection.
///
/// At most one thread receives at a time, and at most one sends; both may happen at once. No
/// method returns `Interrupted`.
pub(crate) trait Transport: Send + Sync {
    /// Receives into the spare capacity of `buf` (which must have some) and appends.
    ///
    /// Blocks until at least one byte came, the stream ended (`Ok(0)`), or the deadline passed
    /// (`TimedOut`).
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize>;

    /// Like `recv`, but never blocks: `WouldBlock` where nothing is there.
    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize>;

    /// Sends a part of what `parts` hold, in order, without blocking: `WouldBlock` where no byte
    /// can be taken now.
    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize>;

    /// The same for what `shutdown_write` follows at once: it may travel with the end of the
    /// stream, which is one packet for the network and one waking for the peer.
    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_send(parts)
    }

    /// Blocks until one of the wanted directions is ready, or the stream broke (then both are),
    /// or the deadline passed (then none is).
    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready>;

    /// The stream that stands behind this one, for those who let go of it after `close`: until then
    /// it is used without a look at whether it is closed.
    fn direct(&self) -> Option<Arc<dyn Transport>> {
        None
    }

    /// What there is to receive, for who waits for several streams at once: how to hear of it.
    fn input(&self, waker: &Waker) -> Input<'_>;

    /// Whether the peer has ended its side, or is gone, as far as is known without reading what is
    /// still there.
    fn is_peer_gone(&self) -> bool {
        false
    }

    /// This end and the other, where that can be told: both may be in one process.
    fn ends(&self) -> Option<[End; 2]> {
        None
    }

    /// Ends the sending direction: the peer sees the end of the stream after what was sent.
    fn shutdown_write(&self);

    /// Ends both directions and wakes whoever is blocked here.
    fn shutdown(&self);

    /// Ends both directions, and gives back what the system lends to the stream. Nothing that is
    /// called afterwards fails in another way than at the end of a stream.
    fn close(&self) {
        self.shutdown();
    }
}
