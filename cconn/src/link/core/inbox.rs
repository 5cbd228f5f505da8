//! The input of a connection. Whoever owns the inbox has the helm.

mod buffer;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::Range;
use std::time::{Duration, Instant};

use super::bytes::drop_spares;
use crate::link::io::helm::Direct;
use crate::link::io::polling::Polling;
use crate::sync::{Deadline, now};
use crate::transport::Transport;

use buffer::Buffer;
pub(crate) use buffer::TooLong;

/// Large buffers are given up after a read waited this long for nothing.
pub(crate) const QUIET: Duration = Duration::from_secs(1);

/// Bytes a second that a large frame must bring, on top of the read deadline: far below any
/// link worth a call, far above what a trickling attacker would like.
const SLOWEST: u64 = 16 << 10;

/// How a read pass that brought nothing ended.
#[derive(Debug)]
pub(crate) enum Idle {
    /// The caller's own deadline passed.
    Deadline,
    /// A frame was begun and is not finished in its time.
    SlowFrame,
    /// Nothing came for a while, and large buffers are kept for nothing.
    Quiet,
    /// The stream broke.
    Broken(io::Error),
}

/// The input of a connection: its buffer, and how long to wait for more.
#[derive(Debug)]
pub(crate) struct Inbox {
    pub(crate) buffer: Buffer,
    /// What is read from.
    pub(crate) direct: Direct,
    /// Largest frame accepted, bytes after the prefix.
    limit: u32,
    /// Whether others, of this connection or thread, keep large buffers too, and want to hear of a
    /// quiet time.
    pub(crate) others_keep_much: bool,
    /// When the frame that is not whole yet was first seen so.
    begun: Option<Instant>,
    read_deadline: Duration,
    polling: Polling,
}

impl Inbox {
    pub(crate) fn new(limit: u32, read_deadline: Duration, active_wait: Duration) -> Self {
        Inbox {
            buffer: Buffer::new(),
            direct: Direct::default(),
            limit,
            others_keep_much: false,
            begun: None,
            read_deadline,
            polling: Polling::new(active_wait),
        }
    }

    /// When the begun frame must be whole.
    pub(crate) fn frame_deadline(&mut self) -> Option<Instant> {
        if !self.buffer.is_partial() {
            self.begun = None;
            return None;
        }
        let begun = *self.begun.get_or_insert_with(now);
        let extra = Duration::from_secs(self.buffer.pending() as u64 / SLOWEST);
        begun.checked_add(self.read_deadline)?.checked_add(extra)
    }

    /// Whether the begun frame is overdue: for those who only read what is there.
    pub(crate) fn is_overdue(&mut self, now: Instant) -> bool {
        self.frame_deadline().is_some_and(|deadline| deadline <= now)
    }

    /// Reads once, blocking until something came, the end, or the deadline.
    #[inline]
    pub(crate) fn fill(
        &mut self,
        io: &dyn Transport,
        deadline: &mut Deadline,
    ) -> Result<usize, Idle> {
        self.buffer.make_room();
        if self.buffer.is_partial() {
            return self.fill_up(io, deadline);
        }
        match self.wait_and_receive(io, deadline) {
            Ok(Some(n)) => Ok(n),
            Ok(None) => Err(Idle::Quiet),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Idle::Deadline),
            Err(error) => Err(Idle::Broken(error)),
        }
    }

    /// Reads on where a frame was begun, which must be whole in its time.
    fn fill_up(&mut self, io: &dyn Transport, deadline: &mut Deadline) -> Result<usize, Idle> {
        let (frame, own) = (self.frame_deadline(), deadline.moment());
        let mut first = frame.into_iter().chain(own).min().into();
        match self.buffer.receive(|buf| io.recv(buf, &mut first)) {
            Ok(n) => Ok(n),
            Err(error) if error.kind() != io::ErrorKind::TimedOut => Err(Idle::Broken(error)),
            Err(_) if frame.is_some_and(|f| own.is_none_or(|d| f < d)) => self.last_look(io),
            Err(_) => Err(Idle::Deadline),
        }
    }

    /// The begun frame is overdue. Where this process was stopped meanwhile its rest may be there,
    /// and nobody is slow.
    #[cold]
    fn last_look(&mut self, io: &dyn Transport) -> Result<usize, Idle> {
        self.try_fill(io).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => Idle::SlowFrame,
            _ => Idle::Broken(error),
        })
    }

    /// Waits with large buffers for a moment only, then gives them up and returns `None`.
    #[inline]
    fn wait_and_receive(
        &mut self,
        io: &dyn Transport,
        deadline: &mut Deadline,
    ) -> io::Result<Option<usize>> {
        if self.polling.is_on()
            && let Some(found) = self.look(io, deadline)
        {
            return found.map(Some);
        }
        if (self.others_keep_much || self.buffer.is_large())
            && let Some(mut quiet) = quiet_before(deadline)
        {
            match self.buffer.receive(|buf| io.recv(buf, &mut quiet)) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    self.shrink();
                    return Ok(None);
                }
                result => return result.map(Some),
            }
        }
        let io = self.direct.or(io);
        self.buffer.receive(|buf| io.recv(buf, deadline)).map(Some)
    }

    /// Looks for input without sleeping. A peer that sends all the time is no reason to outlast the
    /// deadline.
    fn look(&mut self, io: &dyn Transport, deadline: &mut Deadline) -> Option<io::Result<usize>> {
        if deadline.has_passed() {
            return Some(Err(io::ErrorKind::TimedOut.into()));
        }
        let Inbox { polling, buffer, .. } = self;
        polling.look(deadline.moment(), || buffer.receive(|buf| io.try_recv(buf)))
    }

    /// Reads once what is there, without blocking.
    pub(crate) fn try_fill(&mut self, io: &dyn Transport) -> io::Result<usize> {
        self.buffer.make_room();
        self.buffer.receive(|buf| io.try_recv(buf))
    }

    /// Cuts the next whole frame off; the range is that of its content, behind the prefix.
    #[inline]
    pub(crate) fn next(&mut self) -> Result<Option<Range<usize>>, TooLong> {
        let next = self.buffer.next(self.limit);
        if let Ok(Some(_)) = next {
            self.begun = None;
        }
        next
    }

    /// Gives up what a quiet connection does not need.
    pub(crate) fn shrink(&mut self) {
        self.buffer.shrink();
        drop_spares();
    }

    /// Forgets what is there: nobody wants it any more.
    pub(crate) fn discard(&mut self) {
        self.buffer.discard();
        self.begun = None;
    }
}

/// The end of a quiet time, where that is before the deadline.
fn quiet_before(deadline: &mut Deadline) -> Option<Deadline> {
    let after = match *deadline {
        Deadline::Never => return Some(Deadline::After(QUIET)),
        _ => deadline.rest()?,
    };
    (after > QUIET).then_some(Deadline::After(QUIET))
}
