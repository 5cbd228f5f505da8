//! A socket that listens already when this process starts, because the process that started it has
//! opened it.

use std::io;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::unix::UnixSource;
use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::BorrowedFd;
use crate::transport::configure;
use crate::transport::inherited::{self, Listening, Mute};
use crate::transport::unix::SocketFile;

/// A source that was taken over.
struct Inherited {
    source: Arc<dyn Source>,
    /// The standard error is a pipe to whoever started this process.
    mute: Mute,
}

/// Takes the socket in the standard input over, if it listens on `address`.
pub(super) fn take_over(
    address: &Adresse,
    write_deadline: Duration,
) -> io::Result<Option<(Arc<dyn Source>, Adresse)>> {
    let is_wanted = |listening: &Listening| listens_on(listening, address);
    let (listening, of_systemd) = match inherited::listening(is_wanted)? {
        Some(listening) => (listening, false),
        None => match inherited::listening_of_systemd(is_wanted)? {
            Some(listening) => (listening, true),
            None => return Ok(None),
        },
    };
    let (source, address): (Arc<dyn Source>, Adresse) = match listening {
        Listening::Tcp(listener) => {
            configure(&listener, write_deadline);
            let address = listener.local_addr()?.into();
            (Arc::new(listener), address)
        }
        Listening::Unix(listener) => {
            // The file of systemd's socket is systemd's to remove.
            let ours = address.chemin().filter(|_| !of_systemd);
            let file = ours.map(SocketFile::take_over).transpose()?;
            (Arc::new(UnixSource::new(listener, address.clone(), file)), address.clone())
        }
    };
    let source = Inherited { source, mute: inherited::mute() };
    Ok(Some((Arc::new(source), address)))
}

fn listens_on(listening: &Listening, address: &Adresse) -> bool {
    match listening {
        Listening::Tcp(listener) => listener.local_addr().is_ok_and(|own| {
            address.unix().is_none() && address.resolve().is_ok_and(|found| found.contains(&own))
        }),
        Listening::Unix(listener) => address.chemin().is_some_and(|path| is_at(listener, path)),
    }
}

/// Whether a socket is the one at `path`, however the path was written when it was bound.
fn is_at(listener: &UnixListener, path: &Path) -> bool {
    let own = listener.local_addr();
    let own = own.as_ref().ok().and_then(|own| own.as_pathname());
    own.is_some_and(|own| own == path || own.canonicalize().ok() == path.canonicalize().ok())
}

impl Source for Inherited {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }

    fn begin(&self) {
        self.mute.now();
    }

    fn accept(&self, write_deadline: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        self.source.accept(write_deadline)
    }
}
