//! What the connection core requires of a byte stream.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::identite::Identite;
use crate::sync::{AsFd, Deadline};

/// The two directions of a stream: those that a poll asks for, or those that it found ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) readable: bool,
    pub(crate) writable: bool,
}

/// The address of one end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum End {
    Socket(SocketAddr),
    /// An end of a Unix socket's connection in this process: the name of the end that connected,
    /// and whether it is that end.
    #[cfg(target_os = "linux")]
    Unix([u8; 5], bool),
    /// An end of a pair in memory: the pair's address in this process, and whether it is the left
    /// end.
    Memory(usize, bool),
}

/// Whether a stream has something to receive, and if not, how its arrival will be noticed.
pub(crate) enum Input<'a> {
    /// Bytes can be received, or the end of the stream.
    There,
    /// Nothing yet; the waker that was passed is woken once there is something.
    Awaited,
    /// Unknown; a poll of this descriptor tells. The descriptor stays open while this value is
    /// held.
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

    /// Receives like `recv`, but never blocks: `WouldBlock` if nothing has arrived.
    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize>;

    /// Sends the first part of what `parts` hold, without blocking. Returns the number of bytes
    /// taken, at least 1; `WouldBlock` if the stream takes none now.
    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Sends like `try_send`, for bytes that `shutdown_write` follows at once. They may travel
    /// together with the end of the stream: one packet on the network, and one waking of the peer.
    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_send(parts)
    }

    /// How many paddings of `size` bytes each should be sent with the `before` bytes in front of a
    /// large payload, so that the system takes the payload quickly (see `copy`).
    fn paddings(&self, _before: usize, _payload: &[u8], _size: usize) -> usize {
        0
    }

    /// Blocks until one of the wanted directions is ready or the deadline passes; then none is
    /// ready. On a broken stream both count as ready, so that the next call reports the error.
    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready>;

    /// Whether a receive may take a part of a unit, such as of an encrypted record, and wait for
    /// the rest without returning. If so, input that is no longer there does not show that the
    /// receive has returned.
    fn receives_in_steps(&self) -> bool {
        false
    }

    /// Sets what the stream of a client needs beyond being connected. Called when the greeting has
    /// been sent, so that the server already has work while this takes its system calls; with TLS
    /// also before, for the handshake. Calling it again changes nothing. A stream around another
    /// one passes it on.
    fn configure(&self, _write_deadline: Duration) {}

    /// The stream inside this one, for a user that drops it after `close`: calls on it skip the
    /// check whether the stream is closed. `None` if there is no such stream.
    fn direct(&self) -> Option<Arc<dyn Transport>> {
        None
    }

    /// What there is to receive, for a thread that waits for several streams at once. `waker` is
    /// kept if the stream has no descriptor to poll.
    fn input(&self, waker: &Waker) -> Input<'_>;

    /// Whether the peer has ended its side or is gone, as far as that is known without reading the
    /// bytes still unread. `None` if the system does not say whether the end stands behind them:
    /// whoever reads them will know.
    fn is_peer_gone(&self) -> Option<bool> {
        Some(false)
    }

    /// The addresses of this end and of the peer's, in this order; `None` if unknown. They tell
    /// whether both ends are in this process.
    fn ends(&self) -> Option<[End; 2]> {
        None
    }

    /// What the stream itself proves about the peer, once a greeting has come over it.
    fn peer(&self) -> Identite {
        Identite::anonyme()
    }

    /// A value that both ends of an encrypted stream know, and nobody else; `None` on other streams.
    fn binding(&self) -> Option<[u8; 32]> {
        None
    }

    /// Ends the sending direction: the peer first reads everything sent before, then the end of the
    /// stream.
    fn shutdown_write(&self);

    /// Ends both directions and wakes every thread that is blocked in a call.
    fn shutdown(&self);

    /// Ends both directions and gives the descriptor back to the system. Later calls behave as at
    /// the end of a stream, and fail in no other way.
    fn close(&self) {
        self.shutdown();
    }
}

/// How far the handshake of an encrypted stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "without `tls` no stream has one"))]
pub(crate) enum Shake {
    /// The other side has sent nothing.
    Nothing,
    /// The other side has sent a part of its handshake.
    Begun,
    /// Both sides have agreed on keys.
    Done,
}
