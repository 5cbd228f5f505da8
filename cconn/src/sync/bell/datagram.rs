//! The line of a bell: one datagram socket on the machine's own network, which sends to itself.
//!
//! On Windows safe code can't make a pair of sockets, and a poll waits for sockets only. Each
//! connection needs a bell there, so it matters that this line takes a single socket. The system
//! may deliver a ring a moment after it was sent.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use rustix::io::Errno;
use rustix::net::RecvFlags;

use crate::sync::{AsFd, BorrowedFd};

#[derive(Debug)]
pub(super) struct Line {
    socket: UdpSocket,
}

impl Line {
    pub(super) fn new() -> io::Result<Line> {
        let own: [SocketAddr; 2] =
            [(Ipv4Addr::LOCALHOST, 0).into(), (Ipv6Addr::LOCALHOST, 0).into()];
        let socket = UdpSocket::bind(&own[..])?;
        // From here on the system drops datagrams of other senders. One that came before is a ring
        // without a reason, which every owner of a bell must tolerate anyway.
        socket.connect(socket.local_addr()?)?;
        socket.set_nonblocking(true)?;
        Ok(Line { socket })
    }

    /// Sends one ring, without blocking: `WouldBlock` if no further unheard ring fits.
    pub(super) fn send(&self) -> io::Result<()> {
        self.socket.send(&[0]).map(drop)
    }

    /// Takes one ring back, without blocking; true if there may be more.
    pub(super) fn hear(&self) -> io::Result<bool> {
        match rustix::net::recv(&self.socket, &mut [0; 8], RecvFlags::empty()) {
            // A datagram longer than the buffer is cut, which is an error on Windows.
            Ok(_) | Err(Errno::MSGSIZE) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends bytes that no bell sends, as another program might.
    #[cfg(test)]
    pub(super) fn send_many(&self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send(bytes)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
