//! A socket that listens already when this process starts, because the process that started it has
//! opened it.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::unix::UnixSource;
use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::BorrowedFd;
use crate::transport::configure;
use crate::transport::inherited::{self, Listening, Mute, Successor};
use crate::transport::unix::SocketFile;

/// A source that was taken over.
struct Inherited {
    source: Arc<dyn Source>,
    /// The standard error is a pipe to whoever started this process.
    mute: Mute,
    /// The server whose place this one takes waits for it.
    successor: Option<Successor>,
}

/// Takes the socket in the standard input over, if it listens on `address`.
pub(super) fn take_over(
    address: &Adresse,
    write_deadline: Duration,
) -> io::Result<Option<(Arc<dyn Source>, Adresse)>> {
    let is_wanted = |listening: &Listening| listens_on(listening, address);
    let Some((listening, from, successor)) = found(is_wanted)? else { return Ok(None) };
    let (source, address): (Arc<dyn Source>, Adresse) = match listening {
        Listening::Tcp(listener) => {
            configure(&listener, write_deadline);
            let address = listener.local_addr()?.into();
            (Arc::new(listener), address)
        }
        Listening::Unix(listener) => {
            let file = match (address.chemin(), from) {
                (Some(path), Whose::Starter) => Some(SocketFile::take_over(path)?),
                // It belongs to that server until this one serves.
                (Some(path), Whose::Server) => Some(SocketFile::take_over(path)?.of_another()),
                // The file of systemd's socket is systemd's to remove.
                (_, Whose::Systemd) | (None, _) => None,
            };
            (Arc::new(UnixSource::new(listener, address.clone(), file)), address.clone())
        }
    };
    let source = Inherited { source, mute: inherited::mute(), successor };
    Ok(Some((Arc::new(source), address)))
}

/// Who has left a socket to this process.
#[derive(Clone, Copy)]
enum Whose {
    /// Whoever started it as a server.
    Starter,
    /// systemd, which keeps the file of the socket.
    Systemd,
    /// A server whose place this one takes, with the file of the socket.
    Server,
}

/// A socket that was left to this process, if `is_wanted` says so of it.
fn found(
    is_wanted: impl Fn(&Listening) -> bool + Copy,
) -> io::Result<Option<(Listening, Whose, Option<Successor>)>> {
    if let Some(relayed) = inherited::relayed(is_wanted)? {
        let from = if relayed.with_file { Whose::Server } else { Whose::Systemd };
        return Ok(Some((relayed.listening, from, Some(relayed.successor))));
    }
    if let Some(listening) = inherited::listening(is_wanted)? {
        return Ok(Some((listening, Whose::Starter, None)));
    }
    let listening = inherited::listening_of_systemd(is_wanted)?;
    Ok(listening.map(|listening| (listening, Whose::Systemd, None)))
}

fn listens_on(listening: &Listening, address: &Adresse) -> bool {
    match listening {
        Listening::Tcp(listener) => listener.local_addr().is_ok_and(|own| {
            address.unix().is_none() && address.resolve().is_ok_and(|found| found.contains(&own))
        }),
        Listening::Unix(listener) => match address.chemin() {
            Some(path) => is_at(listener, path),
            None => is_named(listener, address),
        },
    }
}

/// Whether a socket has the abstract name that `address` means.
#[cfg(target_os = "linux")]
fn is_named(listener: &UnixListener, address: &Adresse) -> bool {
    use std::os::linux::net::SocketAddrExt;
    let name = address.unix().and_then(|name| name.strip_prefix('@'));
    let own = listener.local_addr().ok();
    name.is_some() && own.as_ref().and_then(|own| own.as_abstract_name()) == name.map(str::as_bytes)
}

#[cfg(not(target_os = "linux"))]
fn is_named(_: &UnixListener, _: &Adresse) -> bool {
    false
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
        if let Some(successor) = &self.successor {
            successor.ready();
            self.source.adopt();
        }
    }

    fn hand_over(&self) -> io::Result<(OwnedFd, bool)> {
        self.source.hand_over()
    }

    fn leave(&self) {
        self.source.leave();
    }

    fn keep(&self) -> io::Result<()> {
        self.source.keep()
    }

    fn accept(&self, write_deadline: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)> {
        self.source.accept(write_deadline)
    }
}
