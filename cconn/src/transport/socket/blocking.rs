//! A stream socket in blocking mode: one descriptor, and a receive that waits
//! is one system call.
//!
//! A deadline is a moment, but a socket's receive timeout is a duration that bounds one system
//! call. So the timeout is armed early, and armed anew only if a receive would sleep past its
//! deadline: an ordinary call finds a timeout that fits, and pays no system call to set one. The
//! kernel counts the timeout in clock ticks and ends it late, so the last piece of a wait is slept
//! in a poll, which ends in time.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};

use super::{Family, LEFT, broken, flags_of, found_ready, send_from_good_place};
use crate::identite::Identite;
use crate::sync::{AsFd, Deadline, first_piece, timespec};
use crate::transport::{End, Input, Ready, Transport};

/// The last piece of a wait, which is slept in a poll. If more is left, a receive timeout of half
/// of the rest ends in time even at the kernel's largest error (see `shortest_rest`).
const LAST_PIECE: Duration = Duration::from_millis(80);

/// How late a receive timeout may end, besides an error proportional to its length: two ticks of
/// the slowest clock that Linux is built with.
const TICKS: Duration = Duration::from_millis(20);

/// A connected stream socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) stream: Family,
    /// The shortest rest of a wait in which the armed receive timeout surely ends: whole seconds in
    /// the upper half, nanoseconds in the lower. 0 means that no timeout is armed. Only the
    /// receiving thread writes it.
    suits: AtomicU64,
}

impl Socket {
    /// Takes over a connected stream, which must be in blocking mode.
    pub(crate) fn new(stream: impl Into<Family>) -> Self {
        Socket { stream: stream.into(), suits: AtomicU64::new(0) }
    }

    /// Whether a receive with the timeout armed now returns by the deadline.
    #[inline]
    fn is_armed_for(&self, deadline: &mut Deadline) -> bool {
        let Some(rest) = deadline.rest() else { return true };
        match self.suits.load(Ordering::Relaxed) {
            0 => false,
            packed => unpack(packed) <= rest,
        }
    }

    fn arm(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.stream.set_read_timeout(timeout)?;
        let packed = timeout.map_or(0, |timeout| {
            let suits = shortest_rest(timeout);
            let seconds = suits.as_secs().min(u64::from(u32::MAX));
            seconds << 32 | u64::from(suits.subsec_nanos())
        });
        self.suits.store(packed, Ordering::Relaxed);
        Ok(())
    }

    /// Arms a receive timeout that ends by the deadline; `Ok(false)` if the deadline is too near
    /// for one.
    ///
    /// Half of the time left is armed, so that the following calls, whose deadlines lie a little
    /// later, find it fitting. A timeout that ends before the deadline is harmless: `recv` goes
    /// round its loop.
    #[cold]
    fn arm_for(&self, deadline: &mut Deadline) -> io::Result<bool> {
        match deadline.rest() {
            None => self.arm(None)?,
            Some(rest) if rest <= LAST_PIECE => return Ok(false),
            Some(rest) => self.arm(Some(rest / 2))?,
        }
        Ok(true)
    }

    /// Polls until input has come, then receives once; fails with `TimedOut` if the near deadline
    /// passes first.
    #[cold]
    fn recv_near(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        loop {
            let rest = deadline.rest().unwrap_or(LAST_PIECE);
            if rest.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let mut fds = [PollFd::new(&self.stream, PollFlags::IN)];
            match rustix::event::poll(&mut fds, Some(&timespec(rest))) {
                Ok(0) | Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => match self.recv_once(buf, RecvFlags::DONTWAIT) {
                    Err(Errno::INTR | Errno::AGAIN) => {}
                    result => return result.map_err(broken),
                },
            }
        }
    }

    fn recv_once(&self, buf: &mut Vec<u8>, flags: RecvFlags) -> Result<usize, Errno> {
        rustix::net::recv(&self.stream, rustix::buffer::spare_capacity(buf), flags).map(|(n, _)| n)
    }

    #[inline]
    fn send(&self, parts: &[IoSlice<'_>], flags: SendFlags) -> io::Result<usize> {
        send_from_good_place(parts, |parts| self.send_from(parts, flags))
    }

    #[inline]
    fn send_from(&self, parts: &[IoSlice<'_>], flags: SendFlags) -> io::Result<usize> {
        loop {
            // `send` spares the kernel the copy of a message header.
            let sent = if let [part] = parts {
                rustix::net::send(&self.stream, part, flags)
            } else {
                let mut control = SendAncillaryBuffer::default();
                rustix::net::sendmsg(&self.stream, parts, &mut control, flags)
            };
            match sent {
                Err(Errno::INTR) => {}
                result => return result.map_err(broken),
            }
        }
    }
}

impl Transport for Socket {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        if !self.is_armed_for(deadline) && !self.arm_for(deadline)? {
            return self.recv_near(buf, deadline);
        }
        loop {
            match self.recv_once(buf, RecvFlags::empty()) {
                Ok(n) => return Ok(n),
                // An interrupted receive starts its timeout from the beginning, which may end too
                // late.
                Err(Errno::INTR) if self.is_armed_for(deadline) => {}
                Err(Errno::INTR | Errno::AGAIN) => {
                    if !self.arm_for(deadline)? {
                        return self.recv_near(buf, deadline);
                    }
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            match self.recv_once(buf, RecvFlags::DONTWAIT) {
                Err(Errno::INTR) => {}
                result => return result.map_err(broken),
            }
        }
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send(parts, SendFlags::DONTWAIT | SendFlags::NOSIGNAL)
    }

    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        // Held back until `shutdown_write`, which sends the bytes and the end as one packet.
        self.send(parts, SendFlags::DONTWAIT | SendFlags::NOSIGNAL | SendFlags::MORE)
    }

    fn paddings(&self, before: usize, payload: &[u8], size: usize) -> usize {
        self.stream.paddings(before, payload, size)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        loop {
            let rest = deadline.map(|d| d.saturating_duration_since(crate::sync::now()));
            let piece = rest.map(first_piece);
            let mut fds = [PollFd::new(&self.stream, flags_of(wanted))];
            match rustix::event::poll(&mut fds, piece.map(timespec).as_ref()) {
                Err(Errno::INTR) => {}
                Ok(0) if piece < rest => {}
                Err(error) => return Err(error.into()),
                Ok(_) => {
                    let [fd] = fds;
                    return Ok(found_ready(fd.revents()));
                }
            }
        }
    }

    fn configure(&self, write_deadline: Duration) {
        self.stream.configure(write_deadline);
    }

    fn input(&self, _: &Waker) -> Input<'_> {
        Input::Polled(Box::new(self.stream.as_fd()))
    }

    fn is_peer_gone(&self) -> Option<bool> {
        let mut fds = [PollFd::new(&self.stream, LEFT)];
        Some(rustix::event::poll(&mut fds, Some(&timespec(Duration::ZERO))).is_ok_and(|n| n > 0))
    }

    fn ends(&self) -> Option<[End; 2]> {
        self.stream.ends()
    }

    fn peer(&self) -> Identite {
        self.stream.peer()
    }

    // Shutting down fails only if the stream is gone already, which was the aim.
    fn shutdown_write(&self) {
        let _gone = self.stream.shutdown(Shutdown::Write);
    }

    fn shutdown(&self) {
        let _gone = self.stream.shutdown(Shutdown::Both);
    }
}

/// The timeout from its packed form in `suits`.
fn unpack(packed: u64) -> Duration {
    let [_, _, _, _, nanos @ ..] = packed.to_be_bytes();
    Duration::new(packed >> 32, u32::from_be_bytes(nanos))
}

/// The shortest rest of a wait in which a receive timeout of `timeout` surely ends. The kernel
/// counts long timeouts in steps of up to an eighth of their length; half the length is ample.
fn shortest_rest(timeout: Duration) -> Duration {
    timeout.saturating_add(timeout / 2).saturating_add(TICKS)
}
