//! The stream between two ends: the in-memory transport, made worse.
//!
//! A line may be cut at any moment, and now and then it takes fewer bytes than it could.

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::Instant;

use crate::sync::Deadline;
use crate::transport::{Input, Memory, Ready, Transport};
use crate::world::random;

/// One end of a line. The core owns one handle, the model may keep another to cut it.
#[derive(Clone)]
pub(crate) struct Line {
    memory: Arc<Memory>,
    is_cut: Arc<AtomicBool>,
}

impl Line {
    /// Two joined ends.
    pub(crate) fn pair(capacity: usize) -> (Line, Line) {
        let (left, right) = Memory::pair(capacity);
        (Line::new(left), Line::new(right))
    }

    fn new(memory: Memory) -> Self {
        Line { memory: Arc::new(memory), is_cut: Arc::default() }
    }

    /// Breaks the line at this end: what was under way is lost here, and the peer sees the end.
    pub(crate) fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
        self.memory.shutdown();
    }

    fn check(&self) -> io::Result<()> {
        let is_cut = self.is_cut.load(Ordering::SeqCst);
        if is_cut { Err(io::ErrorKind::ConnectionReset.into()) } else { Ok(()) }
    }
}

impl Transport for Line {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        self.check()?;
        let result = self.memory.recv(buf, deadline);
        if let Ok(0) = result {
            self.check()?;
        }
        result
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.check()?;
        self.memory.try_recv(buf)
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.check()?;
        let length: usize = parts.iter().map(|part| part.len()).sum();
        if length > 1 && random(8) == 0 {
            let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
            let some = 1 + random(length as u64 - 1) as usize;
            return self.memory.try_send(&[IoSlice::new(&bytes[..some])]);
        }
        self.memory.try_send(parts)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        self.memory.poll(wanted, deadline)
    }

    fn input(&self, waker: &Waker) -> Input<'_> {
        if self.check().is_err() { Input::There } else { self.memory.input(waker) }
    }

    fn shutdown_write(&self) {
        self.memory.shutdown_write();
    }

    fn shutdown(&self) {
        self.memory.shutdown();
    }
}
