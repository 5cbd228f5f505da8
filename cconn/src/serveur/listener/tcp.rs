//! Listening on TCP, and accepting from it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::{AsFd, BorrowedFd};
use crate::transport::{Socket, configure};

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

/// Listens on an address, without blocking in `accept`. No child process inherits the socket.
#[cfg(unix)]
fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    // A server that is started again finds its port free, even if the system still remembers old
    // connections: std sets the option for that, on Unix only.
    let listener = TcpListener::bind(address)?;
    // A second call makes the queue longer.
    rustix::net::listen(&listener, BACKLOG)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Listens on an address, without blocking in `accept`. No child process inherits the socket.
#[cfg(windows)]
fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    use socket2::{Domain, Socket, Type};
    // SO_REUSEADDR is not set: on Windows it lets another process take the port of one that runs,
    // and a server that starts again finds its port free without it. Here a second call of `listen`
    // would not make the queue longer.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

impl Source for TcpListener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        AsFd::as_fd(self)
    }

    #[cfg(unix)]
    fn hand_over(&self) -> io::Result<(std::os::fd::OwnedFd, Option<super::Origin>)> {
        Ok((AsFd::as_fd(self).try_clone_to_owned()?, None))
    }

    fn accept(&self, write_deadline: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        let (stream, address) = TcpListener::accept(self)?;
        Ok((Box::new(Socket::accepted(stream, write_deadline)), address.into()))
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    fn any_port() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 0))
    }

    #[test]
    fn a_port_on_which_somebody_listens_can_not_be_taken() {
        let first = listen_on(any_port()).unwrap();
        let address = first.local_addr().unwrap();
        let second = listen_on(address).unwrap_err();
        assert_eq!(second.kind(), io::ErrorKind::AddrInUse, "{second}");
        drop(TcpStream::connect(address).unwrap());
        assert!(listen_on(address).is_err());
    }

    #[test]
    fn a_server_that_starts_again_finds_its_port_free() {
        let first = listen_on(any_port()).unwrap();
        let address = first.local_addr().unwrap();
        let client = TcpStream::connect(address).unwrap();
        // This side ends the connection first, so it is this side that remembers it.
        let served = loop {
            match first.accept() {
                Ok((served, _)) => break served,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}"),
            }
        };
        drop((served, first, client));
        listen_on(address).unwrap();
    }

    #[test]
    fn accepting_does_not_wait() {
        let nobody = listen_on(any_port()).unwrap().accept().unwrap_err();
        assert_eq!(nobody.kind(), io::ErrorKind::WouldBlock, "{nobody}");
    }
}
