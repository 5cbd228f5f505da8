//! Listening on a Unix socket, and accepting from it.

use std::io;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::{AsFd, BorrowedFd};
use crate::transport::Socket;
use crate::transport::unix::{Name, SocketFile, listen};

/// A Unix socket that listens.
pub(super) struct UnixSource {
    listener: UnixListener,
    /// Peers have no address of their own, so they are known by this one.
    address: Adresse,
    /// Removed when the listening ends; an abstract name has none.
    _file: Option<SocketFile>,
}

impl UnixSource {
    pub(super) fn new(listener: UnixListener, address: Adresse, file: Option<SocketFile>) -> Self {
        UnixSource { listener, address, _file: file }
    }
}

/// Listens on the Unix socket `name`, which `address` means.
pub(super) fn open(name: &str, address: &Adresse) -> io::Result<(Arc<dyn Source>, Adresse)> {
    let (listener, file) = listen(Name::of(name))?;
    let source = UnixSource::new(listener, address.clone(), file);
    Ok((Arc::new(source), address.clone()))
}

impl Source for UnixSource {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// The system notices at once that the process at the other end is gone, so the write deadline
    /// is of no use to it.
    fn accept(&self, _: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        let (stream, _unnamed) = self.listener.accept()?;
        // Some systems hand the listener's mode on.
        stream.set_nonblocking(false)?;
        Ok((Box::new(Socket::new(stream)), self.address.clone()))
    }
}
