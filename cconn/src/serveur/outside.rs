//! Those who stand outside: who has not greeted yet, and who was refused and still reads why.
//!
//! A place, and a thread, are for those who have greeted. Whoever only connects is a stranger:
//! there is room for a number of them, and where it is full the one goes that has been silent for
//! longest.

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::Serveur;
use crate::handshake::{self, Greeted, HandshakeError};
use crate::transport::{Tcp, Transport};
use crate::wire::Refusal;

/// How long a refused newcomer may take to read why.
const REFUSED_LINGER: Duration = Duration::from_secs(1);

/// How often those who were refused are looked at.
const SWEEP: Duration = Duration::from_millis(10);

/// Refused newcomers kept at most; the oldest goes first.
const MAX_REFUSED: usize = 64;

/// Strangers at most. Each takes a descriptor and nothing else.
pub(super) const MAX_STRANGERS: usize = 128;

/// One that has been accepted and has not greeted yet.
struct Stranger {
    io: Tcp,
    address: SocketAddr,
    /// What it has said of its greeting.
    said: Vec<u8>,
    until: Option<Instant>,
}

/// One that has greeted, and is no client yet.
pub(super) struct Guest {
    pub(super) io: Tcp,
    pub(super) address: SocketAddr,
    pub(super) greeted: Greeted,
}

/// Newcomers that stand outside, oldest first.
#[derive(Default)]
pub(super) struct Outside {
    strangers: VecDeque<Stranger>,
    /// They were refused, and are still reading why until then.
    refused: VecDeque<(Tcp, Instant)>,
}

/// What is to be seen at the door.
pub(super) enum Seen {
    Nothing,
    Guest(Guest),
    /// An `accept` that failed for want of something.
    Trouble,
}

impl Outside {
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
    fn sweep(&mut self, now: Instant) -> Option<Duration> {
        self.refused.retain(|(io, until)| *until > now && !has_ended(io));
        let refused = (!self.refused.is_empty()).then_some(SWEEP);
        let late = self.strangers.iter().filter_map(|stranger| stranger.until).min();
        let late = late.map(|until| until.saturating_duration_since(now));
        refused.into_iter().chain(late).min()
    }

    /// Takes a stranger out whose time is over.
    fn take_late(&mut self, now: Instant) -> Option<Stranger> {
        let late = |stranger: &Stranger| stranger.until.is_some_and(|until| until <= now);
        let at = self.strangers.iter().position(late)?;
        self.strangers.remove(at)
    }
}

impl Serveur {
    /// Waits at the door, at most for that long: for a newcomer, for a stranger to greet, or for
    /// the bell. Whoever stands here is alone.
    pub(super) fn look_outside(
        &self,
        listener: Option<&TcpListener>,
        outside: &mut Outside,
        pause: Option<Duration>,
    ) -> Seen {
        let now = Instant::now();
        while let Some(mut late) = outside.take_late(now) {
            // What came while this process was stopped is there, and nobody is late.
            match handshake::hear_greeting(&late.io, &mut late.said) {
                Some(heard) => return self.judge(late, heard, outside),
                None => self.turn_away(late, HandshakeError::Late, Refusal::Accepted, outside),
            }
        }
        let pause = pause.into_iter().chain(outside.sweep(now)).min();
        let strangers = outside.strangers.iter().map(|stranger| &stranger.io);
        let (knocks, spoke) = self.shared.door.wait(listener, strangers, pause);
        for at in spoke {
            if let Some(mut stranger) = outside.strangers.remove(at) {
                match handshake::hear_greeting(&stranger.io, &mut stranger.said) {
                    // Places in the row count from the front: this one has its own again.
                    None => outside.strangers.insert(at, stranger),
                    Some(heard) => return self.judge(stranger, heard, outside),
                }
            }
        }
        match listener.filter(|_| knocks).map(TcpListener::accept) {
            Some(Ok((stream, address))) => self.meet(stream, address, outside),
            Some(Err(error)) => match error.kind() {
                io::ErrorKind::WouldBlock
                | io::ErrorKind::Interrupted
                | io::ErrorKind::ConnectionAborted => Seen::Nothing,
                _ => {
                    // A stranger may hold what is wanting.
                    outside.strangers.pop_front();
                    Seen::Trouble
                }
            },
            None => Seen::Nothing,
        }
    }

    /// One that has just been accepted: most have greeted already.
    fn meet(&self, stream: TcpStream, address: SocketAddr, outside: &mut Outside) -> Seen {
        let settings = &self.shared.options.settings;
        let io = Tcp::accepted(stream, settings.limits.write_deadline);
        let until = Instant::now().checked_add(settings.greeting_deadline);
        let mut stranger = Stranger { io, address, said: Vec::new(), until };
        if let Some(heard) = handshake::hear_greeting(&stranger.io, &mut stranger.said) {
            return self.judge(stranger, heard, outside);
        }
        if self.is_full() {
            // It would be told so whatever it says.
            let why = self.refused(Refusal::Full);
            self.turn_away(stranger, why, Refusal::Full, outside);
            return Seen::Nothing;
        }
        if outside.strangers.len() >= MAX_STRANGERS
            && let Some(oldest) = outside.strangers.pop_front()
        {
            self.turn_away(oldest, HandshakeError::Late, Refusal::NoResources, outside);
        }
        outside.strangers.push_back(stranger);
        Seen::Nothing
    }

    fn is_full(&self) -> bool {
        let options = &self.shared.options;
        self.shared.clients.are_full(options.max_clients, options.unused)
    }

    fn judge(
        &self,
        stranger: Stranger,
        heard: Result<Greeted, HandshakeError>,
        outside: &mut Outside,
    ) -> Seen {
        match heard {
            Ok(greeted) => {
                let Stranger { io, address, .. } = stranger;
                Seen::Guest(Guest { io, address, greeted })
            }
            Err(error) => {
                self.turn_away(stranger, error, Refusal::Accepted, outside);
                Seen::Nothing
            }
        }
    }

    /// Turns one away who has not greeted, or not well. Our greeting tells it with whom it speaks.
    fn turn_away(
        &self,
        stranger: Stranger,
        why: HandshakeError,
        refusal: Refusal,
        outside: &mut Outside,
    ) {
        let full = refusal == Refusal::Accepted && self.is_full();
        let refusal = if full { Refusal::Full } else { refusal };
        // One that is gone already finds out by itself.
        let _gone = self.greet(&stranger.io, refusal);
        outside.push_refused(stranger.io);
        self.tell_refused(Some(stranger.address), why);
    }

    /// The server stops: those outside are told so.
    pub(super) fn send_strangers_away(&self, outside: &mut Outside) {
        while let Some(stranger) = outside.strangers.pop_front() {
            let why = self.refused(Refusal::Stopping);
            self.turn_away(stranger, why, Refusal::Stopping, outside);
        }
    }
}

fn has_ended(io: &Tcp) -> bool {
    let mut buf = Vec::with_capacity(512);
    match io.try_recv(&mut buf) {
        Ok(n) => n == 0,
        Err(error) => error.kind() != io::ErrorKind::WouldBlock,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_refused_newcomers_are_kept_and_of_one_more_the_oldest_goes() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = || {
            let newcomer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            (newcomer, Tcp::new(listener.accept().unwrap().0))
        };
        let mut outside = Outside::default();
        let newcomers: Vec<TcpStream> = (0..=MAX_REFUSED)
            .map(|n| {
                let (newcomer, io) = refused();
                assert_eq!(outside.refused.len(), n);
                outside.push_refused(io);
                newcomer
            })
            .collect();
        assert_eq!(outside.refused.len(), MAX_REFUSED);
        let first = outside.refused.front().unwrap().0.peer_address();
        assert_eq!(first, Some(newcomers[1].local_addr().unwrap()));
    }
}
