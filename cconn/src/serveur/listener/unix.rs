//! Listening on a Unix socket, and accepting from it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::{AsFd, BorrowedFd, Mutex};
use crate::transport::Socket;
use crate::transport::unix::{Name, Origin, SocketFile, listen};

/// A Unix socket that listens.
pub(super) struct UnixSource {
    listener: UnixListener,
    /// Peers have no address of their own, so they are known by this one.
    address: Adresse,
    /// Removed when the listening ends; an abstract name has none.
    file: Mutex<Option<SocketFile>>,
}

impl UnixSource {
    pub(super) fn new(listener: UnixListener, address: Adresse, file: Option<SocketFile>) -> Self {
        UnixSource { listener, address, file: Mutex::new(file) }
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

    fn hand_over(&self) -> io::Result<(OwnedFd, Option<Origin>)> {
        let socket = self.listener.as_fd().try_clone_to_owned()?;
        let mut file = self.file.lock();
        if let Some(file) = &mut *file {
            file.unlock();
        }
        Ok((socket, file.as_ref().map(|file| file.origin().clone())))
    }

    fn leave(&self) {
        if let Some(file) = self.file.lock().take() {
            file.leave();
        }
    }

    fn keep(&self) -> io::Result<()> {
        self.file.lock().as_mut().map_or(Ok(()), SocketFile::lock_again)
    }

    fn adopt(&self) {
        if let Some(file) = &mut *self.file.lock() {
            file.adopt();
        }
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
