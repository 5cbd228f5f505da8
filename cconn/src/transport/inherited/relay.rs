//! A socket that listens, handed from a server to the program that takes its place.
//!
//! The two have a pair of sockets, of which the successor's end is its standard input. The giver
//! sends the listening socket over it. The successor says that it is ready to serve, and serves once
//! the giver has answered, or is gone.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fd::{AsFd, OwnedFd};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, getpeername,
};

use super::{Listening, TAKING, is_listening, is_stream_socket, of_fd, take};

/// Set for a successor: the number of the socket in its standard input.
const RELAY: &str = "CCONN_RELAY";

/// The first byte of the giver: whether the successor also has the file of the socket.
const WITH_FILE: u8 = b'F';
const WITHOUT_FILE: u8 = b'S';

/// The byte of a successor that is ready.
const READY: u8 = b'R';

/// The second byte of the giver.
const GO: u8 = b'G';

/// How long a successor that is ready waits for the answer of a giver that is there.
const ANSWER: Duration = Duration::from_secs(5);

/// The variables of the giver's environment that speak of the giver alone.
pub(crate) const NOT_FOR_SUCCESSORS: [&str; 4] =
    ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "WATCHDOG_PID"];

/// The end of the server that is replaced.
#[derive(Debug)]
pub(crate) struct Giver(UnixStream);

/// The end of the successor.
#[derive(Debug)]
pub(crate) struct Successor(Mutex<Option<UnixStream>>);

/// A listening socket that another server has handed over.
pub(crate) struct Relayed {
    pub(crate) listening: Listening,
    pub(crate) with_file: bool,
    pub(crate) successor: Successor,
}

/// What was handed over to this process and not taken yet.
static RELAYED: Mutex<Option<Relayed>> = Mutex::new(None);

impl Giver {
    /// The giver's end, the successor's, and the variable that a successor finds it by.
    pub(crate) fn pair() -> io::Result<(Giver, OwnedFd, (&'static str, String))> {
        let (ours, theirs) = UnixStream::pair()?;
        let number = rustix::fs::fstat(&theirs)?.st_ino.to_string();
        Ok((Giver(ours), theirs.into(), (RELAY, number)))
    }

    /// Sends the socket.
    pub(crate) fn give(&self, socket: &OwnedFd, with_file: bool) -> io::Result<()> {
        let fds = [socket.as_fd()];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut with = SendAncillaryBuffer::new(&mut space);
        with.push(SendAncillaryMessage::ScmRights(&fds));
        let byte = [if with_file { WITH_FILE } else { WITHOUT_FILE }];
        rustix::net::sendmsg(&self.0, &[IoSlice::new(&byte)], &mut with, SendFlags::empty())?;
        Ok(())
    }

    /// Waits until the successor is ready. False if it has ended, or does not want the socket.
    pub(crate) fn wait(&mut self, most: Duration) -> io::Result<bool> {
        self.0.set_read_timeout(Some(most))?;
        let mut said = [0];
        loop {
            match self.0.read(&mut said) {
                Ok(n) => return Ok(n == 1 && said == [READY]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(false),
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets the successor serve.
    pub(crate) fn go(&mut self) -> io::Result<()> {
        self.0.write_all(&[GO])
    }
}

impl Successor {
    /// Tells the giver that this process is ready, and waits until the giver has let go.
    pub(crate) fn ready(&self) {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut stream) = stream {
            // A giver that is gone has let go too.
            let _gone = stream.set_read_timeout(Some(ANSWER));
            let _gone = stream.write_all(&[READY]).and_then(|()| stream.read_exact(&mut [0]));
        }
    }
}

/// Takes over what another server hands over, if `is_wanted` says so of it.
pub(crate) fn relayed(is_wanted: impl FnOnce(&Listening) -> bool) -> io::Result<Option<Relayed>> {
    Ok(received()?.take_if(|relayed| is_wanted(&relayed.listening)))
}

/// Whether another server hands over a socket that was not taken yet, and `is_wanted` says so of
/// it.
pub(crate) fn is_relayed(is_wanted: impl FnOnce(&Listening) -> bool) -> bool {
    let received = received();
    let relayed = received.as_ref().ok().and_then(|relayed| relayed.as_ref());
    relayed.is_some_and(|relayed| is_wanted(&relayed.listening))
}

/// What another server hands over and was not taken yet. Received when it is first asked for, and
/// kept until it is taken.
fn received() -> io::Result<MutexGuard<'static, Option<Relayed>>> {
    let mut relayed = RELAYED.lock().unwrap_or_else(PoisonError::into_inner);
    if relayed.is_none() {
        *relayed = receive()?;
    }
    Ok(relayed)
}

/// Receives a socket over the standard input, if that is the pair of a giver.
fn receive() -> io::Result<Option<Relayed>> {
    let _alone = TAKING.lock().unwrap_or_else(PoisonError::into_inner);
    let stdin = io::stdin();
    let Ok(number) = std::env::var(RELAY) else { return Ok(None) };
    let is_ours = rustix::fs::fstat(&stdin).is_ok_and(|found| found.st_ino.to_string() == number);
    if !is_ours || !is_stream_socket(&stdin) || getpeername(&stdin).is_err() {
        return Ok(None);
    }
    let stream = UnixStream::from(take()?);
    stream.set_read_timeout(Some(ANSWER))?;
    let mut byte = [0];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut with = RecvAncillaryBuffer::new(&mut space);
    let got = rustix::net::recvmsg(&stream, &mut [IoSliceMut::new(&mut byte)], &mut with, FLAGS)?;
    let sockets = with.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(sockets) => Some(sockets),
        _ => None,
    });
    let socket = sockets.flatten().last().filter(|socket| got.bytes == 1 && is_listening(socket));
    let Some(socket) = socket else {
        let text = "the server that starts this one has handed no socket over";
        return Err(io::Error::new(io::ErrorKind::NotConnected, text));
    };
    #[cfg(target_vendor = "apple")]
    rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
    let successor = Successor(Mutex::new(Some(stream)));
    Ok(Some(Relayed { listening: of_fd(socket)?, with_file: byte == [WITH_FILE], successor }))
}

/// No child inherits the socket.
#[cfg(not(target_vendor = "apple"))]
const FLAGS: RecvFlags = RecvFlags::CMSG_CLOEXEC;
#[cfg(target_vendor = "apple")]
const FLAGS: RecvFlags = RecvFlags::empty();

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_that_ends_or_says_something_else_is_not_ready() {
        for (said, expected) in [(&b""[..], false), (b"x", false), (b"R", true)] {
            let (mut giver, theirs, _) = Giver::pair().unwrap();
            let mut theirs = UnixStream::from(theirs);
            theirs.write_all(said).unwrap();
            drop(theirs);
            assert_eq!(giver.wait(Duration::from_secs(5)).unwrap(), expected, "{said:?}");
        }
        let (mut giver, _theirs, _) = Giver::pair().unwrap();
        assert!(giver.wait(Duration::from_millis(5)).is_err(), "it is given up in time");
    }

    #[test]
    fn a_successor_goes_on_when_its_giver_answers_or_is_gone() {
        for answers in [true, false] {
            let (mut giver, theirs, _) = Giver::pair().unwrap();
            let successor = Successor(Mutex::new(Some(theirs.into())));
            std::thread::scope(|scope| {
                let ready = scope.spawn(|| successor.ready());
                assert!(giver.wait(Duration::from_secs(5)).unwrap());
                if answers {
                    giver.go().unwrap();
                } else {
                    drop(giver);
                }
                ready.join().unwrap();
            });
        }
    }
}
