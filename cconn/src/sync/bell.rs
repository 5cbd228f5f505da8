//! A sleep that ends by another thread's signal or by input, whichever comes first.

use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// A poll for longer than this is ended by a second one: the kernel lets a poll end late by a
/// thousandth of its length.
const LONGEST_EXACT: Duration = Duration::from_millis(100);

/// A signal that a poll sees beside its sockets. Both ends are one thread's, so that neither is
/// ever written to without the other.
#[derive(Debug)]
pub(crate) struct Bell {
    rung: UnixStream,
    rings: UnixStream,
}

impl Bell {
    /// Fails where the system has no descriptor left.
    pub(crate) fn new() -> io::Result<Bell> {
        let (rung, rings) = UnixStream::pair()?;
        Ok(Bell { rung, rings })
    }

    /// Ends the poll. At most once before it is silenced.
    pub(crate) fn ring(&self) {
        let _one_byte_fits = (&self.rings).write(&[0]);
    }

    /// Takes the one ring back, which must have come.
    pub(crate) fn silence(&self) {
        let _one_byte_is_there = (&self.rung).read(&mut [0]);
    }
}

/// Sleeps until a socket has input or has ended, the bell rings, or the deadline passes; says which
/// of the sockets it was.
pub(crate) fn poll_any(
    sockets: &[BorrowedFd<'_>],
    bell: Option<&Bell>,
    deadline: Option<Instant>,
) -> Vec<bool> {
    let socket = sockets.iter().map(|socket| PollFd::new(socket, PollFlags::IN));
    let bell = bell.map(|bell| PollFd::new(&bell.rung, PollFlags::IN));
    let mut fds: Vec<_> = socket.chain(bell).collect();
    loop {
        let rest = deadline.map(|deadline| deadline.saturating_duration_since(super::now()));
        let piece = rest.map(first_piece);
        match rustix::event::poll(&mut fds, piece.map(timespec).as_ref()) {
            Err(Errno::INTR) => {}
            Ok(0) if piece < rest => {}
            // What can't be polled is read, and the read says why.
            Err(_) => return vec![true; sockets.len()],
            Ok(_) => {
                let found = fds.iter().map(|fd| !fd.revents().is_empty());
                return found.take(sockets.len()).collect();
            }
        }
    }
}

/// What a poll sleeps of a rest, so that a second one ends it in time.
pub(crate) fn first_piece(rest: Duration) -> Duration {
    if rest > LONGEST_EXACT { rest.saturating_sub(rest / 64) } else { rest }
}

pub(crate) fn timespec(duration: Duration) -> Timespec {
    // A duration beyond what the kernel counts is as good as its largest.
    Timespec::try_from(duration).unwrap_or(Timespec { tv_sec: i64::from(i32::MAX), tv_nsec: 0 })
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn a_ring_and_input_end_a_sleep_and_time_does() {
        let (bell, (ours, theirs)) = (Bell::new().unwrap(), UnixStream::pair().unwrap());
        let (quiet, _kept) = UnixStream::pair().unwrap();
        let sockets = [quiet.as_fd(), ours.as_fd()];
        bell.ring();
        assert_eq!(poll_any(&sockets, Some(&bell), None), [false, false]);
        bell.silence();
        let (begin, time) = (Instant::now(), Duration::from_millis(3));
        assert_eq!(poll_any(&sockets, Some(&bell), begin.checked_add(time)), [false, false]);
        assert!(begin.elapsed() >= time);
        (&theirs).write_all(b"x").unwrap();
        assert_eq!(poll_any(&sockets, Some(&bell), None), [false, true]);
        drop(theirs);
        assert_eq!(poll_any(&sockets, None, None), [false, true]);
    }
}
