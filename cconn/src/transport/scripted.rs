//! A transport that misbehaves as a script tells it to, for tests of the layers above.
//!
//! It wraps another transport. A seed decides which calls move only a few bytes or find nothing
//! ready; from the n-th call on every call fails.

use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{Input, Ready, Transport};
use crate::sync::Deadline;

/// What goes wrong, and when.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Script {
    /// Seed of the short reads and writes; 0 for none.
    pub(crate) seed: u64,
    /// Number of the first call that fails, counted from 1; every later call fails too. 0 if none
    /// fails.
    pub(crate) fails_at: usize,
    /// Bytes that may be written before the stream breaks; `None` if it never breaks.
    pub(crate) cut_at: Option<usize>,
    /// Bytes that may be written before every further write finds the stream full, though not
    /// broken.
    pub(crate) stuck_at: Option<usize>,
    /// How many paddings are asked for before a large frame.
    pub(crate) paddings: usize,
}

/// A transport that follows a `Script`.
pub(crate) struct Scripted<T> {
    inner: T,
    script: Script,
    state: AtomicU64,
    calls: AtomicUsize,
    written: AtomicUsize,
}

impl<T: Transport> Scripted<T> {
    pub(crate) fn new(inner: T, script: Script) -> Self {
        let state = AtomicU64::new(script.seed);
        Scripted { inner, script, state, calls: AtomicUsize::new(0), written: AtomicUsize::new(0) }
    }

    /// Counts a call; fails it if the script says so.
    fn call(&self) -> io::Result<()> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if self.script.fails_at > 0 && call >= self.script.fails_at {
            self.inner.shutdown();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }

    /// A number below `limit`, drawn from the seed (xorshift, Marsaglia 2003).
    fn below(&self, limit: u64) -> u64 {
        let mut x = self.state.load(Ordering::Relaxed);
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.state.store(x, Ordering::Relaxed);
        x % limit
    }

    fn is_short(&self) -> bool {
        self.script.seed != 0 && self.below(2) == 0
    }

    /// Receives at most seven bytes if the seed says so, through a small buffer; else as `recv`
    /// does.
    fn short(
        &self,
        buf: &mut Vec<u8>,
        recv: impl FnOnce(&mut Vec<u8>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if !self.is_short() {
            return recv(buf);
        }
        let room = buf.capacity().saturating_sub(buf.len());
        let size = usize::try_from(self.below(7)).unwrap_or(0).saturating_add(1).min(room);
        let mut few = Vec::with_capacity(size);
        let n = recv(&mut few)?;
        buf.extend_from_slice(&few);
        Ok(n)
    }

    /// How many of `wanted` bytes may be written now.
    fn allowed(&self, wanted: usize) -> io::Result<usize> {
        let written = self.written.load(Ordering::Relaxed);
        let mut most = wanted;
        if let Some(cut) = self.script.cut_at {
            most = most.min(cut.saturating_sub(written));
            if most == 0 {
                self.inner.shutdown();
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        if let Some(stuck) = self.script.stuck_at {
            most = most.min(stuck.saturating_sub(written));
        }
        if self.is_short() {
            most = most.min(usize::try_from(self.below(5)).unwrap_or(0));
        }
        if most == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(most) }
    }

    fn is_stuck(&self) -> bool {
        self.script.stuck_at.is_some_and(|stuck| self.written.load(Ordering::Relaxed) >= stuck)
    }
}

impl<T: Transport> Transport for Scripted<T> {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        self.call()?;
        self.short(buf, |buf| self.inner.recv(buf, deadline))
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.call()?;
        self.short(buf, |buf| self.inner.try_recv(buf))
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.call()?;
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let most = self.allowed(bytes.len())?;
        let n = self.inner.try_send(&[IoSlice::new(bytes.get(..most).unwrap_or(&[]))])?;
        self.written.fetch_add(n, Ordering::Relaxed);
        Ok(n)
    }

    fn paddings(&self, _: usize, _: &[u8], _: usize) -> usize {
        self.script.paddings
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        self.call()?;
        let writable = wanted.writable && !self.is_stuck();
        self.inner.poll(Ready { writable, ..wanted }, deadline)
    }

    fn configure(&self, write_deadline: Duration) {
        self.inner.configure(write_deadline);
    }

    fn input(&self, waker: &Waker) -> Input<'_> {
        self.inner.input(waker)
    }

    fn shutdown_write(&self) {
        self.inner.shutdown_write();
    }

    fn shutdown(&self) {
        self.inner.shutdown();
    }
}
