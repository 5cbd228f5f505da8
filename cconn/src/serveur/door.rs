//! The door: the listening socket, the bell that ends the wait for newcomers, and those who were
//! refused and still stand there.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
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

/// Refused newcomers kept at most; the oldest goes first.
const MAX_REFUSED: usize = 64;

/// The listening socket, and the bell that ends the wait for newcomers.
pub(super) struct Door {
    state: Mutex<DoorState>,
    closed: Condvar,
    bell: UnixStream,
    /// Never read: once it has rung nobody waits here any more.
    heard: UnixStream,
    post: Mutex<Post>,
    relieved: Condvar,
}

/// Whether the next client's thread stands at the door.
#[derive(Default)]
struct Post {
    attended: bool,
    /// What the last one who stood there left to the thread in `lancer`.
    left: Option<Left>,
}

/// What the next client's thread leaves to the thread in `lancer`.
pub(super) enum Left {
    /// The door.
    Nothing,
    /// A newcomer for whom there is no place, as far as it knows.
    Newcomer(TcpStream, SocketAddr),
    /// An `accept` that failed for want of something.
    Trouble,
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
        let (closed, relieved) = (Condvar::new(), Condvar::new());
        Ok(Door { state, closed, bell, heard, post: Mutex::default(), relieved })
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

    /// Ends the wait for newcomers; closes the door where nobody stands in it, and says so.
    pub(super) fn knock(&self) -> bool {
        // A full bell has rung already.
        let _rung = (&self.bell).write(&[1]);
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

    /// The next client's thread is about to stand here.
    pub(super) fn attend(&self) {
        self.post.lock().attended = true;
    }

    /// The next client's thread goes, and nobody has taken its place.
    pub(super) fn leave(&self, left: Left) {
        let mut post = self.post.lock();
        post.attended = false;
        post.left = Some(left);
        drop(post);
        self.relieved.notify_all();
    }

    /// Waits while somebody else stands here; returns what is left to do, or `None` where the
    /// pause was over first.
    pub(super) fn relieve(&self, pause: Option<Duration>) -> Option<Left> {
        let until = pause.and_then(|pause| Instant::now().checked_add(pause));
        let mut post = self.post.lock();
        while post.attended {
            if until.is_some_and(|until| Instant::now() >= until) {
                return None;
            }
            post = self.relieved.wait(post, until);
        }
        Some(post.left.take().unwrap_or(Left::Nothing))
    }

    /// Waits for a newcomer, the bell, or the end of the pause.
    pub(super) fn wait(&self, listener: Option<&TcpListener>, pause: Option<Duration>) {
        let newcomer = listener.map_or(self.heard.as_fd(), AsFd::as_fd);
        let mut fds =
            [self.heard.as_fd(), newcomer].map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN));
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        // An interrupted wait is a short one.
        let _ready = rustix::event::poll(&mut fds, pause.as_ref());
    }
}

/// Newcomers that were refused and are still reading why.
#[derive(Default)]
pub(super) struct Refused {
    waiting: VecDeque<(Tcp, Instant)>,
}

impl Refused {
    pub(super) fn push(&mut self, io: Tcp) {
        io.shutdown_write();
        if self.waiting.len() >= MAX_REFUSED {
            self.waiting.pop_front();
        }
        self.waiting.push_back((io, Instant::now() + REFUSED_LINGER));
    }

    /// Lets go of those who have read it or took too long: closing before they have read would
    /// reset the connection, and they would never know.
    pub(super) fn sweep(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.waiting.retain(|(io, until)| *until > now && !has_ended(io));
        (!self.waiting.is_empty()).then_some(SWEEP)
    }
}

fn has_ended(io: &Tcp) -> bool {
    let mut buf = Vec::with_capacity(512);
    match io.try_recv(&mut buf) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}
