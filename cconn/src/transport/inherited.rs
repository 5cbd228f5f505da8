//! What another process has left in the standard input of this one: a connected socket, or one that
//! listens.
//!
//! The standard input is the one descriptor that safe code can hand to a child and take over in it.
//! A descriptor of another number would have to be inheritable for a moment in the parent, and then
//! every other child that is started in that moment has it too, and the stream never ends.

mod origin;
mod relay;
#[cfg(target_os = "linux")]
mod systemd;

use std::fs::File;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::{Mutex, PoisonError};

use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{AddressFamily, SocketType, getpeername, getsockname, sockopt};

use super::Socket;

pub(crate) use origin::{origin_of, tell_origin};
pub(crate) use relay::{Giver, NOT_FOR_SUCCESSORS, Successor, is_relayed, relayed};

/// The standard input is taken once.
static TAKING: Mutex<()> = Mutex::new(());

/// A socket that listens, of either family.
#[derive(Debug)]
pub(crate) enum Listening {
    Tcp(TcpListener),
    Unix(UnixListener),
}

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

/// Takes over a socket of systemd's that listens, if `is_wanted` says so of it.
#[cfg(target_os = "linux")]
pub(crate) fn listening_of_systemd(
    is_wanted: impl Fn(&Listening) -> bool,
) -> io::Result<Option<Listening>> {
    systemd::listening(is_wanted)
}

#[cfg(not(target_os = "linux"))]
#[expect(clippy::unnecessary_wraps, reason = "on Linux it may fail")]
pub(crate) fn listening_of_systemd(
    _: impl Fn(&Listening) -> bool,
) -> io::Result<Option<Listening>> {
    Ok(None)
}

/// Takes over a socket that listens in the standard input, if `is_wanted` says so of it.
pub(crate) fn listening(
    is_wanted: impl FnOnce(&Listening) -> bool,
) -> io::Result<Option<Listening>> {
    let _alone = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = io::stdin();
    if !is_listening(&stdin) {
        return Ok(None);
    }
    let listening = of_fd(stdin.as_fd().try_clone_to_owned()?)?;
    if !is_wanted(&listening) {
        return Ok(None);
    }
    replace_stdin()?;
    Ok(Some(listening))
}

/// Whether the standard input is a socket that listens, and `is_wanted` says so of it.
pub(crate) fn is_given(is_wanted: impl FnOnce(&Listening) -> bool) -> bool {
    let _alone = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = io::stdin();
    let copy = || of_fd(stdin.as_fd().try_clone_to_owned()?);
    is_listening(&stdin) && copy().is_ok_and(|listening| is_wanted(&listening))
}

/// A socket that listens, made ready to be accepted from.
pub(crate) fn of_fd(socket: OwnedFd) -> io::Result<Listening> {
    let family = getsockname(&socket)?.address_family();
    rustix::io::ioctl_fionbio(&socket, true)?;
    Ok(if family == AddressFamily::UNIX {
        Listening::Unix(socket.into())
    } else {
        Listening::Tcp(socket.into())
    })
}

#[cfg(not(target_vendor = "apple"))]
fn is_listening(fd: &impl AsFd) -> bool {
    is_stream_socket(fd) && sockopt::socket_acceptconn(fd).unwrap_or(false)
}

/// Apple has the option's name and not the option. A stream socket that has an address and no peer
/// listens: whoever hands one over has made it so.
#[cfg(target_vendor = "apple")]
fn is_listening(fd: &impl AsFd) -> bool {
    is_stream_socket(fd) && getsockname(fd).is_ok() && getpeername(fd).is_err()
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

/// The variable by which `ou_lancer` tells a program the number of the file that is its standard
/// error. Nobody reads that file once the program serves.
pub(crate) const STANDARD_ERROR: &str = "CCONN_STANDARD_ERROR";

/// Whether this process must give up its standard error once it serves.
pub(crate) struct Mute(bool);

/// Looks whether the standard error is a file of the process that started this one.
pub(crate) fn mute() -> Mute {
    let file = std::env::var(STANDARD_ERROR).ok();
    let found = rustix::fs::fstat(io::stderr()).ok();
    Mute(file.is_some() && file == found.map(|found| found.st_ino.to_string()))
}

impl Mute {
    /// Gives the standard error up: what is written there goes nowhere from now on.
    pub(crate) fn now(&self) {
        if !self.0 {
            return;
        }
        // Under this lock the program writes nothing meanwhile.
        let stderr = io::stderr().lock();
        let file = stderr.as_fd().try_clone_to_owned();
        if let (Ok(file), Ok(nowhere)) = (file, File::create("/dev/null"))
            && rustix::stdio::dup2_stderr(nowhere).is_ok()
        {
            close_up(&file);
        }
    }
}

/// Empties the file that was the standard error. Children of this process may still write to it: on
/// Linux, where the file lies in memory, they can't.
fn close_up(file: &OwnedFd) {
    let _kept = rustix::fs::ftruncate(file, 0);
    #[cfg(target_os = "linux")]
    let _unsealed = rustix::fs::fcntl_add_seals(file, rustix::fs::SealFlags::GROW);
}
