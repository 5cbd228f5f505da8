//! What a bell rings through: one datagram socket of this machine's own network, which sends to
//! itself.
//!
//! Windows has no pair of sockets that safe code can make, and waits for sockets only. Each
//! connection there needs a bell, so it matters that this one takes a single socket. The system may
//! deliver a ring a moment after it was sent.

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
        // From here on the system drops what others send. What they sent before is a ring without
        // a reason, which every owner of a bell must bear anyway.
        socket.connect(socket.local_addr()?)?;
        socket.set_nonblocking(true)?;
        Ok(Line { socket })
    }

    /// Sends one ring, without blocking: `WouldBlock` if as many are unheard as fit.
    pub(super) fn send(&self) -> io::Result<()> {
        self.socket.send(&[0]).map(drop)
    }

    /// Takes one ring back, without blocking; true if there may be more.
    pub(super) fn hear(&self) -> io::Result<bool> {
        match rustix::net::recv(&self.socket, &mut [0; 8], RecvFlags::empty()) {
            // A datagram that is longer than the buffer is cut, and on Windows that is an error.
            Ok(_) | Err(Errno::MSGSIZE) => Ok(true),
            Err(Errno::AGAIN) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Sends what no bell sends, as somebody else might.
    #[cfg(test)]
    pub(super) fn send_many(&self, bytes: &[u8]) -> io::Result<usize> {
        self.socket.send(bytes)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
