//! The line of a bell: a pair of Unix sockets. A byte written to one end can be read at the other
//! at once, without any network.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use crate::sync::{AsFd, BorrowedFd};

/// The most rings that one read takes back.
const MOST_AT_ONCE: usize = 64;

#[derive(Debug)]
pub(super) struct Line {
    rung: UnixStream,
    rings: UnixStream,
}

impl Line {
    pub(super) fn new() -> io::Result<Line> {
        let (rung, rings) = UnixStream::pair()?;
        rung.set_nonblocking(true)?;
        rings.set_nonblocking(true)?;
        Ok(Line { rung, rings })
    }

    /// Sends one ring, without blocking: `WouldBlock` if no further unheard ring fits.
    pub(super) fn send(&self) -> io::Result<()> {
        (&self.rings).write(&[0]).map(drop)
    }

    /// Takes rings back, without blocking; true if there may be more.
    pub(super) fn hear(&self) -> io::Result<bool> {
        let rings = (&self.rung).read(&mut [0; MOST_AT_ONCE])?;
        Ok(rings == MOST_AT_ONCE)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.rung.as_fd()
    }
}
