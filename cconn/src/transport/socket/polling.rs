//! A socket that never blocks: a thread that waits polls the socket, and a bell beside it.
//!
//! This is for systems on which a shutdown by one thread does not wake another thread that waits
//! for the socket, or destroys bytes that have arrived. Here a shutdown ends only the sending
//! direction, sets `ended` and rings the bell, which is never silenced because the end is final. A
//! receiving thread still gets what has arrived, and then the end of the stream.
//!
//! On Windows the blocking mode of a socket belongs to all its handles, and after a receive timeout
//! the state of the stream is uncertain. So the mode never changes, and no receive timeout is used.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::{Family, LEFT, broken, flags_of, found_ready, send_from_good_place};
use crate::identite::Identite;
use crate::sync::{AsFd, Bell, Deadline, first_piece, now, timespec};
use crate::transport::{End, Input, Ready, Transport};

/// The most bytes of one send. Windows takes a huge buffer whole, and no limit of ours counts the
/// bytes that the system has taken.
const MOST_SENT: usize = 1 << 20;

/// The most parts of a send that holds more than `MOST_SENT` bytes.
const MOST_PARTS: usize = 8;

/// How long a poll sleeps if no bell can be had: a shutdown may be noticed that late.
const UNHEARD: Duration = Duration::from_millis(500);

/// How long a writer sleeps if the peer has ended its side and takes nothing. Windows calls the
/// socket ready as long as the input has ended, so a poll would not sleep at all.
const HALF_ENDED: Duration = Duration::from_millis(10);

const BOTH: Ready = Ready { readable: true, writable: true };
const NEITHER: Ready = Ready { readable: false, writable: false };

/// The flag that a write to a peer that is gone must not raise a signal, on systems that have the
/// flag; see also `configure`.
#[cfg(not(any(windows, target_vendor = "apple")))]
const SENDING: SendFlags = SendFlags::NOSIGNAL;
#[cfg(any(windows, target_vendor = "apple"))]
const SENDING: SendFlags = SendFlags::empty();

/// A connected stream socket.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(super) stream: Family,
    /// Set by `shutdown`: bytes that have arrived can still be received, and nothing else happens
    /// any more.
    ended: AtomicBool,
    /// Made when a thread first waits. `None` inside if no bell could be had, or if the stream
    /// ended first.
    bell: OnceLock<Option<Bell>>,
}

impl Socket {
    /// Takes over a connected stream, in either blocking mode.
    pub(crate) fn new(stream: impl Into<Family>) -> Self {
        let stream = stream.into();
        let never_blocks = stream.never_block().is_ok();
        let socket = Socket { stream, ended: AtomicBool::new(false), bell: OnceLock::new() };
        if !never_blocks {
            // A socket that blocks would hang its users; a socket that has ended tells them.
            let _gone = socket.stream.shutdown(Shutdown::Both);
            socket.shutdown();
        }
        socket
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::SeqCst)
    }

    fn bell(&self) -> Option<&Bell> {
        self.bell.get_or_init(|| Bell::new().ok()).as_ref()
    }

    fn recv_once(&self, buf: &mut Vec<u8>) -> Result<usize, Errno> {
        loop {
            let room = rustix::buffer::spare_capacity(buf);
            match rustix::net::recv(&self.stream, room, RecvFlags::empty()) {
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if self.has_ended() => return Ok(0),
                result => return result.map(|(n, _)| n),
            }
        }
    }

    /// Whether the peer is gone, on a system that has the poll flags `left` for that.
    fn is_gone(&self, left: PollFlags) -> Option<bool> {
        let mut fds = [PollFd::new(&self.stream, left)];
        if rustix::event::poll(&mut fds, Some(&timespec(Duration::ZERO))).is_ok_and(|n| n > 0) {
            return Some(true);
        }
        // Some systems report the end of the input only to a poll that asks for input.
        match rustix::net::recv(&self.stream, &mut [0; 1], RecvFlags::PEEK) {
            // Where no flag tells, nothing does whether the end stands behind these bytes.
            Ok((1.., _)) if left.is_empty() => None,
            Ok((n, _)) => Some(n == 0),
            Err(error) => Some(!matches!(error, Errno::AGAIN | Errno::INTR)),
        }
    }

    fn send_from(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        if fits_once(parts) {
            return self.send_all(parts);
        }
        let (cut, count) = first_bytes(parts);
        self.send_all(cut.get(..count).unwrap_or(&cut))
    }

    fn send_all(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        loop {
            // `send` spares the system the copy of a message header.
            let sent = match parts {
                [part] => rustix::net::send(&self.stream, part, SENDING),
                several => self.send_several(several),
            };
            match sent {
                Err(Errno::INTR) => {}
                result => return result.map_err(broken),
            }
        }
    }

    #[cfg(not(windows))]
    fn send_several(&self, parts: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let mut control = rustix::net::SendAncillaryBuffer::default();
        rustix::net::sendmsg(&self.stream, parts, &mut control, SENDING)
    }

    #[cfg(windows)]
    fn send_several(&self, parts: &[IoSlice<'_>]) -> Result<usize, Errno> {
        let sent = self.stream.write_vectored(parts);
        sent.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::CONNRESET))
    }

    /// Polls once, at most for `rest`. `None` if nothing is ready but the time is not over, so that
    /// the caller must poll again.
    fn poll_once(&self, wanted: Ready, rest: Option<Duration>) -> io::Result<Option<Ready>> {
        let bell = self.bell();
        if self.has_ended() {
            return Ok(Some(BOTH));
        }
        let longest = if bell.is_some() { Duration::MAX } else { UNHEARD };
        let piece = rest.map(first_piece).into_iter().chain([longest]).min();
        let piece = piece.filter(|piece| *piece < Duration::MAX);
        // If there is no bell, the second entry is not polled.
        let heard = bell.map_or(self.stream.as_fd(), Bell::as_fd);
        let mut fds = [
            PollFd::new(&self.stream, flags_of(wanted)),
            PollFd::from_borrowed_fd(heard, PollFlags::IN),
        ];
        let polled = fds.get_mut(..=usize::from(bell.is_some())).unwrap_or(&mut []);
        match rustix::event::poll(polled, piece.map(timespec).as_ref()) {
            Err(Errno::INTR) => return Ok(None),
            Err(error) => return Err(error.into()),
            Ok(0) => return Ok(if piece == rest { Some(NEITHER) } else { None }),
            Ok(_) => {}
        }
        let [stream, rung] = fds.map(|fd| fd.revents());
        if self.has_ended() {
            return Ok(Some(BOTH));
        }
        if let Some(bell) = bell.filter(|_| !rung.is_empty()) {
            bell.hear_out();
        }
        if stream.is_empty() {
            return Ok(None);
        }
        let ready = found_ready(stream);
        if wanted.readable || ready.writable {
            return Ok(Some(ready));
        }
        wait_half_ended(bell);
        // The send tells whether the socket takes anything.
        Ok(Some(BOTH))
    }
}

/// Sleeps for `HALF_ENDED`, or until the end.
fn wait_half_ended(bell: Option<&Bell>) {
    match bell {
        None => std::thread::sleep(HALF_ENDED),
        Some(bell) => {
            let mut fds = [PollFd::from_borrowed_fd(bell.as_fd(), PollFlags::IN)];
            let _rung = rustix::event::poll(&mut fds, Some(&timespec(HALF_ENDED)));
        }
    }
}

/// Whether one send may take all of these parts.
fn fits_once(parts: &[IoSlice<'_>]) -> bool {
    let mut room = MOST_SENT;
    parts.iter().all(|part| {
        let fits = part.len() <= room;
        room = room.saturating_sub(part.len());
        fits
    })
}

/// The first `MOST_SENT` bytes of `parts`, which hold more, and the number of parts that they take.
/// Fewer bytes, but at least one, if they are in many small parts.
fn first_bytes<'a>(parts: &'a [IoSlice<'_>]) -> ([IoSlice<'a>; MOST_PARTS], usize) {
    let mut cut = [IoSlice::new(&[]); MOST_PARTS];
    let (mut room, mut count) = (MOST_SENT, 0);
    let filled = parts.iter().filter(|part| !part.is_empty());
    for (place, part) in cut.iter_mut().zip(filled) {
        let some = part.get(..room).unwrap_or(part);
        *place = IoSlice::new(some);
        room = room.saturating_sub(some.len());
        count = usize::saturating_add(count, 1);
        if room == 0 {
            break;
        }
    }
    (cut, count)
}

impl Transport for Socket {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        loop {
            match self.recv_once(buf) {
                Err(Errno::AGAIN) => {}
                result => return result.map_err(broken),
            }
            let wanted = Ready { readable: true, writable: false };
            if !self.poll(wanted, deadline.moment())?.readable {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.recv_once(buf).map_err(broken)
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        if self.has_ended() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        send_from_good_place(parts, |parts| self.send_from(parts))
    }

    fn paddings(&self, before: usize, payload: &[u8], size: usize) -> usize {
        self.stream.paddings(before, payload, size)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        loop {
            let rest = deadline.map(|deadline| deadline.saturating_duration_since(now()));
            if let Some(ready) = self.poll_once(wanted, rest)? {
                return Ok(ready);
            }
        }
    }

    fn configure(&self, write_deadline: Duration) {
        self.stream.configure(write_deadline);
    }

    fn input(&self, _: &Waker) -> Input<'_> {
        // A shutdown does not end a poll of the socket alone, but the end of a connection signals
        // every thread that waits for it.
        if self.has_ended() { Input::There } else { Input::Polled(Box::new(self.stream.as_fd())) }
    }

    fn is_peer_gone(&self) -> Option<bool> {
        self.is_gone(LEFT)
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
        self.ended.store(true, Ordering::SeqCst);
        let _gone = self.stream.shutdown(Shutdown::Write);
        // If no thread has waited yet, none needs a bell any more: a later one sees `ended`.
        if let Some(bell) = self.bell.get_or_init(|| None) {
            bell.ring();
        }
    }
}

#[cfg(test)]
mod tests;
