//! What another process has left in the standard input of this one: a connected socket, or one that
//! listens.
//!
//! The standard input is the one descriptor that safe code can hand to a child and take over in it.
//! A descriptor of another number would have to be inheritable for a moment in the parent, and then
//! every other child that is started in that moment has it too, and the stream never ends.

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};

use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, SocketType, getpeername, getsockname, sockopt};

use super::Socket;

/// The standard input is taken once.
static TAKING: Mutex<()> = Mutex::new(());

/// Takes over a connected socket in the standard input; `None` if there is none.
pub(crate) fn connected() -> io::Result<Option<Socket>> {
    let _alone = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = io::stdin();
    if !is_stream_socket(&stdin) || getpeername(&stdin).is_err() {
        return Ok(None);
    }
    let family = getsockname(&stdin)?.address_family();
    let socket = take()?;
    // The other process may have set it otherwise.
    rustix::io::ioctl_fionbio(&socket, false)?;
    Ok(Some(if family == AddressFamily::UNIX {
        Socket::new(UnixStream::from(socket))
    } else {
        Socket::new(TcpStream::from(socket))
    }))
}

fn is_stream_socket(fd: &impl AsFd) -> bool {
    sockopt::socket_type(fd).is_ok_and(|kind| kind == SocketType::STREAM)
}

/// Takes the socket out of the standard input, which is empty from then on.
fn take() -> io::Result<OwnedFd> {
    let socket = io::stdin().as_fd().try_clone_to_owned()?;
    replace_stdin()?;
    Ok(socket)
}

/// Puts a standard input without anything in it in the place of the socket, so that neither the
/// program nor its children read from the socket, or keep it open.
fn replace_stdin() -> io::Result<()> {
    let empty = File::open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdin(empty)?)
}

/// The error of a process that was not started by a peer, or has taken the connection already.
pub(crate) fn no_parent() -> io::Error {
    io::Error::new(
        io::ErrorKind::NotConnected,
        "the standard input is no connection to the process that started this one: start it with \
         `Client::enfant` (a connection is taken over once)",
    )
}
