//! The listener of a server: the listening socket, the waker that ends its waits, and whose turn
//! it is to accept.
//!
//! This file knows no particular kind of stream or listening socket: each kind has a file of its
//! own below this one, and only `open` names them.

#[cfg(not(unix))]
mod elsewhere;
mod handover;
#[cfg(unix)]
mod inherited;
#[cfg(unix)]
mod parent;
#[cfg(feature = "tls")]
pub(super) mod secured;
mod tcp;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
use elsewhere::{inherited, parent, unix};

use std::io;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use self::handover::Handover;
use super::waiting::{Guest, Waiting};
use crate::adresse::Adresse;
use crate::sync::{Bell, BorrowedFd, Condvar, Mutex};
use crate::transport::{Closing, Shake, Socket, Transport};

#[cfg(unix)]
use std::os::fd::OwnedFd;

#[cfg(unix)]
use crate::transport::unix::Origin;

/// A listening socket of some kind.
pub(super) trait Source: Send + Sync {
    /// What a poll watches for newcomers.
    fn as_fd(&self) -> BorrowedFd<'_>;

    /// Tells whoever started this process that it serves from now on.
    fn begin(&self) {}

    /// A second descriptor of the socket, for a process that takes this one's place, and the file
    /// of the socket if that process is to have it. From now on it can take the file over.
    #[cfg(unix)]
    fn hand_over(&self) -> io::Result<(OwnedFd, Option<Origin>)> {
        let text = "only a socket that listens can be handed over";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }

    /// Leaves the file of the socket to the process that has taken its place.
    #[cfg(unix)]
    fn leave(&self) {}

    /// Takes the file of the socket back, because no process has taken its place.
    #[cfg(unix)]
    fn keep(&self) -> io::Result<()> {
        Ok(())
    }

    /// Owns the file of a socket that another process has left.
    #[cfg(unix)]
    fn adopt(&self) {}

    /// Accepts the newcomer that is there; `WouldBlock` if none is. Does not wait.
    ///
    /// The system is asked to declare the stream dead if its peer takes nothing for
    /// `write_deadline`.
    fn accept(&self, write_deadline: Duration) -> io::Result<(Box<dyn Newcomer>, Adresse)>;
}

/// The stream of a peer that is not a client yet.
pub(super) trait Newcomer: Send + Sync {
    /// What a poll watches for input.
    fn as_fd(&self) -> BorrowedFd<'_>;

    /// The stream, for sending a greeting and hearing one.
    fn transport(&self) -> &dyn Transport;

    /// How far the handshake of TLS has come; `None` if the stream is not encrypted.
    fn shake(&self) -> Option<Shake> {
        None
    }

    /// The stream as a proxy in front of this server speaks on it: without encryption.
    fn bare(&self) -> &dyn Transport {
        self.transport()
    }

    /// The stream as a connection keeps it: closed when the connection ends, even if handles still
    /// exist.
    fn into_transport(self: Box<Self>) -> Arc<dyn Transport>;
}

/// Listens on `address`. Returns the address with what the system chose, such as the port.
pub(super) fn open(
    address: &Adresse,
    write_deadline: Duration,
) -> io::Result<(Arc<dyn Source>, Adresse)> {
    if address.is_parent() {
        return parent::open(address);
    }
    match address.unix() {
        Some(name) => unix::open(name, address),
        None => tcp::listen(address, write_deadline),
    }
}

/// Takes over a socket that another process has left in the standard input, if it listens on
/// `address`; else listens like `open`.
pub(super) fn take_over(
    address: &Adresse,
    write_deadline: Duration,
) -> io::Result<(Arc<dyn Source>, Adresse)> {
    match inherited::take_over(address, write_deadline)? {
        Some(taken) => Ok(taken),
        None => open(address, write_deadline),
    }
}

/// The error of `open`, with what to do if `address` is in use by a socket that this process was
/// given and has not taken over.
pub(super) fn explained(error: io::Error, address: &Adresse) -> io::Error {
    let is_in_use = error.kind() == io::ErrorKind::AddrInUse;
    let Some(by) = is_in_use.then(|| inherited::giver(address)).flatten() else { return error };
    let text = format!(
        "{by} has started this program and given it the socket that listens there; take it over: \
         open the server with `Serveur::unique`, or with `unique` among its options"
    );
    io::Error::new(error.kind(), text)
}

impl Newcomer for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        Socket::as_fd(self)
    }

    fn transport(&self) -> &dyn Transport {
        self
    }

    fn into_transport(self: Box<Self>) -> Arc<dyn Transport> {
        Arc::new(Closing::new(*self))
    }
}

/// The listening socket, and the waker that ends the wait for newcomers.
pub(super) struct Listener {
    phase: Mutex<Phase>,
    closed: Condvar,
    /// Only one thread at a time waits for the waker, and once woken it looks at everything.
    waker: Bell,
    duty: Mutex<Duty>,
    relieved: Condvar,
    /// The peers that are not clients. A thread that accepts holds this lock, so only one accepts
    /// at a time.
    pub(super) waiting: Mutex<Waiting>,
    handover: Handover,
}

/// Which thread accepts.
#[derive(Default)]
struct Duty {
    /// Whether the next client's own thread accepts; if not, the thread in `lancer` does.
    is_acceptor_there: bool,
    /// What the last acceptor left to the thread in `lancer`.
    left: Option<Left>,
}

/// What an acceptor leaves to the thread in `lancer`.
pub(super) enum Left {
    /// Nothing but the accepting.
    Nothing,
    /// A guest for which the acceptor found no place; boxed, for a guest is large and this is rare.
    Guest(Box<Guest>),
    /// An `accept` that failed because the system lacks something.
    Trouble,
}

/// The error of `open` if the listening socket was handed out before.
pub(super) struct AlreadyOpen;

enum Phase {
    /// `lancer` has not run yet.
    Unused(Arc<dyn Source>),
    /// The thread in `lancer` has it.
    Open(#[cfg_attr(not(unix), allow(dead_code))] Weak<dyn Source>),
    Closed,
}

impl Listener {
    pub(super) fn new(source: Arc<dyn Source>) -> io::Result<Self> {
        Ok(Listener {
            phase: Mutex::new(Phase::Unused(source)),
            closed: Condvar::new(),
            waker: Bell::new()?,
            duty: Mutex::default(),
            relieved: Condvar::new(),
            waiting: Mutex::default(),
            handover: Handover::default(),
        })
    }

    /// Hands out the listening socket, once. `None` if the server was stopped before; an error if
    /// `lancer` runs already.
    pub(super) fn open(&self) -> Result<Option<Arc<dyn Source>>, AlreadyOpen> {
        let mut phase = self.phase.lock();
        match &*phase {
            Phase::Unused(source) => {
                let source = source.clone();
                *phase = Phase::Open(Arc::downgrade(&source));
                Ok(Some(source))
            }
            Phase::Open(_) => Err(AlreadyOpen),
            Phase::Closed => Ok(None),
        }
    }

    /// The listening socket, while `lancer` runs.
    #[cfg(unix)]
    pub(super) fn source_in_use(&self) -> Option<Arc<dyn Source>> {
        match &*self.phase.lock() {
            Phase::Open(source) => source.upgrade(),
            Phase::Unused(_) | Phase::Closed => None,
        }
    }

    pub(super) fn close(&self) {
        *self.phase.lock() = Phase::Closed;
        self.closed.notify_all();
    }

    /// Ends the wait for newcomers.
    pub(super) fn wake(&self) {
        self.waker.ring();
    }

    /// Ends the wait for newcomers for a stop. Closes the listener if `lancer` never ran, and then
    /// returns true.
    pub(super) fn wake_to_stop(&self) -> bool {
        self.wake();
        let mut phase = self.phase.lock();
        let is_unused = matches!(*phase, Phase::Unused(_));
        if is_unused {
            *phase = Phase::Closed;
        }
        is_unused
    }

    /// Waits until the listener is closed, at most for `most`. True if it is closed.
    pub(super) fn wait_until_closed(&self, most: Duration) -> bool {
        let until = Instant::now().checked_add(most);
        let mut phase = self.phase.lock();
        while matches!(*phase, Phase::Open(_)) {
            if until.is_some_and(|until| Instant::now() >= until) {
                return false;
            }
            phase = self.closed.wait(phase, until);
        }
        true
    }

    /// Notes that the next client's thread is about to accept.
    pub(super) fn take_duty(&self) {
        self.duty.lock().is_acceptor_there = true;
    }

    /// Notes that the acceptor stops accepting, and that no other acceptor has taken its place.
    pub(super) fn leave_duty(&self, left: Left) {
        let mut duty = self.duty.lock();
        duty.is_acceptor_there = false;
        duty.left = Some(left);
        drop(duty);
        self.relieved.notify_all();
    }

    /// Waits while an acceptor accepts. Returns what the acceptor left to do.
    pub(super) fn wait_for_duty(&self) -> Left {
        let mut duty = self.duty.lock();
        while duty.is_acceptor_there {
            duty = self.relieved.wait(duty, None);
        }
        duty.left.take().unwrap_or(Left::Nothing)
    }

    /// Waits for a newcomer, for input of a stranger, for the waker, or for the end of `pause`, and
    /// silences the waker. Returns whether a newcomer is there, and which strangers have sent
    /// something.
    ///
    /// Never inlined: a client's thread keeps every page of stack that it has once used, and what
    /// this takes is given back before the newcomer is heard.
    #[inline(never)]
    pub(super) fn wait<'a>(
        &'a self,
        source: Option<&'a dyn Source>,
        strangers: impl Iterator<Item = &'a dyn Newcomer>,
        pause: Option<Duration>,
    ) -> (bool, Vec<usize>) {
        // Without a source the waker takes its place in the list, so that two of ours always come
        // first.
        let newcomers = source.map_or(self.waker.as_fd(), Source::as_fd);
        let ours = [self.waker.as_fd(), newcomers].into_iter();
        let fds = ours.chain(strangers.map(Newcomer::as_fd));
        let mut fds: Vec<_> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        // An interrupted wait counts as a short one: the caller looks, and waits again.
        let _ready = rustix::event::poll(&mut fds, pause.as_ref());
        let is_ready = |fd: &PollFd<'_>| !fd.revents().is_empty();
        let (ours, strangers) = fds.split_at(2);
        if ours.first().is_some_and(is_ready) {
            self.waker.hear_out();
        }
        let spoke = strangers.iter().enumerate().filter(|(_, stranger)| is_ready(stranger));
        (ours.last().is_some_and(is_ready), spoke.map(|(at, _)| at).collect())
    }
}

#[cfg(test)]
mod tests;
