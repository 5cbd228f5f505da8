//! A socket that is closed when its connection ends, not when the last handle is dropped.
//!
//! The program may keep a handle to an ended connection for as long as it likes, but the file
//! descriptor goes back to the system as soon as nothing more can arrive. A descriptor must not be
//! closed while a thread is inside a system call on it: another file may have taken its number by
//! then. So each call holds the stream, and after the end the last thread that leaves a call closes
//! it.

use std::io::{self, IoSlice};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, TryLockError};
use std::task::Waker;
use std::time::{Duration, Instant};

use super::{End, Input, Ready, Socket, Transport};
use crate::identite::Identite;
use crate::sync::{BorrowedFd, Deadline};

/// A socket that can be closed. After `close` every call behaves as at the end of a stream.
#[derive(Debug)]
pub(crate) struct Closing {
    /// `None` once closed. No thread ever waits for the write lock: it is only tried.
    stream: RwLock<Option<Arc<Socket>>>,
    /// Set by `close`; the stream goes as soon as no call holds it.
    over: AtomicBool,
}

impl Closing {
    pub(crate) fn new(stream: Socket) -> Self {
        Closing { stream: RwLock::new(Some(Arc::new(stream))), over: AtomicBool::new(false) }
    }

    /// Runs `call` with the stream; `None` once the stream is closed.
    #[inline]
    fn with<T>(&self, call: impl FnOnce(&Socket) -> T) -> Option<T> {
        let stream = self.stream.read().unwrap_or_else(PoisonError::into_inner);
        let result = stream.as_deref().map(call);
        drop(stream);
        // After `close` the last thread that leaves a call gives the descriptor back.
        if self.over.load(Ordering::SeqCst) {
            self.close_if_unused();
        }
        result
    }

    /// Closes the stream if no call holds it. A thread that is still inside a call comes here after
    /// it.
    #[cold]
    fn close_if_unused(&self) {
        let stream = match self.stream.try_write() {
            Ok(mut stream) => stream.take(),
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
            Err(TryLockError::WouldBlock) => None,
        };
        drop(stream);
    }
}

/// The socket, kept open by this guard.
struct Held<'a> {
    closing: &'a Closing,
    /// `Some` until the guard is dropped.
    stream: Option<RwLockReadGuard<'a, Option<Arc<Socket>>>>,
}

impl<'a> Held<'a> {
    /// Takes hold of the stream; `None` once it is closed.
    fn new(closing: &'a Closing) -> Option<Self> {
        let stream = closing.stream.read().unwrap_or_else(PoisonError::into_inner);
        stream.is_some().then_some(Held { closing, stream: Some(stream) })
    }
}

impl Held<'_> {
    #[expect(clippy::expect_used, reason = "it is held only where it is there, until dropped")]
    fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_ref().and_then(|stream| stream.as_ref()).expect("held until dropped").as_fd()
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Held<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket()
    }
}

#[cfg(windows)]
impl std::os::windows::io::AsSocket for Held<'_> {
    fn as_socket(&self) -> BorrowedFd<'_> {
        self.socket()
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.stream.take());
        if self.closing.over.load(Ordering::SeqCst) {
            self.closing.close_if_unused();
        }
    }
}

fn gone() -> io::Error {
    io::ErrorKind::BrokenPipe.into()
}

impl Transport for Closing {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        self.with(|stream| stream.recv(buf, deadline)).unwrap_or(Ok(0))
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        self.with(|stream| stream.try_recv(buf)).unwrap_or(Ok(0))
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(|stream| stream.try_send(parts)).unwrap_or_else(|| Err(gone()))
    }

    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.with(|stream| stream.try_send_last(parts)).unwrap_or_else(|| Err(gone()))
    }

    fn paddings(&self, before: usize, payload: &[u8], size: usize) -> usize {
        self.with(|stream| stream.paddings(before, payload, size)).unwrap_or(0)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        let both = Ready { readable: true, writable: true };
        self.with(|stream| stream.poll(wanted, deadline)).unwrap_or(Ok(both))
    }

    fn configure(&self, write_deadline: Duration) {
        self.with(|stream| stream.configure(write_deadline));
    }

    fn direct(&self) -> Option<Arc<dyn Transport>> {
        let stream = self.stream.read().unwrap_or_else(PoisonError::into_inner);
        stream.clone().map(|stream| stream as Arc<dyn Transport>)
    }

    fn input(&self, _: &Waker) -> Input<'_> {
        Held::new(self).map_or(Input::There, |held| Input::Polled(Box::new(held)))
    }

    fn is_peer_gone(&self) -> Option<bool> {
        self.with(Transport::is_peer_gone).unwrap_or(Some(true))
    }

    fn ends(&self) -> Option<[End; 2]> {
        self.with(Transport::ends).flatten()
    }

    fn peer(&self) -> Identite {
        self.with(Transport::peer).unwrap_or_default()
    }

    fn binding(&self) -> Option<[u8; 32]> {
        self.with(Transport::binding).flatten()
    }

    fn shutdown_write(&self) {
        self.with(Transport::shutdown_write);
    }

    fn shutdown(&self) {
        self.with(Transport::shutdown);
    }

    fn close(&self) {
        self.over.store(true, Ordering::SeqCst);
        // A thread that is blocked in a call returns from it now, and `with` closes the stream
        // after it.
        self.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::thread;
    use std::time::Duration;

    use super::*;

    fn pair() -> (Arc<Closing>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hers = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Arc::new(Closing::new(Socket::new(listener.accept().unwrap().0))), hers)
    }

    fn is_closed(stream: &Closing) -> bool {
        stream.stream.read().unwrap().is_none()
    }

    #[test]
    fn a_closed_connection_ends_the_stream() {
        let (stream, _hers) = pair();
        assert!(!is_closed(&stream));
        (0..2).for_each(|_| stream.close());
        assert!(is_closed(&stream));
        let mut buf = Vec::with_capacity(8);
        assert_eq!(stream.recv(&mut buf, &mut Deadline::Never).unwrap(), 0);
        assert_eq!(stream.try_recv(&mut buf).unwrap(), 0);
        let sent = stream.try_send(&[IoSlice::new(b"x")]).unwrap_err();
        assert_eq!(sent.kind(), io::ErrorKind::BrokenPipe);
        assert!(stream.poll(Ready { readable: true, writable: false }, None).unwrap().readable);
        stream.shutdown();
        stream.shutdown_write();
    }

    #[test]
    fn a_close_inside_a_call_happens_after_that_call() {
        for reads in [true, false, true, false] {
            let (stream, _hers) = pair();
            let (inside, start) = (stream.clone(), Instant::now());
            let blocked = thread::spawn(move || {
                if reads {
                    let mut buf = Vec::with_capacity(8);
                    assert_eq!(inside.recv(&mut buf, &mut Deadline::Never).unwrap(), 0);
                } else {
                    let wanted = Ready { readable: true, writable: false };
                    assert!(inside.poll(wanted, None).unwrap().readable);
                }
            });
            thread::sleep(Duration::from_millis(5));
            stream.close();
            blocked.join().unwrap();
            assert!(is_closed(&stream) && start.elapsed() < Duration::from_secs(5));
        }
    }
}
