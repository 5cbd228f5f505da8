//! The door: the listening socket, the bell that ends the wait for newcomers, and who stands there.

use std::io;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};

use super::Serveur;
use super::outside::{Guest, Outside};
use crate::erreur::Resultat;
use crate::sync::{AsFd, Bell, Condvar, Mutex};
use crate::transport::Tcp;

/// The listening socket, and the bell that ends the wait for newcomers.
pub(super) struct Door {
    state: Mutex<DoorState>,
    closed: Condvar,
    /// Only one waits here at a time, and looks around once it has heard the bell out.
    bell: Bell,
    post: Mutex<Post>,
    /// Those who stand outside; whoever stands at the door holds this, and is alone there.
    pub(super) outside: Mutex<Outside>,
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
    /// Nothing but the door.
    Nothing,
    /// A guest for whom there is no place, as far as it knows.
    Guest(Guest),
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
        let bell = Bell::new()?;
        let state = Mutex::new(DoorState::Waiting(listener));
        let (closed, relieved) = (Condvar::new(), Condvar::new());
        Ok(Door {
            state,
            closed,
            bell,
            post: Mutex::default(),
            outside: Mutex::default(),
            relieved,
        })
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
        self.bell.ring();
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

    /// Waits until the door is closed, for that long at most; says whether it is.
    pub(super) fn wait_until_closed(&self, most: Duration) -> bool {
        let until = Instant::now().checked_add(most);
        let mut state = self.state.lock();
        while matches!(*state, DoorState::Open) {
            if until.is_some_and(|until| Instant::now() >= until) {
                return false;
            }
            state = self.closed.wait(state, until);
        }
        true
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

    /// Waits while somebody else stands here; returns what is left to do.
    pub(super) fn relieve(&self) -> Left {
        let mut post = self.post.lock();
        while post.attended {
            post = self.relieved.wait(post, None);
        }
        post.left.take().unwrap_or(Left::Nothing)
    }

    /// Waits for a newcomer, a stranger that speaks, the bell, or the end of the pause. Hears the
    /// bell out. Says whether somebody knocks, and which of the strangers have spoken.
    pub(super) fn wait<'a>(
        &'a self,
        listener: Option<&'a TcpListener>,
        strangers: impl Iterator<Item = &'a Tcp>,
        pause: Option<Duration>,
    ) -> (bool, Vec<usize>) {
        let newcomer = listener.map_or(self.bell.as_fd(), AsFd::as_fd);
        let ours = [self.bell.as_fd(), newcomer].into_iter();
        let fds = ours.chain(strangers.map(Tcp::as_fd));
        let mut fds: Vec<_> = fds.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)).collect();
        let pause = pause.and_then(|pause| Timespec::try_from(pause).ok());
        // An interrupted wait is a short one.
        let _ready = rustix::event::poll(&mut fds, pause.as_ref());
        let ready: Vec<bool> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        let (ours, strangers) = ready.split_at(2);
        if ours.first() == Some(&true) {
            self.bell.hear_out();
        }
        let spoke = strangers.iter().enumerate().filter(|(_, ready)| **ready);
        (ours.last() == Some(&true), spoke.map(|(at, _)| at).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell_that_was_heard_is_silent() {
        let door = Door::new(TcpListener::bind("127.0.0.1:0").unwrap()).unwrap();
        door.ring();
        door.wait(None, std::iter::empty(), None);
        let begin = Instant::now();
        door.wait(None, std::iter::empty(), Some(Duration::from_millis(5)));
        assert!(begin.elapsed() >= Duration::from_millis(5), "it rings on");
    }
}
