//! Listening on TCP, and accepting from it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::{AsFd, BorrowedFd};
use crate::transport::{Closing, Tcp, Transport, configure};

/// The number of newcomers that the kernel queues for us: with the standard library's 128, a burst
/// of a thousand takes seconds.
const BACKLOG: i32 = 4096;

/// Listens on the first socket address of `address` that can be listened on.
pub(super) fn listen(
    address: &Adresse,
    write_deadline: Duration,
) -> io::Result<(Arc<dyn Source>, Adresse)> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name stands for no address");
    for address in address.resolve()? {
        match listen_on(address) {
            Ok(listener) => {
                configure(&listener, write_deadline);
                let address = listener.local_addr()?.into();
                return Ok((Arc::new(listener), address));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    // A server that is started again finds its port free, even if the system still remembers old
    // connections.
    sockopt::set_socket_reuseaddr(&socket, true)?;
    rustix::net::bind(&socket, &address)?;
    rustix::net::listen(&socket, BACKLOG)?;
    Ok(TcpListener::from(socket))
}

impl Source for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        AsFd::as_fd(self)
    }

    fn accept(&self, write_deadline: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        let (stream, address) = TcpListener::accept(self)?;
        Ok((Box::new(Tcp::accepted(stream, write_deadline)), address.into()))
    }
}

impl Newcomer for Tcp {
    fn as_fd(&self) -> BorrowedFd<'_> {
        Tcp::as_fd(self)
    }

    fn transport(&self) -> &dyn Transport {
        self
    }

    fn into_transport(self: Box<Self>) -> Arc<dyn Transport> {
        Arc::new(Closing::new(*self))
    }
}
