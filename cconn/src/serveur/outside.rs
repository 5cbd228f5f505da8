//! Those who stand outside: who waits for a place, and who was refused and still reads why.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::transport::{Tcp, Transport};

/// How long a refused newcomer may take to read why.
const REFUSED_LINGER: Duration = Duration::from_secs(1);

/// How often those who were refused are looked at.
const SWEEP: Duration = Duration::from_millis(10);

/// Refused newcomers kept at most; the oldest goes first.
const MAX_REFUSED: usize = 64;

/// Newcomers that wait for a place at most; who comes then is refused.
pub(super) const MAX_WAITING: usize = 64;

/// One that has been accepted and is no client yet.
pub(super) struct Newcomer {
    pub(super) io: Tcp,
    pub(super) address: SocketAddr,
}

/// Newcomers that stand outside, oldest first.
#[derive(Default)]
pub(super) struct Outside {
    /// They wait for a place, until then.
    waiting: VecDeque<(Newcomer, Instant)>,
    /// They were refused, and are still reading why until then.
    refused: VecDeque<(Tcp, Instant)>,
}

impl Outside {
    /// One that waits for a place until then. Comes back where too many do.
    pub(super) fn queue_up(&mut self, newcomer: Newcomer, until: Instant) -> Result<(), Newcomer> {
        if self.waiting.len() >= MAX_WAITING {
            return Err(newcomer);
        }
        self.waiting.push_back((newcomer, until));
        Ok(())
    }

    /// Until when the first of those who wait does so; `None` where nobody waits.
    pub(super) fn first_until(&self) -> Option<Instant> {
        self.waiting.front().map(|(_, until)| *until)
    }

    /// Takes the first of those who wait.
    pub(super) fn take_first(&mut self) -> Option<Newcomer> {
        self.waiting.pop_front().map(|(newcomer, _)| newcomer)
    }

    /// One that was told why it can't come in.
    pub(super) fn push_refused(&mut self, io: Tcp) {
        io.shutdown_write();
        if self.refused.len() >= MAX_REFUSED {
            self.refused.pop_front();
        }
        self.refused.push_back((io, Instant::now() + REFUSED_LINGER));
    }

    /// Lets go of those who have read it or took too long: closing before they have read would
    /// reset the connection, and they would never know. Returns when to look again.
    pub(super) fn sweep(&mut self) -> Option<Duration> {
        let now = Instant::now();
        self.refused.retain(|(io, until)| *until > now && !has_ended(io));
        let refused = (!self.refused.is_empty()).then_some(SWEEP);
        let waiting = self.first_until().map(|until| until.saturating_duration_since(now));
        refused.into_iter().chain(waiting).min()
    }
}

fn has_ended(io: &Tcp) -> bool {
    let mut buf = Vec::with_capacity(512);
    match io.try_recv(&mut buf) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}
