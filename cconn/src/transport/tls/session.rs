//! The state of one encrypted stream: what is decrypted, what is encrypted and not sent yet.

use std::io::{self, BufRead, IoSlice, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustls::Connection;

use super::certificate::certificate;
use super::faults::{fault_of, not_tls};
use super::halves::{Incoming, LARGEST_WRITE, Outgoing, RECORD, Sending};
use crate::copy;
use crate::identite::Identite;
use crate::sync::{Mutex, MutexGuard};
use crate::transport::fault::{NatureTls, TlsFault};
use crate::transport::{Ready, Shake, Transport};

/// The most bytes that a client may send before its handshake is done.
pub(crate) const HANDSHAKE_OF_CLIENT: usize = 8 << 10;

/// The bound of a client that is asked for its certificates, which take a few thousand bytes.
pub(crate) const HANDSHAKE_WITH_CERTIFICATES: usize = 16 << 10;

/// The bound of a server: several of the largest records of TLS.
pub(crate) const HANDSHAKE_OF_SERVER: usize = 64 << 10;

/// The most pieces of one write.
const PIECES: usize = 18;

/// The state of one encrypted stream.
pub(crate) struct Session {
    /// The keys and buffers. Locked for computing only, never during a system call. `outgoing` is
    /// locked before it, never behind it.
    tls: Mutex<Connection>,
    /// Locked by the thread that receives.
    incoming: Mutex<Incoming>,
    /// Locked by the thread that sends; it makes system calls meanwhile, which never block.
    outgoing: Mutex<Outgoing>,
    /// The thread that receives has found that TLS itself has something to send.
    has_notes: AtomicBool,
    /// Bytes are here that `receive` returns without the stream below.
    is_readable: AtomicBool,
    /// The stream is of no more use.
    is_broken: AtomicBool,
    /// The peer speaks no TLS; it can be told so in plain words.
    is_plain: AtomicBool,
    /// The most bytes that the other side may send before its handshake is done.
    longest: usize,
}

impl Session {
    /// A stream on which the other side may send `longest` bytes before its handshake is done.
    pub(crate) fn new(mut tls: Connection, longest: usize) -> Self {
        // Each share is taken out as soon as it is encrypted, so no limit is needed.
        tls.set_buffer_limit(None);
        Session {
            tls: Mutex::new(tls),
            incoming: Mutex::default(),
            outgoing: Mutex::new(Outgoing { share: LARGEST_WRITE, ..Outgoing::default() }),
            has_notes: AtomicBool::new(false),
            is_readable: AtomicBool::new(false),
            is_broken: AtomicBool::new(false),
            is_plain: AtomicBool::new(false),
            longest,
        }
    }

    pub(super) fn is_readable(&self) -> bool {
        self.is_readable.load(Ordering::SeqCst)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::SeqCst)
    }

    /// How far the handshake has come.
    pub(super) fn shake(&self) -> Shake {
        let has_begun = self.incoming.lock().before > 0;
        match self.tls.lock().is_handshaking() {
            false => Shake::Done,
            true if has_begun => Shake::Begun,
            true => Shake::Nothing,
        }
    }

    /// Receives decrypted bytes into the room of `buf`; `receive` receives encrypted ones.
    pub(super) fn receive(
        &self,
        buf: &mut Vec<u8>,
        below: &dyn Transport,
        mut receive: impl FnMut(&mut Vec<u8>) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let mut incoming = self.incoming.lock();
        if self.is_broken() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        loop {
            if let Some(n) = self.decrypt(&mut incoming, buf, below)? {
                return Ok(n);
            }
            incoming.make_room();
            let n = receive(&mut incoming.raw)?;
            incoming.is_large = n >= incoming.raw.capacity();
            if n == 0 {
                return self.end();
            }
        }
    }

    // [tls.farewell]
    /// The end of the stream below: an end of this stream too only if the peer has said farewell.
    fn end(&self) -> io::Result<usize> {
        let mut tls = self.tls.lock();
        let was_told = tls.read_tls(&mut io::empty()).is_ok()
            && tls.process_new_packets().is_ok_and(|state| state.peer_has_closed());
        if was_told {
            return Ok(0);
        }
        if tls.is_handshaking() {
            // As without encryption: the caller names what it waited for.
            return Ok(0);
        }
        let text = "the stream ended without the farewell of TLS, so it may have been cut short";
        Err(TlsFault::new(NatureTls::Tronque, text).into())
    }

    /// Takes decrypted bytes, and decrypts what has come until `buf` is full. `None` if nothing is
    /// there.
    fn decrypt(
        &self,
        incoming: &mut Incoming,
        buf: &mut Vec<u8>,
        below: &dyn Transport,
    ) -> io::Result<Option<usize>> {
        let before = buf.len();
        let mut tls = self.tls.lock();
        let result = self.fill(&mut tls, incoming, buf);
        let (wants_write, is_handshaking) = (tls.wants_write(), tls.is_handshaking());
        let has_more = !incoming.is_empty() || tls.reader().fill_buf().is_ok_and(|b| !b.is_empty());
        drop(tls);
        self.is_readable.store(has_more && result.is_ok(), Ordering::SeqCst);
        if wants_write {
            self.pass_notes(below);
        }
        match result {
            Err(error) => {
                self.is_broken.store(true, Ordering::SeqCst);
                Err(error)
            }
            Ok(_) if buf.len() > before => Ok(Some(buf.len().saturating_sub(before))),
            Ok(true) => Ok(Some(0)),
            Ok(false) => {
                if is_handshaking {
                    self.check_length(incoming)?;
                }
                Ok(None)
            }
        }
    }

    /// Decrypts into the room of `buf`. True if the peer has said farewell.
    fn fill(
        &self,
        tls: &mut Connection,
        incoming: &mut Incoming,
        buf: &mut Vec<u8>,
    ) -> io::Result<bool> {
        loop {
            loop {
                let room = buf.capacity().saturating_sub(buf.len());
                let mut reader = tls.reader();
                let n = match reader.fill_buf() {
                    Ok([]) => return Ok(true),
                    Ok(plain) => {
                        let some = plain.get(..plain.len().min(room)).unwrap_or(plain);
                        copy::append(buf, some);
                        some.len()
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => return Err(error),
                };
                reader.consume(n);
                if n == room {
                    return Ok(false);
                }
            }
            if incoming.is_empty() {
                return Ok(false);
            }
            self.check_first(tls, incoming)?;
            let n = tls.read_tls(&mut incoming.rest())?;
            if n == 0 {
                return Err(io::ErrorKind::InvalidData.into());
            }
            incoming.taken = incoming.taken.saturating_add(n);
            incoming.before = incoming.before.saturating_add(n);
            if let Err(error) = tls.process_new_packets() {
                return Err(fault_of(&error).into());
            }
        }
    }

    /// Finds out a peer that speaks no TLS by its first bytes.
    // [tls.first] [tls.plain]
    fn check_first(&self, tls: &Connection, incoming: &Incoming) -> io::Result<()> {
        if incoming.before > 0 || !tls.is_handshaking() {
            return Ok(());
        }
        let rest = incoming.rest();
        // A first record is one of the handshake, or an alert.
        if !matches!(rest.first(), Some(0x15 | 0x16)) {
            self.is_plain.store(true, Ordering::SeqCst);
            let is_client = matches!(tls, Connection::Client(_));
            return Err(not_tls(rest, is_client).into());
        }
        Ok(())
    }

    /// Refuses a handshake that grows without end.
    // [tls.bound]
    fn check_length(&self, incoming: &Incoming) -> io::Result<()> {
        let most = self.longest;
        if incoming.before <= most {
            return Ok(());
        }
        self.is_broken.store(true, Ordering::SeqCst);
        let text = format!("the other side's handshake is longer than {most} bytes");
        Err(TlsFault::new(NatureTls::Autre, text).into())
    }

    /// Encrypts and sends the first part of what `parts` hold.
    pub(super) fn send(
        &self,
        parts: &[IoSlice<'_>],
        below: &dyn Transport,
        how: Sending,
    ) -> io::Result<usize> {
        if self.is_plain.load(Ordering::SeqCst) {
            // The one thing that is ever sent to such a peer is a greeting that refuses it.
            return how.send(below, parts);
        }
        let mut outgoing = self.outgoing.lock();
        let result = self.encrypt_and_send(&mut outgoing, parts, below, how);
        drop(outgoing);
        if self.has_notes.load(Ordering::SeqCst) {
            // The thread that receives has left them while this thread had the lock.
            self.pass_notes(below);
        }
        result
    }

    fn encrypt_and_send(
        &self,
        outgoing: &mut Outgoing,
        parts: &[IoSlice<'_>],
        below: &dyn Transport,
        how: Sending,
    ) -> io::Result<usize> {
        outgoing.flush(below, how)?;
        let again = usize::from(std::mem::take(&mut outgoing.owes_byte));
        let share = outgoing.share;
        let new = self.encrypt(outgoing, parts, again, share)?;
        let all = again.saturating_add(new);
        match outgoing.flush(below, how) {
            Ok(()) => {
                outgoing.share = share.saturating_mul(2).min(LARGEST_WRITE);
                Ok(all)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                outgoing.share = RECORD;
                // Nothing is owed for a byte that came again: its record is out.
                outgoing.owes_byte = new > 0;
                match all.saturating_sub(usize::from(new > 0)) {
                    0 => Err(error),
                    taken => Ok(taken),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Encrypts at most `most` bytes of `parts` behind the first `skipped` ones. Returns how many.
    fn encrypt(
        &self,
        outgoing: &mut Outgoing,
        parts: &[IoSlice<'_>],
        skipped: usize,
        most: usize,
    ) -> io::Result<usize> {
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let (mut skip, mut room, mut used) = (skipped, most, 0_usize);
        for part in parts {
            let from = skip.min(part.len());
            skip = skip.saturating_sub(from);
            let rest = part.get(from..).unwrap_or(&[]);
            let piece = rest.get(..rest.len().min(room)).unwrap_or(rest);
            let Some(place) = pieces.get_mut(used) else { break };
            if !piece.is_empty() {
                *place = IoSlice::new(piece);
                used = used.saturating_add(1);
                room = room.saturating_sub(piece.len());
            }
        }
        let mut tls = self.tls.lock();
        if tls.is_handshaking() {
            return Err(io::ErrorKind::NotConnected.into());
        }
        let pieces = pieces.get(..used).unwrap_or(&[]);
        let n = if pieces.is_empty() { 0 } else { tls.writer().write_vectored(pieces)? };
        outgoing.make_room(n);
        outgoing.take(&mut tls)?;
        Ok(n)
    }

    /// Sends what TLS itself has to say: the handshake, new keys, alerts. Does not wait. If another
    /// thread sends just now, it does this too, behind its own bytes.
    fn pass_notes(&self, below: &dyn Transport) {
        self.has_notes.store(true, Ordering::SeqCst);
        while self.has_notes.load(Ordering::SeqCst) {
            // A thread that has the lock looks at the mark after it has given the lock up.
            let Some(mut outgoing) = self.outgoing.try_lock() else { return };
            self.has_notes.store(false, Ordering::SeqCst);
            let taken = outgoing.take(&mut self.tls.lock());
            // What the stream below does not take now goes with what is sent next, and before it.
            let _later = taken.and_then(|()| outgoing.flush(below, Sending::Now));
        }
    }

    /// Shakes hands. Blocks until both sides agree, or until the deadline.
    pub(super) fn shake_hands(
        &self,
        below: &dyn Transport,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let mut incoming = self.incoming.lock();
        // The first flight of a client waits to be sent.
        self.pass_notes(below);
        let mut nothing = Vec::new();
        while self.tls.lock().is_handshaking() {
            self.wait_until_sent(below, deadline)?;
            incoming.make_room();
            if below.recv(&mut incoming.raw, &mut deadline.into())? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.decrypt(&mut incoming, &mut nothing, below)?;
        }
        self.wait_until_sent(below, deadline)
    }

    fn wait_until_sent(&self, below: &dyn Transport, deadline: Option<Instant>) -> io::Result<()> {
        let mut outgoing: MutexGuard<'_, Outgoing> = self.outgoing.lock();
        while let Err(error) = outgoing.flush(below, Sending::Now) {
            if error.kind() != io::ErrorKind::WouldBlock {
                return Err(error);
            }
            let wanted = Ready { readable: false, writable: true };
            if !below.poll(wanted, deadline)?.writable {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// Says farewell, as far as the stream below takes it now.
    pub(super) fn say_farewell(&self, below: &dyn Transport) {
        let mut outgoing = self.outgoing.lock();
        let mut tls = self.tls.lock();
        if tls.is_handshaking() {
            return;
        }
        tls.send_close_notify();
        let taken = outgoing.take(&mut tls);
        drop(tls);
        let _too_full = taken.and_then(|()| outgoing.flush(below, Sending::Last));
    }

    /// The peer's identity, beside what the stream below proves.
    pub(super) fn peer(&self, below: Identite) -> Identite {
        let tls = self.tls.lock();
        match tls.peer_certificates().and_then(certificate) {
            Some(certificate) => below.with_certificate(certificate),
            None => below,
        }
    }

    /// A value that both ends of this stream know, and nobody else.
    #[cfg(feature = "secret")]
    pub(super) fn binding(&self) -> Option<[u8; 32]> {
        let label = b"EXPORTER-cconn-auth";
        self.tls.lock().export_keying_material([0; 32], label, None).ok()
    }

    /// Changes the keys of what this side sends, and asks the peer to change its own.
    #[cfg(test)]
    pub(crate) fn refresh(&self, below: &dyn Transport) {
        self.tls.lock().refresh_traffic_keys().unwrap();
        self.pass_notes(below);
    }
}
