//! A connected stream socket of any address family, as the ways of waiting use it.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::time::Duration;

use super::configure;
use crate::copy;
use crate::identite::Identite;
use crate::sync::{AsFd, BorrowedFd};
use crate::transport::End;

/// A connected stream socket.
#[derive(Debug)]
pub(crate) enum Family {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(UnixStream),
}

impl From<TcpStream> for Family {
    fn from(stream: TcpStream) -> Self {
        Family::Tcp(stream)
    }
}

#[cfg(unix)]
impl From<UnixStream> for Family {
    fn from(stream: UnixStream) -> Self {
        Family::Unix(stream)
    }
}

impl Family {
    /// How many paddings should be sent in front of a large payload (see `Transport::paddings`).
    /// How a Unix socket lays bytes out in the kernel does not follow from what precedes them.
    pub(super) fn paddings(&self, before: usize, payload: &[u8], size: usize) -> usize {
        match self {
            Family::Tcp(_) => copy::paddings(before, payload, size),
            #[cfg(unix)]
            Family::Unix(_) => 0,
        }
    }

    #[inline]
    fn fd(&self) -> BorrowedFd<'_> {
        match self {
            Family::Tcp(stream) => AsFd::as_fd(stream),
            #[cfg(unix)]
            Family::Unix(stream) => AsFd::as_fd(stream),
        }
    }

    #[cfg(all(target_os = "linux", not(cconn_polling)))]
    pub(super) fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Family::Tcp(stream) => stream.set_read_timeout(timeout),
            Family::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }

    #[cfg(any(not(target_os = "linux"), cconn_polling))]
    pub(super) fn never_block(&self) -> io::Result<()> {
        match self {
            Family::Tcp(stream) => stream.set_nonblocking(true),
            #[cfg(unix)]
            Family::Unix(stream) => stream.set_nonblocking(true),
        }
    }

    /// Sets the options of a connection: those are TCP's.
    pub(super) fn configure(&self, write_deadline: Duration) {
        match self {
            Family::Tcp(stream) => configure(stream, write_deadline),
            #[cfg(unix)]
            Family::Unix(_) => {}
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Family::Tcp(stream) => stream.shutdown(how),
            #[cfg(unix)]
            Family::Unix(stream) => stream.shutdown(how),
        }
    }

    /// The process at the other end of a Unix socket. Only Linux tells it in a way that safe code
    /// can ask for.
    pub(super) fn peer(&self) -> Identite {
        match self {
            #[cfg(target_os = "linux")]
            Family::Unix(stream) => match rustix::net::sockopt::socket_peercred(stream) {
                Ok(peer) => {
                    let pid = peer.pid.as_raw_nonzero().get().unsigned_abs();
                    let (uid, gid) = (peer.uid.as_raw(), peer.gid.as_raw());
                    Identite::anonyme().with_unix(uid, gid, Some(pid))
                }
                Err(_) => Identite::anonyme(),
            },
            _ => Identite::anonyme(),
        }
    }

    /// The addresses of both ends, ours first; `None` if they don't tell one connection from
    /// another.
    pub(super) fn ends(&self) -> Option<[End; 2]> {
        match self {
            Family::Tcp(stream) => {
                let ends = [stream.local_addr().ok()?, stream.peer_addr().ok()?];
                // A socket that listens for both address families names an IPv4 peer by a mapped
                // IPv6 address.
                let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
                Some(ends.map(|end| End::Socket(plain(end))))
            }
            #[cfg(target_os = "linux")]
            Family::Unix(stream) => {
                // The names are unique in one network namespace only, and the peer may be in
                // another.
                let is_here = self.peer().unix()?.pid == Some(std::process::id());
                is_here.then(|| named_ends(stream)).flatten()
            }
            #[cfg(all(unix, not(target_os = "linux")))]
            Family::Unix(_) => None,
        }
    }
}

/// The ends of a Unix socket's connection, by the name that the system chose for the socket that
/// connected (see `unix::connect`).
#[cfg(target_os = "linux")]
fn named_ends(stream: &UnixStream) -> Option<[End; 2]> {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let chosen = |address: SocketAddr| {
        let name: [u8; 5] = address.as_abstract_name()?.try_into().ok()?;
        name.iter().all(u8::is_ascii_hexdigit).then_some(name)
    };
    let [ours, theirs] = [stream.local_addr().ok()?, stream.peer_addr().ok()?].map(chosen);
    match (ours, theirs) {
        (Some(name), None) => Some([End::Unix(name, true), End::Unix(name, false)]),
        (None, Some(name)) => Some([End::Unix(name, false), End::Unix(name, true)]),
        _ => None,
    }
}

#[cfg(unix)]
impl AsFd for Family {
    #[inline]
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for Family {
    fn as_socket(&self) -> BorrowedFd<'_> {
        self.fd()
    }
}

#[cfg(windows)]
impl Family {
    pub(super) fn write_vectored(&self, parts: &[io::IoSlice<'_>]) -> io::Result<usize> {
        let Family::Tcp(stream) = self;
        io::Write::write_vectored(&mut &*stream, parts)
    }
}
