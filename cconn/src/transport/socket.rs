//! A socket as a transport, with one of two ways to wait.
//!
//! Linux has flags for single system calls that must not block, and it wakes a thread that is
//! blocked in a receive if another thread shuts the socket down. So on Linux the socket is in
//! blocking mode, and a receive that finds its bytes is one system call (`blocking`). On other
//! systems one of these two is missing, or a shutdown throws away bytes that have arrived. So there
//! the socket never blocks, and threads wait in a poll (`polling`). Built with `--cfg
//! cconn_polling`, Linux polls too, so that every test can run both ways.
//!
//! This file holds what both ways share; `options` knows the options of sockets.

#[cfg(all(target_os = "linux", not(cconn_polling)))]
mod blocking;
mod family;
mod options;
#[cfg(any(not(target_os = "linux"), cconn_polling))]
mod polling;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::net::TcpStream;
use std::time::Duration;

use rustix::event::PollFlags;
use rustix::io::Errno;

#[cfg(all(target_os = "linux", not(cconn_polling)))]
pub(crate) use blocking::Socket;
use family::Family;
pub(crate) use options::configure;
#[cfg(any(not(target_os = "linux"), cconn_polling))]
pub(crate) use polling::Socket;

use super::Ready;
use crate::copy;
use crate::sync::{AsFd, BorrowedFd};

/// The poll flag of a peer that has ended its side, on systems that have one. A hang-up and errors
/// are reported without asking.
#[cfg(any(target_os = "linux", target_os = "freebsd"))]
const LEFT: PollFlags = PollFlags::RDHUP;
#[cfg(not(any(target_os = "linux", target_os = "freebsd")))]
const LEFT: PollFlags = PollFlags::empty();

/// The number of sockets that a connection takes: its own, and a bell if waiting threads poll.
pub(crate) const SOCKETS: usize =
    if cfg!(all(target_os = "linux", not(cconn_polling))) { 1 } else { 2 };

impl Socket {
    /// Takes over a TCP stream that a listener has just accepted.
    pub(crate) fn accepted(stream: TcpStream, write_deadline: Duration) -> Self {
        if !options::TAKEN_OVER {
            configure(&stream, write_deadline);
        }
        Socket::new(stream)
    }

    /// The socket, for a poll of several sockets.
    pub(crate) fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// Sends with `send`, from a place in memory that the system copies from quickly (see `copy`).
#[inline]
fn send_from_good_place(
    parts: &[IoSlice<'_>],
    send: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
) -> io::Result<usize> {
    if copy::is_slow_to_send(parts) {
        return copy::moved(parts, |bytes| send(&[IoSlice::new(bytes)]));
    }
    send(parts)
}

/// The flags that a poll must ask for.
fn flags_of(wanted: Ready) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::IN, wanted.readable);
    flags.set(PollFlags::OUT, wanted.writable);
    flags
}

/// The directions that a poll has found ready. `IN` and `OUT` may be several bits each, of which a
/// system reports some.
fn found_ready(found: PollFlags) -> Ready {
    // A broken stream is ready in both directions: the next call returns the error. A hang-up is
    // the end of both directions, except on Windows, where only the input may have ended.
    let broken = found.intersects(PollFlags::ERR | PollFlags::NVAL);
    let ended = found.contains(PollFlags::HUP);
    Ready {
        readable: broken || ended || found.intersects(PollFlags::IN),
        writable: broken || (ended && !cfg!(windows)) || found.intersects(PollFlags::OUT),
    }
}

/// Renames errors. Systems report a peer that acknowledges nothing as `TIMEDOUT`, which reads like
/// a deadline of ours, or as `NETRESET`; in truth it is the end of the stream. Windows has an error
/// of its own for a send after the end.
fn broken(error: Errno) -> io::Error {
    match error {
        Errno::TIMEDOUT | Errno::NETRESET => {
            let text = "the peer acknowledged nothing in time";
            io::Error::new(io::ErrorKind::ConnectionAborted, text)
        }
        #[cfg(windows)]
        Errno::SHUTDOWN => io::ErrorKind::BrokenPipe.into(),
        other => other.into(),
    }
}
