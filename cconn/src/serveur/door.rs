//! The door: the listening socket, the bell that ends the wait for newcomers, and those who stand
//! outside: who waits for a place, and who was refused and still reads why.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::Serveur;
use crate::erreur::Resultat;
use crate::sync::{Condvar, Mutex};
use crate::transport::{Tcp, Transport};

/// How long a refused newcomer may take to read why.
const REFUSED_LINGER: Duration = Duration::from_secs(1);

/// How often those who were refused are looked at.
const SWEEP: Duration = Duration::from_millis(10);

/// How often the bell is rung at most until it sounds, and the pause in between.
const RINGS: usize = 1000;
const RING_AGAIN: Duration = Duration::from_millis(1);

/// Refused newcomers kept at most; the oldest goes first.
const MAX_REFUSED: usize = 64;

/// Newcomers that wait for a place at most; who comes then is refused.
pub(super) const MAX_WAITING: usize = 64;

/// The listening socket, and the bell that ends the wait for newcomers.
pub(super) struct Door {
    state: Mutex<DoorState>,
    closed: Condvar,
    bell: UnixStream,
    heard: UnixStream,
}

enum DoorState {
    /// `lancer` has not run yet.
    Waiting(TcpListener),
    Open,
    Closed,
}

impl Door {
    pub(super) fn new(listener: TcpListener) -> io::Result<Self> {
        let (bell, heard) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        heard.set_nonblocking(true)?;
        let state = Mutex::new(DoorState::Waiting(listener));
        Ok(Door { state, closed: Condvar::new(), bell, heard })
    }

    /// Hands out the listener, once; `None` if the server was stopped before.
    pub(super) fn open(&self) -> Resultat<Option<TcpListener>> {
        let mut state = self.state.lock();
        match std::mem::replace(&mut *state, DoorState::Open) {
            DoorState::Waiting(listener) => Ok(Some(listener)),
            DoorState::Open => Err(Serveur::already_running()),
            DoorState::Closed => {
                *state = DoorState::Closed;
                Ok(None)
            }
        }
    }

    pub(super) fn close(&self) {
        *self.state.lock() = DoorState::Closed;
        self.closed.notify_all();
    }

    /// Ends the wait for newcomers.
    pub(super) fn ring(&self) {
        for _ in 0..RINGS {
            match (&self.bell).write(&[1]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // A full bell has rung already.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The system lacks something for now. A bell that is not heard is a stop that
                // never ends.
                Err(_) => std::thread::sleep(RING_AGAIN),
                Ok(_) => return,
            }
        }
    }

    /// Ends the wait for newcomers; closes the door where nobody stands in it, and says so.
    pub(super) fn knock(&self) -> bool {
        self.ring();
        let mut state = self.state.lock();
        let unattended = matches!(*state, DoorState::Waiting(_));
        if unattended {
            *state = DoorState::Closed;
        }
        unattended
    }

    pub(super) fn wait_until_closed(&self) {
        let mut state = self.state.lock();
        while matches!(*state, DoorState::Open) {
            state = self.closed.wait(state, None);
        }
    }

    /// Waits for a newcomer, the bell, or the end of the pause.
    pub(super) fn wait(&self, listener: Option<&TcpListener>, pause: Option<Duration>) {
        let mut fds = vec![PollFd::new(&self.heard, PollFlags::IN)];
        fds.extend(listener.map(|listener| PollFd::new(listener, PollFlags::IN)));
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        // An interrupted wait is a short one.
        let _ready = rustix::event::poll(&mut fds, pause.as_ref());
    }

    pub(super) fn was_rung(&self) -> bool {
        matches!((&self.heard).read(&mut [0; 8]), Ok(n) if n > 0)
    }
}

/// A newcomer, and until when it is looked at.
type Standing = (Tcp, Instant);

/// Newcomers that stand outside, oldest first.
#[derive(Default)]
pub(super) struct Outside {
    /// They wait for a place.
    waiting: VecDeque<Standing>,
    /// They were refused and are still reading why.
    refused: VecDeque<Standing>,
}

impl Outside {
    /// One that waits for a place until then. Comes back where too many do.
    pub(super) fn queue_up(&mut self, io: Tcp, until: Instant) -> Result<(), Tcp> {
        if self.waiting.len() >= MAX_WAITING {
            return Err(io);
        }
        self.waiting.push_back((io, until));
        Ok(())
    }

    /// Until when the first of those who wait does so.
    pub(super) fn first_until(&self) -> Option<Instant> {
        self.waiting.front().map(|(_, until)| *until)
    }

    /// Takes the first of those who wait.
    pub(super) fn take_first(&mut self) -> Option<Tcp> {
        self.waiting.pop_front().map(|(io, _)| io)
    }

    /// One that was told why it can't come in.
    pub(super) fn push_refused(&mut self, io: Tcp) {
        io.shutdown_write();
        if self.refused.len() >= MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back((io, Instant::now() + REFUSED_LINGER));
    }

    /// Lets go of those who have read it or took too long: closing before they have read would
    /// reset the connection, and they would never know. Returns when to look again.
    pub(super) fn sweep(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.refused.retain(|(io, until)| *until > now && !has_ended(io));
        let refused = (!self.refused.is_empty()).then_some(SWEEP);
        let waiting = self.first_until().map(|until| until.saturating_duration_since(now));
        refused.into_iter().chain(waiting).min()
    }
}

fn has_ended(io: &Tcp) -> bool {
    let mut buf = Vec::with_capacity(512);
    match io.try_recv(&mut buf) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}
