//! The stream to a child process: where the child has crashed, the end of the stream says how.

use std::io::{self, ErrorKind, IoSlice};
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{Closing, End, Input, Ready, Transport};
use crate::identite::Identite;
use crate::sync::{Condvar, Deadline, Mutex};

/// How long a thread that has found the end of the stream waits to learn how the child ended: the
/// system ends a process's streams a moment before it reports the process, and the thread that hears
/// of it may be late on a busy machine. Only a child that ends its stream and lives on takes as long.
const LEARN: Duration = Duration::from_secs(1);

/// Like `LEARN`, for a thread that must not wait.
const GLANCE: Duration = Duration::from_millis(10);

/// How a child process ended, once it has.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) pid: u32,
    status: Mutex<Option<ExitStatus>>,
    ended: Condvar,
}

impl Exit {
    #[inline]
    pub(crate) fn of(pid: u32) -> Self {
        Exit { pid, status: Mutex::new(None), ended: Condvar::new() }
    }

    #[inline]
    pub(crate) fn tell(&self, status: ExitStatus) {
        *self.status.lock() = Some(status);
        self.ended.notify_all();
    }

    /// How the child ended; waits for that until `deadline`, without one for ever.
    #[inline]
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<ExitStatus> {
        let mut status = self.status.lock();
        while status.is_none() && deadline.is_none_or(|deadline| Instant::now() < deadline) {
            status = self.ended.wait(status, deadline);
        }
        *status
    }
}

/// The stream to a child process.
pub(crate) struct ChildStream {
    stream: Closing,
    exit: Arc<Exit>,
    /// This side has ended the stream, so its end is no news.
    over: AtomicBool,
    /// Something has come from the child.
    spoke: AtomicBool,
}

impl ChildStream {
    #[inline]
    pub(crate) fn new(stream: Closing, exit: Arc<Exit>) -> Self {
        ChildStream { stream, exit, over: AtomicBool::new(false), spoke: AtomicBool::new(false) }
    }

    /// The result of a receive; says how the child ended where that is why the stream has.
    #[inline]
    fn explained(&self, result: io::Result<usize>, patience: Duration) -> io::Result<usize> {
        let has_ended = match &result {
            Ok(0) => true,
            Ok(_) => {
                self.spoke.store(true, Ordering::Relaxed);
                false
            }
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        };
        if !has_ended || self.over.load(Ordering::SeqCst) {
            return result;
        }
        match self.exit.wait(Instant::now().checked_add(patience)) {
            Some(status) if status.success() && !self.spoke.load(Ordering::Relaxed) => {
                Err(io::Error::other(format!(
                    "the child process {} has ended without a word ({status}); does it call \
                     `Serveur::depuis_parent`?",
                    self.exit.pid
                )))
            }
            Some(status) => Err(io::Error::other(format!(
                "the child process {} has ended: {status}",
                self.exit.pid
            ))),
            None => result,
        }
    }

    #[inline]
    fn end(&self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

impl Transport for ChildStream {
    #[inline]
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        self.explained(self.stream.recv(buf, deadline), LEARN)
    }

    #[inline]
    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.explained(self.stream.try_recv(buf), GLANCE)
    }

    #[inline]
    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let sent = self.stream.try_send(parts);
        // A write may find the end first, and its reason is the one that is told.
        if sent.as_ref().is_err_and(|error| error.kind() != ErrorKind::WouldBlock) {
            return self.explained(sent, LEARN);
        }
        sent
    }

    #[inline]
    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.stream.try_send_last(parts)
    }

    #[inline]
    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        self.stream.poll(wanted, deadline)
    }

    #[inline]
    fn configure(&self, write_deadline: Duration) {
        self.stream.configure(write_deadline);
    }

    #[inline]
    fn input(&self, waker: &Waker) -> Input<'_> {
        self.stream.input(waker)
    }

    #[inline]
    fn is_peer_gone(&self) -> Option<bool> {
        self.stream.is_peer_gone()
    }

    #[inline]
    fn ends(&self) -> Option<[End; 2]> {
        self.stream.ends()
    }

    #[inline]
    fn peer(&self) -> Identite {
        self.stream.peer()
    }

    #[inline]
    fn shutdown_write(&self) {
        self.end();
        self.stream.shutdown_write();
    }

    #[inline]
    fn shutdown(&self) {
        self.end();
        self.stream.shutdown();
    }

    #[inline]
    fn close(&self) {
        self.end();
        self.stream.close();
    }
}
