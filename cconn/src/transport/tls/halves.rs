//! The two halves of an encrypted stream's bytes: those that came, and those that wait to be sent.

use std::io::{self, IoSlice, Write};

use rustls::Connection;

use crate::copy;
use crate::transport::Transport;

/// The most payload of one record, in bytes. While the stream below is full now and then, one record
/// is encrypted for each write, so that the time without progress stays short.
pub(super) const RECORD: usize = 16 << 10;

/// The most bytes that are encrypted for one write otherwise: a payload of 64 KiB and the head of
/// its frame, so that both go in one write.
pub(super) const LARGEST_WRITE: usize = (64 << 10) + (1 << 10);

/// The most bytes that encryption adds to a record: its head (5), the nonce of TLS 1.2 (8) and a
/// tag (16), rounded up.
const AROUND_RECORD: usize = 32;

/// Room for encrypted bytes of a stream on which little comes, and of one on which much comes.
const SMALL_READ: usize = 4 << 10;
const LARGE_READ: usize = 64 << 10;

/// The largest buffer that a stream keeps, in bytes. A larger one is a thread's spare buffer, and
/// goes to the thread that has sent its last bytes (see `copy`).
const KEPT: usize = 20 << 10;

/// Encrypted bytes that have come.
#[derive(Default)]
pub(super) struct Incoming {
    pub(super) raw: Vec<u8>,
    /// Bytes of `raw` that TLS has taken.
    pub(super) taken: usize,
    /// All that TLS has taken of this stream, in bytes.
    pub(super) before: usize,
    pub(super) is_large: bool,
}

/// Encrypted bytes that the stream below has not taken yet.
#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) raw: Vec<u8>,
    /// Bytes of `raw` that were sent.
    pub(super) sent: usize,
    /// The last byte that is encrypted in `raw` was reported as not taken, and comes again.
    pub(super) owes_byte: bool,
    /// How much is encrypted for one write.
    pub(super) share: usize,
}

/// How the stream below is to send.
#[derive(Clone, Copy)]
pub(super) enum Sending {
    Now,
    /// The end of the stream follows at once.
    Last,
}

impl Sending {
    pub(super) fn send(self, below: &dyn Transport, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Sending::Now => below.try_send(parts),
            Sending::Last => below.try_send_last(parts),
        }
    }
}

impl Incoming {
    pub(super) fn is_empty(&self) -> bool {
        self.taken >= self.raw.len()
    }

    pub(super) fn rest(&self) -> &[u8] {
        self.raw.get(self.taken..).unwrap_or(&[])
    }

    /// Makes room for a read. Everything that came before was taken.
    pub(super) fn make_room(&mut self) {
        self.raw.clear();
        self.taken = 0;
        let wanted = if self.is_large { LARGE_READ } else { SMALL_READ };
        if self.raw.capacity() < wanted {
            self.raw.reserve_exact(wanted);
        } else if self.raw.capacity() > wanted {
            self.raw = Vec::with_capacity(wanted);
        }
    }
}

impl Outgoing {
    /// Makes room for `bytes` bytes that are about to be encrypted, for all of their records at
    /// once: a buffer that grows record by record is copied each time.
    pub(super) fn make_room(&mut self, bytes: usize) {
        let records = (bytes / RECORD).saturating_add(1);
        let wanted = bytes.saturating_add(records.saturating_mul(AROUND_RECORD));
        if !self.raw.is_empty() {
            return self.raw.reserve(wanted);
        }
        if wanted > KEPT {
            self.raw = copy::take_spare();
        }
        self.raw.reserve(wanted.saturating_add(copy::LEAD));
        self.sent = copy::lead(&self.raw);
        self.raw.resize(self.sent, 0);
    }

    /// Appends what `tls` has encrypted.
    pub(super) fn take(&mut self, tls: &mut Connection) -> io::Result<()> {
        while tls.wants_write() {
            tls.write_tls(&mut Behind(&mut self.raw))?;
        }
        Ok(())
    }

    /// Sends what is encrypted. `WouldBlock` if not all of it was taken.
    pub(super) fn flush(&mut self, below: &dyn Transport, how: Sending) -> io::Result<()> {
        loop {
            let rest = self.raw.get(self.sent..).unwrap_or(&[]);
            if rest.is_empty() {
                break;
            }
            self.sent = self.sent.saturating_add(how.send(below, &[IoSlice::new(rest)])?);
        }
        self.sent = 0;
        self.raw.clear();
        if self.raw.capacity() > KEPT {
            // The thread often sends further large bytes; if it does not, it frees the buffer
            // later.
            copy::keep_spare(std::mem::take(&mut self.raw));
        }
        Ok(())
    }
}

/// Appends to a buffer what is written.
struct Behind<'a>(&'a mut Vec<u8>);

impl Write for Behind<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        copy::append(self.0, bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
