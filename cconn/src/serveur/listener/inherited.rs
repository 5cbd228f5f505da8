//! A socket that listens already when this process starts, because the process that started it has
//! opened it.

mod place;

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use std::time::Duration;

use place::Place;

use super::unix::UnixSource;
use super::{Newcomer, Source};
use crate::adresse::Adresse;
use crate::sync::BorrowedFd;
use crate::transport::configure;
use crate::transport::inherited::{self, Listening, Mute, Successor};
use crate::transport::unix::{Origin, SocketFile};

/// A source that was taken over.
struct Inherited {
    source: Arc<dyn Source>,
    /// Gives up the standard error if that is a file of the process that started this one.
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
            let place = address.chemin().and_then(|path| Place::of(&listener, path));
            let address = place.as_ref().and_then(Place::address).unwrap_or(address.clone());
            let take_over = |place: &Place| match from {
                Whose::Starter => place.take_over(),
                // It belongs to that server until this one serves.
                Whose::Server => Ok(place.take_over()?.map(SocketFile::of_another)),
                // The file of systemd's socket is systemd's to remove.
                Whose::Systemd => Ok(None),
            };
            let file = place.as_ref().map_or(Ok(None), take_over)?;
            (Arc::new(UnixSource::new(listener, address.clone(), file)), address)
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

/// The name of what has given this process a socket that listens on `address`; `None` if nothing
/// has, or if this process has taken the socket over.
pub(super) fn giver(address: &Adresse) -> Option<&'static str> {
    let is_wanted = |listening: &Listening| listens_on(listening, address);
    if inherited::is_relayed(is_wanted) {
        return Some("`relayer`");
    }
    if inherited::is_given(is_wanted) {
        return Some("`ou_lancer`");
    }
    let systemd = inherited::listening_of_systemd(is_wanted);
    systemd.is_ok_and(|found| found.is_some()).then_some("systemd")
}

fn listens_on(listening: &Listening, address: &Adresse) -> bool {
    match listening {
        Listening::Tcp(listener) => listener.local_addr().is_ok_and(|own| {
            address.unix().is_none() && address.resolve().is_ok_and(|found| found.contains(&own))
        }),
        Listening::Unix(listener) => match address.chemin() {
            Some(path) => Place::of(listener, path).is_some(),
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

    fn hand_over(&self) -> io::Result<(OwnedFd, Option<Origin>)> {
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
