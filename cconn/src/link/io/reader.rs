//! The helm as its owner has it: the inbox, and how to wait for more input.

#[cfg(test)]
mod tests;

use std::io;
use std::time::Duration;

use super::polling::Polling;
use super::stream::Direct;
use crate::link::core::inbox::{Idle, Inbox};
use crate::link::core::limits::Limits;
use crate::sync::Deadline;
use crate::transport::Transport;

/// Large buffers are freed after a read has waited this long in vain.
pub(in super::super) const QUIET: Duration = Duration::from_secs(1);

/// The thread that owns this is the one reader of the connection.
#[derive(Debug)]
pub(in super::super) struct Reader {
    pub(in super::super) inbox: Inbox,
    /// The stream that is read from.
    pub(super) direct: Direct,
    /// Whether other parts of this connection or thread keep large buffers too, and must be told
    /// after a quiet time.
    pub(super) others_keep_much: bool,
    polling: Polling,
}

impl Reader {
    /// `rest`: the bytes received after the greeting.
    pub(super) fn new(limits: &Limits, rest: Vec<u8>, io: &dyn Transport) -> Box<Self> {
        Box::new(Reader {
            inbox: Inbox::new(limits.max_frame, limits.read_deadline, rest),
            direct: Direct::of(io),
            others_keep_much: false,
            polling: Polling::new(limits.active_wait),
        })
    }

    /// Reads once. Blocks until something came, the stream ended, or the deadline passed.
    #[inline]
    pub(crate) fn fill(
        &mut self,
        io: &dyn Transport,
        deadline: &mut Deadline,
    ) -> Result<usize, Idle> {
        self.inbox.buffer.make_room();
        if self.inbox.buffer.is_partial() {
            return self.fill_up(io, deadline);
        }
        match self.wait_and_receive(io, deadline) {
            Ok(Some(n)) => Ok(n),
            Ok(None) => Err(Idle::Quiet),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(Idle::Deadline),
            Err(error) => Err(Idle::Broken(error)),
        }
    }

    /// Reads the rest of a frame that has begun, which must be whole in its time.
    fn fill_up(&mut self, io: &dyn Transport, deadline: &mut Deadline) -> Result<usize, Idle> {
        let (frame, own) = (self.inbox.frame_deadline(crate::sync::now()), deadline.moment());
        // The earlier deadline ends the read; which of the two that was decides below.
        let mut first = frame.into_iter().chain(own).min().into();
        match self.inbox.buffer.receive(|buf| io.recv(buf, &mut first)) {
            Ok(n) => Ok(n),
            Err(error) if error.kind() != io::ErrorKind::TimedOut => Err(Idle::Broken(error)),
            Err(_) if frame.is_some_and(|f| own.is_none_or(|d| f < d)) => self.last_look(io),
            Err(_) => Err(Idle::Deadline),
        }
    }

    /// Looks once more before the peer is called slow. If this process was stopped meanwhile, the
    /// rest of the frame may have arrived in time.
    #[cold]
    fn last_look(&mut self, io: &dyn Transport) -> Result<usize, Idle> {
        self.try_fill(io).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => Idle::SlowFrame,
            _ => Idle::Broken(error),
        })
    }

    /// Waits for input. With large buffers it waits for a moment only, then frees them and returns
    /// `None`.
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
        if (self.others_keep_much || self.inbox.buffer.is_large())
            && let Some(mut quiet) = quiet_before(deadline)
        {
            match self.inbox.buffer.receive(|buf| io.recv(buf, &mut quiet)) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => {
                    self.inbox.shrink();
                    return Ok(None);
                }
                result => return result.map(Some),
            }
        }
        // Without the guard of `io`: the reference in the helm keeps the stream open.
        let io = self.direct.or(io);
        self.inbox.buffer.receive(|buf| io.recv(buf, deadline)).map(Some)
    }

    /// Looks for input without sleeping. The deadline is checked first: a peer that sends all the
    /// time must not keep the thread past it.
    fn look(&mut self, io: &dyn Transport, deadline: &mut Deadline) -> Option<io::Result<usize>> {
        if deadline.has_passed() {
            return Some(Err(io::ErrorKind::TimedOut.into()));
        }
        let Reader { polling, inbox, .. } = self;
        polling.look(deadline.moment(), || inbox.buffer.receive(|buf| io.try_recv(buf)))
    }

    /// Reads once what has arrived, without blocking.
    pub(crate) fn try_fill(&mut self, io: &dyn Transport) -> io::Result<usize> {
        self.inbox.buffer.make_room();
        self.inbox.buffer.receive(|buf| io.try_recv(buf))
    }
}

/// A deadline at the end of a quiet time, if that comes before `deadline`.
fn quiet_before(deadline: &mut Deadline) -> Option<Deadline> {
    let after = match *deadline {
        Deadline::Never => return Some(Deadline::After(QUIET)),
        _ => deadline.rest()?,
    };
    (after > QUIET).then_some(Deadline::After(QUIET))
}
