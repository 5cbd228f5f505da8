//! Handing the listening socket to the program that takes this one's place.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use super::Serveur;
use super::listener::Source;
use crate::transport::unix::Origin;

/// How long those who were accepted and have not greeted may take to do so. Most have sent their
/// greeting; one that never does is told that the server stops.
const LAST_STRANGERS: Duration = Duration::from_secs(1);

/// A server whose socket is being handed over. The server accepts nobody except inside `accepting`:
/// newcomers wait in the queue of the socket. Dropped, the server goes on as before.
pub(crate) struct Relay<'a> {
    serveur: &'a Serveur,
    source: Arc<dyn Source>,
    pub(crate) socket: OwnedFd,
    /// The file of the socket, if the successor is to have it.
    pub(crate) file: Option<Origin>,
}

impl Serveur {
    /// Begins to hand the socket over.
    pub(crate) fn begin_relay(&self) -> io::Result<Relay<'_>> {
        let listener = &self.shared.listener;
        let Some(source) = listener.source_in_use() else {
            let text = "`lancer` does not run here, so there is nothing to hand over";
            return Err(io::Error::new(io::ErrorKind::NotConnected, text));
        };
        if !listener.pause() {
            let text = "it is being replaced already";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
        }
        match source.hand_over() {
            Ok((socket, file)) => Ok(Relay { serveur: self, source, socket, file }),
            Err(error) => {
                listener.resume();
                Err(error)
            }
        }
    }
}

impl Relay<'_> {
    /// Has the server accept newcomers while `wait` runs.
    pub(crate) fn accepting<T>(&self, wait: impl FnOnce() -> T) -> T {
        let listener = &self.serveur.shared.listener;
        listener.accept_meanwhile();
        let waited = wait();
        listener.pause_again();
        waited
    }

    /// Leaves the listening to the successor, the process `pid`. First waits, for a bounded time,
    /// until every newcomer that was accepted here has greeted, since the others are told that this
    /// server stops.
    pub(crate) fn done(self, pid: u32) {
        self.serveur.shared.listener.wait_until_heard(LAST_STRANGERS);
        self.source.leave();
        self.serveur.shared.listener.note_relayed();
        self.serveur.tell_successor(pid);
    }
}

impl Drop for Relay<'_> {
    fn drop(&mut self) {
        if self.serveur.shared.listener.is_relayed() {
            return;
        }
        // Without the lock a further server would find the socket in use, and go away.
        let _unlocked = self.source.keep();
        self.serveur.shared.listener.resume();
    }
}
