//! The two halves of an encrypted stream's bytes: those that came, and those that wait to be sent.

use std::io::{self, IoSlice};

use crate::transport::Transport;

/// Room for encrypted bytes of a stream on which little comes, and of one on which much comes.
const SMALL_READ: usize = 4 << 10;
const LARGE_READ: usize = 64 << 10;

/// The largest buffer that a stream keeps, in bytes.
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
            self.raw = Vec::new();
        }
        Ok(())
    }
}
