//! An encrypted stream over any other stream.
//!
//! The state of TLS (`session`) is under a lock that no system call is made under, so the thread
//! that reads and the thread that writes wait for each other only while the other one encrypts or
//! decrypts. Each direction of the stream below is used as the trait of all transports says: by one
//! thread at a time, and never blocking in a write.
//!
//! What the stream below does not take at once is kept here, and then the last byte of what was
//! encrypted is reported as not taken. The connection core therefore knows that it has to go on
//! writing, and waits for room, under its own deadlines, as it does without encryption. It passes
//! that byte again, which changes nothing: a frame of which a byte was passed keeps its first byte.

mod certificate;
mod faults;
mod halves;
mod session;
#[cfg(test)]
mod tests;

use std::io::{self, IoSlice};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use halves::Sending;
pub(crate) use session::{
    HANDSHAKE_OF_CLIENT, HANDSHAKE_OF_SERVER, HANDSHAKE_WITH_CERTIFICATES, Session,
};

use super::{End, Input, Ready, Shake, Transport};
use crate::identite::Identite;
use crate::sync::Deadline;

/// The stream below an encrypted one.
pub(crate) trait Below: Send + Sync {
    /// The stream.
    fn stream(&self) -> &dyn Transport;
}

impl Below for Arc<dyn Transport> {
    fn stream(&self) -> &dyn Transport {
        &**self
    }
}

/// An encrypted stream.
pub(crate) struct Secured<B> {
    below: B,
    session: Session,
}

impl<B: Below> Secured<B> {
    pub(crate) fn new(below: B, session: Session) -> Self {
        Secured { below, session }
    }

    /// The stream below.
    pub(crate) fn below(&self) -> &B {
        &self.below
    }

    /// This stream, over another value that holds the stream below.
    pub(crate) fn over<C>(self, change: impl FnOnce(B) -> C) -> Secured<C> {
        Secured { below: change(self.below), session: self.session }
    }

    /// How far the handshake has come.
    pub(crate) fn shake(&self) -> Shake {
        self.session.shake()
    }

    /// Shakes hands. Blocks until both sides agree, or until the deadline.
    pub(crate) fn shake_hands(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.session.shake_hands(self.below.stream(), deadline)
    }
}

impl<B: Below> Transport for Secured<B> {
    fn recv(&self, buf: &mut Vec<u8>, deadline: &mut Deadline) -> io::Result<usize> {
        let below = self.below.stream();
        self.session.receive(buf, below, |raw| below.recv(raw, deadline))
    }

    fn try_recv(&self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let below = self.below.stream();
        if self.session.is_broken() {
            return discard(below);
        }
        self.session.receive(buf, below, |raw| below.try_recv(raw))
    }

    fn try_send(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.session.send(parts, self.below.stream(), Sending::Now)
    }

    fn try_send_last(&self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.session.send(parts, self.below.stream(), Sending::Last)
    }

    fn poll(&self, wanted: Ready, deadline: Option<Instant>) -> io::Result<Ready> {
        let below = self.below.stream();
        if !wanted.readable || !self.session.is_readable() {
            return below.poll(wanted, deadline);
        }
        // What is decrypted already is there at once.
        let at_once = Some(crate::sync::now());
        let writable = wanted.writable
            && below.poll(Ready { readable: false, writable: true }, at_once)?.writable;
        Ok(Ready { readable: true, writable })
    }

    fn receives_in_steps(&self) -> bool {
        true
    }

    fn configure(&self, write_deadline: Duration) {
        self.below.stream().configure(write_deadline);
    }

    fn input(&self, waker: &Waker) -> Input<'_> {
        if self.session.is_readable() { Input::There } else { self.below.stream().input(waker) }
    }

    fn is_peer_gone(&self) -> Option<bool> {
        self.below.stream().is_peer_gone()
    }

    fn ends(&self) -> Option<[End; 2]> {
        self.below.stream().ends()
    }

    fn peer(&self) -> Identite {
        self.session.peer(self.below.stream().peer())
    }

    #[cfg(feature = "secret")]
    fn binding(&self) -> Option<[u8; 32]> {
        self.session.binding()
    }

    fn shutdown_write(&self) {
        self.session.say_farewell(self.below.stream());
        self.below.stream().shutdown_write();
    }

    fn shutdown(&self) {
        self.below.stream().shutdown();
    }

    fn close(&self) {
        self.below.stream().close();
    }
}

/// Reads and drops what a peer sends after a fault, until it ends its side: closing the stream
/// earlier could destroy, on its way, what tells the peer the reason.
fn discard(below: &dyn Transport) -> io::Result<usize> {
    let mut dropped = Vec::with_capacity(512);
    while below.try_recv(&mut dropped)? > 0 {
        dropped.clear();
    }
    Ok(0)
}
