//! A sleep that another thread's signal or a socket's input ends, whichever comes first.

use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;

/// The longest poll that ends in time. The kernel lets a poll end late by a thousandth of its
/// length, so a longer sleep is made of two polls: `first_piece`, and what is left.
const LONGEST_EXACT: Duration = Duration::from_millis(100);

/// A signal that a poll sees beside its sockets. One thread owns both ends, so neither end can be
/// closed while the other is written to or read.
#[derive(Debug)]
pub(crate) struct Bell {
    rung: UnixStream,
    rings: UnixStream,
}

impl Bell {
    /// Makes an unrung bell. Fails if the process has no file descriptor left.
    pub(crate) fn new() -> io::Result<Bell> {
        let (rung, rings) = UnixStream::pair()?;
        Ok(Bell { rung, rings })
    }

    /// Ends the poll of the owning thread. The bell must be silenced before it is rung again.
    pub(crate) fn ring(&self) {
        let _one_byte_fits = (&self.rings).write(&[0]);
    }

    /// Takes the ring back. The bell must have been rung, else this blocks.
    pub(crate) fn silence(&self) {
        let _one_byte_is_there = (&self.rung).read(&mut [0]);
    }
}

/// Sleeps until a socket has input or has ended, the bell rings, or the deadline passes. The result
/// holds a flag for each of `sockets`, in their order: true if that socket has input or has ended.
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
            // A socket that can't be polled counts as readable: the read then fails and tells why.
            Err(_) => return vec![true; sockets.len()],
            Ok(_) => {
                let found = fds.iter().map(|fd| !fd.revents().is_empty());
                return found.take(sockets.len()).collect();
            }
        }
    }
}

/// The part of `rest` that the first poll sleeps: a second poll sleeps what is left, and ends in
/// time because it is short.
pub(crate) fn first_piece(rest: Duration) -> Duration {
    if rest > LONGEST_EXACT { rest.saturating_sub(rest / 64) } else { rest }
}

pub(crate) fn timespec(duration: Duration) -> Timespec {
    // A duration beyond what the kernel can count is replaced by its largest, 68 years.
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
