//! The error where no server has greeted in time: what was found at its path.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::adresse::Adresse;
use crate::connexion::unreachable;
use crate::erreur::Erreur;

/// What was found where a server was looked for.
pub(super) enum Found {
    /// Nobody listens.
    Nobody,
    /// Somebody listens, and does not greet.
    Silent,
    /// Somebody listens, and ended the connection during the greeting.
    Broken(String),
    /// A server that stops.
    Stopping,
}

/// Why a server was not started.
pub(super) enum Hindrance {
    None,
    /// Another process starts one: it holds that lock file.
    Starting(PathBuf, Option<u32>),
    /// The socket can't be had.
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
            "whoever listens there has ended each connection during the greeting for \
             {patience:?}, the last one so: {how}{starting}; is it a cconn server? end it, or \
             choose another path"
        ),
        (Found::Stopping, _) => format!(
            "a server has the socket that stops, and has not ended within {patience:?}{starting}; \
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
