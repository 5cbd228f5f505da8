//! The error of `ou_lancer` when no server has greeted in time: what the last attempt to connect
//! found at the path, and what kept this process from starting a server.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::adresse::Adresse;
use crate::connexion::unreachable;
use crate::erreur::Erreur;

/// What an attempt to connect has found in place of a server that lets this process in.
pub(super) enum Found {
    /// Nobody listens.
    Nobody,
    /// A process listens, and did not greet in time.
    Silent,
    /// A process listens, and ended the connection during the greeting, with this error.
    Broken(String),
    /// A server that stops.
    Stopping,
}

/// What kept this process from starting a server when it last tried.
pub(super) enum Hindrance {
    /// Nothing did, or it has not tried.
    None,
    /// A process holds this lock file, by which it says that it starts a server; its number, if the
    /// system tells it.
    Starting(PathBuf, Option<u32>),
    /// The socket can't be opened, because another process holds its lock or listens there.
    Held(io::Error),
}

/// No server has greeted within `patience`.
#[inline]
pub(super) fn unanswered(
    address: &Adresse,
    patience: Duration,
    found: &Found,
    hindrance: &Hindrance,
) -> Erreur {
    const TIME: &str = "give it more time with `delai_connexion`";
    let starting = match hindrance {
        Hindrance::Starting(file, pid) => {
            let pid = pid.map_or_else(|| "another process".into(), |pid| format!("process {pid}"));
            format!("; {pid} is to start it, and holds the lock file `{}`", file.display())
        }
        Hindrance::None | Hindrance::Held(_) => String::new(),
    };
    let text = match (found, hindrance) {
        (Found::Silent, _) => format!(
            "a server has the socket and did not greet within {patience:?}{starting}; end it, or \
             {TIME}"
        ),
        (Found::Broken(how), _) => format!(
            "the process that listens there has ended each connection during the greeting for \
             {patience:?}; of the last one the error is: {how}{starting}; is it a cconn server? \
             end it, or choose another path"
        ),
        (Found::Stopping, _) => format!(
            "a server that stops has the socket, and has not ended within {patience:?}{starting}; \
             end it, or {TIME}"
        ),
        (Found::Nobody, Hindrance::Held(how)) => {
            format!("no server could be started within {patience:?}: {how}")
        }
        (Found::Nobody, Hindrance::Starting(..)) => format!(
            "no server was there within {patience:?}{starting}; end that process, or {TIME}"
        ),
        (Found::Nobody, Hindrance::None) => format!(
            "nobody listens there, and no server could be started within {patience:?}; {TIME}"
        ),
    };
    unreachable(&address.to_string(), io::Error::new(io::ErrorKind::TimedOut, text))
}
