//! Two ends joined inside the process, without a socket.
//!
//! Each direction holds at most `capacity` bytes. Like a socket, a direction counts as writable
//! only once a third of its capacity is free.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::{End, Input, Ready, Transport};
use crate::sync::{Condvar, Deadline, Mutex, MutexGuard};

/// One direction of a joined pair.
#[derive(Debug, Default)]
struct Pipe {
    bytes: VecDeque<u8>,
    /// The writing side has ended: nothing more will come.
    ended: bool,
    /// The reading side has ended: what is written is lost.
    deaf: bool,
    /// Woken once the direction can be read.
    waker: Option<Waker>,
}

/// Both directions of a joined pair, shared by the two ends.
#[derive(Debug)]
struct Shared {
    pipes: Mutex<[Pipe; 2]>,
    changed: Condvar,
    capacity: usize,
}

/// One end of a joined pair. Dropping it ends both directions.
#[derive(Debug)]
pub(crate) struct Memory {
    shared: Arc<Shared>,
    side: Side,
}

#[derive(Clone, Copy, Debug)]
enum Side {
    Left,
    Right,
}

/// The incoming and the outgoing pipe of a side.
#[inline]
fn directions(side: Side, pipes: &mut [Pipe; 2]) -> (&mut Pipe, &mut Pipe) {
    let [left, right] = pipes;
    match side {
        Side::Left => (left, right),
        Side::Right => (right, left),
    }
}

impl Memory {
    /// Two joined ends.
    #[inline]
    pub(crate) fn pair(capacity: usize) -> (Memory, Memory) {
        let pipes = Mutex::new([Pipe::default(), Pipe::default()]);
        let shared = Arc::new(Shared { pipes, changed: Condvar::new(), capacity });
        let left = Memory { shared: shared.clone(), side: Side::Left };
        (left, Memory { shared, side: Side::Right })
    }

    /// Tries `act` at once and again after each change, until it returns `Some` or the deadline
    /// passes.
    fn until<T>(
        &self,
        deadline: Option<Instant>,
        mut act: impl FnMut(&mut Pipe, &mut Pipe) -> Option<T>,
    ) -> Option<T> {
        let mut pipes: MutexGuard<'_, [Pipe; 2]> = self.shared.pipes.lock();
        loop {
            let (incoming, outgoing) = directions(self.side, &mut pipes);
            if let Some(done) = act(incoming, outgoing) {
                return Some(done);
            }
            if deadline.is_some_and(|deadline| crate::sync::now() >= deadline) {
                return None;
            }
            pipes = self.shared.changed.wait(pipes, deadline);
        }
    }

    fn change<T>(&self, act: impl FnOnce(&mut Pipe, &mut Pipe) -> T) -> T {
        let mut pipes = self.shared.pipes.lock();
        let (incoming, outgoing) = directions(self.side, &mut pipes);
        let result = act(incoming, outgoing);
        let wakers = [incoming, outgoing].map(Pipe::due_waker);
        drop(pipes);
        self.shared.changed.notify_all();
        // Outside the lock: the woken code may ask this pair again.
        wakers.into_iter().flatten().for_each(Waker::wake);
        result
    }

    #[inline]
    fn is_writable(&self, outgoing: &Pipe) -> bool {
        let free = self.shared.capacity.saturating_sub(outgoing.bytes.len());
        outgoing.deaf || outgoing.ended || free >= (self.shared.capacity / 3).max(1)
    }
}

impl Pipe {
    #[inline]
    fn is_readable(&self) -> bool {
        !self.bytes.is_empty() || self.ended || self.deaf
    }

    #[inline]
    fn due_waker(&mut self) -> Option<Waker> {
        if self.waker.is_some() && self.is_readable() { self.waker.take() } else { None }
    }

    #[inline]
    fn read(&mut self, buf: &mut Vec<u8>) -> Option<usize> {
        if !self.is_readable() {
            return None;
        }
        let n = buf.capacity().saturating_sub(buf.len()).min(self.bytes.len());
        buf.extend(self.bytes.drain(..n));
        Some(n)
    }
}

impl Transport for Memory {
    #[inline]
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        let n = self.until(deadline.moment(), |incoming, _| incoming.read(buf));
        // The other end may wait for the room that this read has made.
        self.shared.changed.notify_all();
        n.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }

    #[inline]
    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let n = self.change(|incoming, _| incoming.read(buf));
        n.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    #[inline]
    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.change(|_, outgoing| {
            if outgoing.deaf || outgoing.ended {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let free = self.shared.capacity.saturating_sub(outgoing.bytes.len());
            let before = outgoing.bytes.len();
            outgoing.bytes.extend(parts.iter().flat_map(|part| part.iter()).take(free));
            match outgoing.bytes.len().saturating_sub(before) {
                0 => Err(io::ErrorKind::WouldBlock.into()),
                n => Ok(n),
            }
        })
    }

    #[inline]
    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        let found = self.until(deadline, |incoming, outgoing| {
            let ready = Ready {
                readable: wanted.readable && incoming.is_readable(),
                writable: wanted.writable && self.is_writable(outgoing),
            };
            (ready.readable || ready.writable).then_some(ready)
        });
        Ok(found.unwrap_or_default())
    }

    #[inline]
    fn input(&self, waker: &Waker) -> Input<'_> {
        let mut pipes = self.shared.pipes.lock();
        let (incoming, _) = directions(self.side, &mut pipes);
        if incoming.is_readable() {
            return Input::There;
        }
        incoming.waker = Some(waker.clone());
        Input::Awaited
    }

    #[inline]
    fn ends(&self) -> Option<[End; 2]> {
        let pair = Arc::as_ptr(&self.shared).addr();
        let is_left = matches!(self.side, Side::Left);
        Some([End::Memory(pair, is_left), End::Memory(pair, !is_left)])
    }

    #[inline]
    fn shutdown_write(&self) {
        self.change(|_, outgoing| outgoing.ended = true);
    }

    #[inline]
    fn shutdown(&self) {
        self.change(|incoming, outgoing| {
            outgoing.ended = true;
            incoming.deaf = true;
        });
    }
}

impl Drop for Memory {
    #[inline]
    fn drop(&mut self) {
        self.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(end: &Memory, bytes: &[u8]) -> io::Result<usize> {
        end.try_send(&[IoSlice::new(bytes)])
    }

    #[test]
    fn bytes_cross_in_order_and_full_pipes_say_so() {
        let (left, right) = Memory::pair(4);
        assert_eq!(send(&left, b"abcdef").unwrap(), 4);
        assert_eq!(send(&left, b"g").unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let mut buf = Vec::with_capacity(8);
        assert_eq!(right.recv(&mut buf, &mut Deadline::Never).unwrap(), 4);
        assert_eq!(buf, b"abcd");
    }

    #[test]
    fn an_end_is_seen_after_what_was_written() {
        let (left, right) = Memory::pair(4);
        send(&left, b"ab").unwrap();
        left.shutdown_write();
        let mut buf = Vec::with_capacity(8);
        assert_eq!(right.recv(&mut buf, &mut Deadline::Never).unwrap(), 2);
        assert_eq!(right.recv(&mut buf, &mut Deadline::Never).unwrap(), 0);
        assert!(send(&right, b"x").is_ok(), "the other direction lives");
    }

    #[test]
    fn a_dropped_end_breaks_the_pipe() {
        let (left, right) = Memory::pair(4);
        drop(left);
        assert_eq!(send(&right, b"x").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn waiting_ends_at_the_deadline() {
        let (left, _right) = Memory::pair(4);
        let soon = Some(crate::sync::now());
        let mut buf = Vec::with_capacity(8);
        assert_eq!(
            left.recv(&mut buf, &mut soon.into()).unwrap_err().kind(),
            io::ErrorKind::TimedOut
        );
        assert_eq!(
            left.poll(Ready { readable: true, writable: false }, soon).unwrap(),
            Ready::default()
        );
    }
}
